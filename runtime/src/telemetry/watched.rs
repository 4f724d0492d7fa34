//! The observer of a pipeline, kept away from what it could harm: it is called here alone, and its first panic is its last.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{Observer, events};
use crate::failure::panic_text;

pub(crate) struct Watched {
    observer: Box<dyn Observer>,
    wants_messages: bool,
    panics: AtomicU64,
}

impl Watched {
    pub(crate) fn new(observer: Box<dyn Observer>) -> Self {
        let mut watched = Self { observer, wants_messages: false, panics: AtomicU64::new(0) };
        let mut wants_messages = false;
        watched.tell(|observer| wants_messages = observer.wants_messages());
        watched.wants_messages = wants_messages;
        watched
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Relaxed)
    }

    pub(crate) fn is_attached(&self) -> bool {
        self.panics() == 0
    }

    pub(crate) fn wants_messages(&self) -> bool {
        self.wants_messages && self.is_attached()
    }

    pub(crate) fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        if !self.is_attached() {
            return;
        }
        let told = std::panic::catch_unwind(AssertUnwindSafe(|| what(&*self.observer)));
        if let Err(panic) = told {
            self.panics.fetch_add(1, Relaxed);
            events::observer_panicked(&panic_text(&*panic));
        }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("panics", &self.panics).finish_non_exhaustive()
    }
}
