//! Where a stage is spoken to: by those who take its events, and by who holds its handle. Invariant: what is asked for waits
//! as one number for each subscription, so what waits here is bounded by those who wait for an answer; a call to a port that
//! is closed comes back.

use std::{
    collections::VecDeque,
    sync::{
        Arc, PoisonError,
        atomic::Ordering::{Acquire, Relaxed, Release},
    },
    task::{Context, Poll, Waker},
};

use super::{
    Reason,
    dispatch::{Refused, SubscriptionId, Terms},
    inbox::{Done, Inbox, Mail},
};
use crate::sync::{AtomicBool, Mutex, MutexGuard};

/// Told whether a subscription was accepted; refused for no reason if the stage has ended.
pub(crate) type Answer = Box<dyn FnOnce(Result<(), Option<Refused>>) + Send>;

/// Somebody subscribes. Where it is dropped, the stage has ended before it accepted or refused, and both are told so: who
/// waits for an answer, and the consumer.
pub(crate) struct Join<T> {
    pub(crate) id: SubscriptionId,
    pub(crate) terms: Terms<T>,
    inbox: Arc<Inbox<T>>,
    answer: Option<Answer>,
}

impl<T> Join<T> {
    pub(crate) fn new(id: SubscriptionId, terms: Terms<T>, inbox: Arc<Inbox<T>>, answer: Answer) -> Self {
        Self { id, terms, inbox, answer: Some(answer) }
    }

    /// Gives where its events are sent.
    pub(crate) fn accept(mut self) -> Arc<Inbox<T>> {
        self.answer(Ok(()));
        self.inbox.clone()
    }

    pub(crate) fn refuse(mut self, refused: Refused) {
        let reason = Reason::failed(refused.to_string());
        drop(self.inbox.post(Mail::Refused(self.id, reason)));
        self.answer(Err(Some(refused)));
    }

    fn answer(&mut self, said: Result<(), Option<Refused>>) {
        self.answer.take().into_iter().for_each(|answer| answer(said.clone()));
    }
}

impl<T> Drop for Join<T> {
    fn drop(&mut self) {
        if self.answer.is_some() {
            drop(self.inbox.post(Mail::Left(self.id, Reason::NotRunning)));
            self.answer(Err(None));
        }
    }
}

pub(crate) enum Call<T> {
    Join(Join<T>),
    Leave(SubscriptionId, Reason),
    Mark(Done),
}

/// What a stage should do. A later one that asks for less is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Order {
    #[default]
    Run,
    /// Take no more, give out what there is, and end.
    Drain,
    /// End at the next opportunity.
    End(Reason),
}

pub(crate) struct Port<T> {
    /// Something was said that the stage has not heard: changed under the lock, so that it can be read without.
    said: AtomicBool,
    state: Mutex<State<T>>,
}

struct State<T> {
    calls: VecDeque<Call<T>>,
    asks: Vec<(SubscriptionId, usize)>,
    standing: Standing,
    changed: bool,
    waker: Option<Waker>,
    closed: bool,
}

/// What holds until it is changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) order: Order,
    /// Demand is not passed on.
    pub(crate) accumulates: bool,
    /// Nobody has a handle to it any more.
    pub(crate) unreachable: bool,
}

/// What the stage has heard.
pub(crate) struct Heard<T> {
    pub(crate) calls: VecDeque<Call<T>>,
    pub(crate) asks: Vec<(SubscriptionId, usize)>,
    pub(crate) standing: Standing,
    /// The stage's own waker, and whether the port has it, to wake the stage when something is said.
    waker: Waker,
    waits: bool,
}

impl<T> Heard<T> {
    pub(crate) fn new(standing: Standing) -> Self {
        Self { calls: VecDeque::new(), asks: Vec::new(), standing, waker: Waker::noop().clone(), waits: false }
    }
}

impl<T> Port<T> {
    pub(crate) fn new(standing: Standing) -> Self {
        let (calls, asks) = (VecDeque::new(), Vec::new());
        let state = Mutex::new(State { calls, asks, standing, changed: false, waker: None, closed: false });
        Self { said: AtomicBool::new(false), state }
    }

    /// Calls, unless the port is closed: then the call comes back.
    pub(crate) fn call(&self, call: Call<T>) -> Result<(), Call<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(call);
        }
        state.calls.push_back(call);
        self.wake(state);
        Ok(())
    }

    /// Asks for so many more events.
    pub(crate) fn ask(&self, id: SubscriptionId, demand: usize) {
        let mut state = self.lock();
        if demand == 0 || state.closed {
            return;
        }
        match state.asks.iter_mut().find(|(other, _)| *other == id) {
            Some((_, asked)) => *asked = asked.saturating_add(demand),
            None => state.asks.push((id, demand)),
        }
        self.wake(state);
    }

    /// Changes what holds.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Standing)) {
        let mut state = self.lock();
        change(&mut state.standing);
        state.changed = true;
        self.wake(state);
    }

    /// Orders an end, unless one was ordered already; a drain can still be cut short.
    pub(crate) fn order(&self, order: Order) {
        self.change(|standing| {
            if matches!((&standing.order, &order), (Order::Run, _) | (Order::Drain, Order::End(_))) {
                standing.order = order;
            }
        });
    }

    pub(crate) fn accumulates(&self) -> bool {
        self.lock().standing.accumulates
    }

    /// Hears what was said. One task waits at a time. While nothing is said, it takes the lock once.
    pub(crate) fn poll(&self, cx: &Context<'_>, heard: &mut Heard<T>) -> Poll<()> {
        if heard.waits && heard.waker.will_wake(cx.waker()) && !self.said.load(Acquire) {
            return Poll::Pending;
        }
        let mut state = self.lock();
        if !self.said.load(Relaxed) {
            state.waker = Some(cx.waker().clone());
            heard.waker.clone_from(cx.waker());
            heard.waits = true;
            return Poll::Pending;
        }
        self.said.store(false, Relaxed);
        heard.waits = false;
        if !state.calls.is_empty() {
            heard.calls.append(&mut state.calls);
        }
        heard.asks.append(&mut state.asks);
        if std::mem::take(&mut state.changed) {
            heard.standing.clone_from(&state.standing);
        }
        Poll::Ready(())
    }

    /// Nobody listens any more. Gives what was said and not heard.
    pub(crate) fn close(&self) -> VecDeque<Call<T>> {
        let mut state = self.lock();
        state.closed = true;
        state.waker = None;
        state.asks.clear();
        std::mem::take(&mut state.calls)
    }

    fn wake(&self, mut state: MutexGuard<'_, State<T>>) {
        self.said.store(true, Release);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
