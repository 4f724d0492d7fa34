//! The model checker's `sync`, with the names of the runtime's.

use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
};

pub(crate) use loom::sync::{Mutex, MutexGuard, RwLock, atomic::AtomicBool};

/// In a model all turns are one.
pub(crate) fn end_turn(_cx: &mut Context<'_>) {}

pub(crate) fn has_other_threads() -> bool {
    false
}

/// Made anew in each execution.
#[derive(Debug)]
pub(crate) struct Global<T: 'static>(loom::lazy_static::Lazy<T>);

impl<T> Global<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        Self(loom::lazy_static::Lazy { init: make, _p: std::marker::PhantomData })
    }

    pub(crate) fn get(&'static self) -> &'static T {
        self.0.get()
    }
}

/// What tokio's promises with one waiter: a notification is kept until somebody takes it. Tokio has checked its own.
#[derive(Debug)]
pub(crate) struct Notify(Mutex<(bool, Option<Waker>)>);

impl Notify {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((false, None)))
    }

    pub(crate) fn notify_one(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        let waiter = state.1.take();
        drop(state);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    pub(crate) fn notified(&self) -> impl Future<Output = ()> {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if std::mem::take(&mut state.0) {
                return Poll::Ready(());
            }
            state.1 = Some(cx.waker().clone());
            Poll::Pending
        })
    }
}
