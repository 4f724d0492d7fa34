//! What a test can kill: the stages and supervisors of a tree, by name, wherever they are. A kill that finds nobody, because
//! the stage has not begun or is being started again, waits for the next of that name.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::Kill;

/// The signals of all that was started, or will be, by name.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<BTreeMap<String, Kill>>);

impl Faults {
    /// One that is started, in the place of its predecessor.
    pub(crate) fn expose(&self, name: &str, kill: &Kill) {
        let mut kills = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kills.insert(name.to_owned(), kill.clone());
        if before.is_some_and(|before| before.is_unheard()) {
            kill.crash();
        }
    }

    /// Makes it crash at its next await, or as soon as it begins.
    pub(crate) fn crash(&self, name: &str) {
        let mut kills = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kill = kills.entry(name.to_owned()).or_default();
        if !kill.crash() {
            // It is about to end for another reason: its successor finds this one.
            *kill = Kill::default();
            kill.crash();
        }
    }
}
