//! What a test can kill: the stages and supervisors of a tree, by name, wherever they are.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::Kill;

/// The signals of all that was started, by name.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<BTreeMap<String, Kill>>);

impl Faults {
    /// One that was started, in the place of its predecessor.
    pub(crate) fn expose(&self, name: &str, kill: &Kill) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), kill.clone());
    }

    /// Makes it crash at its next await; false if nothing of that name was started.
    pub(crate) fn crash(&self, name: &str) -> bool {
        let kill = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        kill.inspect(Kill::crash).is_some()
    }
}
