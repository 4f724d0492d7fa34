//! Where a stage that takes events gets them: what its producers send, in the order in which they sent it. Invariant: it
//! holds no more events than its subscriptions have asked for, and what a producer sends in excess; nobody posts to one that
//! is closed.

use std::{
    collections::VecDeque,
    sync::PoisonError,
    task::{Context, Poll, Waker},
};

use super::{Reason, dispatch::SubscriptionId, inlet::Request};
use crate::sync::{Mutex, MutexGuard};

/// What is done when everything before it is done; dropped when it never will be.
pub(crate) type Done = Box<dyn FnOnce() + Send>;

pub(crate) enum Mail<T> {
    Events(SubscriptionId, Vec<T>),
    /// The producer knows this subscription no longer, and sends no more on it.
    Left(SubscriptionId, Reason),
    /// The producer never accepted it.
    Refused(SubscriptionId, Reason),
    Mark(Done),
}

pub(crate) struct Inbox<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    mail: VecDeque<Mail<T>>,
    /// What is asked of the stage: it overtakes the events.
    requests: VecDeque<Request<T>>,
    waker: Option<Waker>,
    closed: bool,
}

impl<T> Inbox<T> {
    pub(crate) fn new() -> Self {
        let (mail, requests) = (VecDeque::new(), VecDeque::new());
        Self { state: Mutex::new(State { mail, requests, waker: None, closed: false }) }
    }

    /// Posts, unless it is closed: then it gives the mail back.
    pub(crate) fn post(&self, mail: Mail<T>) -> Result<(), Mail<T>> {
        self.add(mail, |state| &mut state.mail)
    }

    /// Asks. Dropped where it is closed, which is an answer.
    pub(crate) fn request(&self, request: Request<T>) {
        drop(self.add(request, |state| &mut state.requests));
    }

    fn add<M>(&self, item: M, list: fn(&mut State<T>) -> &mut VecDeque<M>) -> Result<(), M> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        list(&mut state).push_back(item);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Takes all that has come. One task waits at a time.
    pub(crate) fn poll(
        &self,
        cx: &Context<'_>,
        mail: &mut VecDeque<Mail<T>>,
        requests: &mut VecDeque<Request<T>>,
    ) -> Poll<()> {
        let mut state = self.lock();
        if state.mail.is_empty() && state.requests.is_empty() {
            if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                state.waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        if mail.is_empty() {
            std::mem::swap(mail, &mut state.mail);
        } else {
            mail.append(&mut state.mail);
        }
        if !state.requests.is_empty() {
            requests.append(&mut state.requests);
        }
        Poll::Ready(())
    }

    /// Nobody reads it any more. Gives what is in it.
    pub(crate) fn close(&self) -> (VecDeque<Mail<T>>, VecDeque<Request<T>>) {
        let mut state = self.lock();
        state.closed = true;
        state.waker = None;
        (std::mem::take(&mut state.mail), std::mem::take(&mut state.requests))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
