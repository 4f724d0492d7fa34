//! The signal that ends a stage at its next await. It is looked at whenever the stage has nothing to do, so looking costs
//! a load: the waker is registered once.

use std::{
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
};

#[derive(Debug, Clone, Default)]
pub(crate) struct Kill(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    killed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Kill {
    pub(crate) fn kill(&self) {
        self.0.killed.store(true, Ordering::SeqCst);
        let waker = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// Waits for the signal. One task waits at a time.
    pub(crate) fn killed(&self) -> impl Future<Output = ()> {
        let mut registered: Option<Waker> = None;
        poll_fn(move |cx| {
            if self.0.killed.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            if registered.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                registered = Some(cx.waker().clone());
                *self.0.waker.lock().unwrap_or_else(PoisonError::into_inner) = registered.clone();
                // The signal may have come between the look and the registration.
                if self.0.killed.load(Ordering::SeqCst) {
                    return Poll::Ready(());
                }
            }
            Poll::Pending
        })
    }
}
