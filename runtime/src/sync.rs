//! What the edge and the release lane lock and wait with. Invariant: they lock and wait with nothing else, because
//! `tests/models` compiles their files with a `sync` of the model checker's.

use std::sync::LazyLock;

pub(crate) use std::sync::{Mutex, MutexGuard, RwLock};

pub(crate) use tokio::sync::Notify;

/// A value of the whole process, made at its first use.
#[derive(Debug)]
pub(crate) struct Global<T: 'static>(LazyLock<T>);

impl<T> Global<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        Self(LazyLock::new(make))
    }

    pub(crate) fn get(&'static self) -> &'static T {
        &self.0
    }
}
