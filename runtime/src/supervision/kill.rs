//! The signal that ends a stage, or a supervisor, at its next await. It is looked at whenever the stage has nothing to do,
//! so looking costs a load: the waker is registered once.

use std::{
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Poll, Waker},
};

use super::Ending;

#[derive(Debug, Clone, Default)]
pub(crate) struct Kill(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    signal: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

/// Its supervisor stops it: no crash.
const STOP: u8 = 1;
/// A test kills it: a crash like any other.
#[cfg(feature = "testing")]
const CRASH: u8 = 2;
/// It was killed by a test, and knows.
#[cfg(feature = "testing")]
const HEARD: u8 = 3;

impl Kill {
    pub(crate) fn kill(&self) {
        self.raise(STOP);
    }

    /// What a test does to it; false if its supervisor stops it already, or it knows.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(&self) -> bool {
        matches!(self.raise(CRASH), 0 | CRASH)
    }

    /// Whether a test has killed it, and it ended, if ever it began, without having looked.
    #[cfg(feature = "testing")]
    pub(crate) fn is_unheard(&self) -> bool {
        self.0.signal.load(Ordering::SeqCst) == CRASH
    }

    /// Returns the signal that was there: the first one counts.
    fn raise(&self, signal: u8) -> u8 {
        let (Ok(earlier) | Err(earlier)) =
            self.0.signal.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        let waker = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        waker.into_iter().for_each(Waker::wake);
        earlier
    }

    /// Waits for the signal, and says what it comes to. One task waits at a time.
    pub(crate) fn killed(&self) -> impl Future<Output = Ending> {
        let mut registered: Option<Waker> = None;
        poll_fn(move |cx| {
            if let Some(ending) = self.ending() {
                return Poll::Ready(ending);
            }
            if registered.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                registered = Some(cx.waker().clone());
                *self.0.waker.lock().unwrap_or_else(PoisonError::into_inner) = registered.clone();
                // The signal may have come between the look and the registration.
                if let Some(ending) = self.ending() {
                    return Poll::Ready(ending);
                }
            }
            Poll::Pending
        })
    }

    fn ending(&self) -> Option<Ending> {
        match self.0.signal.load(Ordering::SeqCst) {
            0 => None,
            #[cfg(feature = "testing")]
            CRASH | HEARD => {
                self.0.signal.store(HEARD, Ordering::SeqCst);
                Some(Err("killed by a test".to_owned()))
            }
            _ => Some(Ok(())),
        }
    }
}
