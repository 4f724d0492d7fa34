//! What the edge, the release lane and the stage layer lock and wait with. Invariant: they lock and wait with nothing else,
//! because `tests/models` compiles their files with a `sync` of the model checker's.

use std::{future::Future, pin::pin, sync::LazyLock, task::Context};

pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, atomic::AtomicBool};

use tokio::{
    runtime::Handle,
    task::coop::{consume_budget, has_budget_remaining},
};

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

/// Tokio's budget for a turn.
const BUDGET: u32 = 128;

/// Ends the turn of the thread that runs this task, so that the one that it woke last runs next, on this thread. Otherwise
/// tokio runs it within this turn and, after three of the kind, wakes another thread for the fourth, to which all that they
/// work on then has to travel.
pub(crate) fn end_turn(cx: &mut Context<'_>) {
    for _ in 0..BUDGET {
        if !has_budget_remaining() || pin!(consume_budget()).poll(cx).is_pending() {
            return;
        }
    }
}

/// Whether the runtime that this is called in could run tasks on more than one thread.
pub(crate) fn has_other_threads() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.metrics().num_workers() > 1)
}
