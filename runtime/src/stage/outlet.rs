//! The end of a stage that gives: its dispatcher and its buffer, which the stage's own task alone touches, so nothing of
//! the user's runs under a lock. Invariant: what the dispatcher has demand for is not in the buffer; what was emitted is
//! sent, buffered, refused or discarded, and counted as that.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll},
};

use super::{
    Reason,
    buffer::Buffer,
    counts::Counters,
    dispatch::{Deliveries, Dispatcher, SubscriptionId},
    inbox::{Done, Inbox, Mail},
    port::{Call, Heard, Order, Port, Standing},
};

/// Told of events that were dropped.
pub(crate) type OnDiscard = Box<dyn FnMut(usize) + Send>;

pub(crate) struct Outlet<T> {
    port: Arc<Port<T>>,
    dispatcher: Box<dyn Dispatcher<T>>,
    subscribers: BTreeMap<SubscriptionId, Arc<Inbox<T>>>,
    had_subscribers: bool,
    buffer: Buffer<T>,
    counters: Arc<Counters>,
    on_discard: OnDiscard,
    heard: Heard<T>,
    out: Deliveries<T>,
    /// Events that came into the buffer so far, and that left its front.
    entered: u64,
    left: u64,
    /// Events that the dispatcher took so far.
    taken: u64,
    marks: VecDeque<Mark>,
    closed: bool,
}

/// What is done when the events before it are out.
struct Mark {
    /// Until so many have left the buffer.
    left: u64,
    /// And until the dispatcher holds none of those that it had taken by then.
    taken: Option<u64>,
    done: Done,
}

impl<T> Outlet<T> {
    pub(crate) fn new(
        port: Arc<Port<T>>,
        dispatcher: Box<dyn Dispatcher<T>>,
        buffer: Buffer<T>,
        counters: Arc<Counters>,
        on_discard: OnDiscard,
        standing: Standing,
    ) -> Self {
        Self {
            port,
            dispatcher,
            subscribers: BTreeMap::new(),
            had_subscribers: false,
            buffer,
            counters,
            on_discard,
            heard: Heard::new(standing),
            out: Deliveries::default(),
            entered: 0,
            left: 0,
            taken: 0,
            marks: VecDeque::new(),
            closed: false,
        }
    }

    /// Hears what was said to the port, and serves it; pending when nothing was.
    pub(crate) fn poll_calls(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.port.poll(cx, &mut self.heard).is_pending() {
            return Poll::Pending;
        }
        while let Some(call) = self.heard.calls.pop_front() {
            self.called(call);
        }
        for (id, demand) in self.heard.asks.drain(..) {
            // What was asked for before a subscription was cancelled is void.
            if self.subscribers.contains_key(&id) {
                self.dispatcher.ask(id, demand);
            }
        }
        self.dispatch();
        Poll::Ready(())
    }

    fn called(&mut self, call: Call<T>) {
        match call {
            Call::Join(mut join) => match self.dispatcher.subscribe(join.id, std::mem::take(&mut join.terms)) {
                Ok(()) => {
                    self.subscribers.insert(join.id, join.accept());
                    self.had_subscribers = true;
                }
                Err(refused) => join.refuse(refused),
            },
            Call::Leave(id, reason) => {
                self.dispatcher.cancel(id);
                if let Some(inbox) = self.subscribers.remove(&id) {
                    let _ = inbox.post(Mail::Left(id, reason));
                }
            }
            Call::Mark(done) => self.mark(done),
        }
    }

    /// Whether demand is not to be passed on.
    pub(crate) fn accumulates(&self) -> bool {
        self.heard.standing.accumulates
    }

    /// Demand that nothing in the buffer can serve.
    pub(crate) fn demand(&self) -> usize {
        self.dispatcher.demand().saturating_sub(self.buffer.events.len())
    }

    /// Nobody takes its events any more, though somebody did.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.had_subscribers && self.subscribers.is_empty()
    }

    /// Nobody takes its events, and nobody can come to do so.
    pub(crate) fn is_out_of_reach(&self) -> bool {
        self.heard.standing.unreachable && self.subscribers.is_empty()
    }

    /// Events that were emitted and not sent.
    pub(crate) fn waiting(&self) -> usize {
        self.buffer.events.len() + self.dispatcher.held()
    }

    /// Sends what there is demand for, and buffers the rest.
    pub(crate) fn emit(&mut self, events: Vec<T>) {
        self.entered += events.len() as u64;
        Counters::add(&self.counters.emitted, events.len());
        self.buffer.push(events);
        self.dispatch();
        let (from_front, from_back) = self.buffer.trim();
        // What is dropped from the back never came in.
        self.entered -= from_back as u64;
        if from_front + from_back > 0 {
            self.left += from_front as u64;
            self.discard(from_front + from_back);
            self.settle();
        }
    }

    /// Calls `done` when all that waits now has been sent or dropped.
    pub(crate) fn mark(&mut self, done: Done) {
        self.marks.push_back(Mark { left: self.entered, taken: None, done });
        self.settle();
    }

    fn dispatch(&mut self) {
        let before = self.buffer.events.len();
        self.dispatcher.dispatch(&mut self.buffer.events, &mut self.out);
        let taken = (before - self.buffer.events.len()) as u64;
        self.left += taken;
        self.taken += taken;
        let refused = self.out.take_refused();
        if refused > 0 {
            Counters::add(&self.counters.refused, refused);
        }
        let (mut sent, mut late) = (0, 0);
        for (id, events) in self.out.drain() {
            let n = events.len();
            let posted = self.subscribers.get(&id).map(|inbox| inbox.post(Mail::Events(id, events)));
            *if let Some(Ok(())) = posted { &mut sent } else { &mut late } += n;
        }
        Counters::add(&self.counters.sent, sent);
        if late > 0 {
            // The consumer has just ended: they share the fate of what it had in its inbox.
            self.discard(late);
        }
        self.settle();
    }

    /// Looks which marks are reached, and how much waits.
    fn settle(&mut self) {
        self.counters.buffered.store(self.waiting() as u64, Relaxed);
        while let Some(mark) = self.marks.front_mut() {
            if mark.left > self.left {
                return;
            }
            let taken = *mark.taken.get_or_insert(self.taken);
            if self.dispatcher.oldest_held().is_some_and(|oldest| oldest < taken) {
                return;
            }
            if let Some(mark) = self.marks.pop_front() {
                (mark.done)();
            }
        }
    }

    pub(crate) fn discard(&mut self, events: usize) {
        Counters::add(&self.counters.discarded, events);
        (self.on_discard)(events);
    }

    /// Whether it should end, and how.
    pub(crate) fn order(&self) -> &Order {
        &self.heard.standing.order
    }

    /// Ends all subscriptions. What nobody has asked for is discarded.
    pub(crate) fn close(&mut self, reason: &Reason) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        for call in self.port.close() {
            if let Call::Leave(id, reason) = call
                && let Some(inbox) = self.subscribers.remove(&id)
            {
                let _ = inbox.post(Mail::Left(id, reason));
            }
        }
        for (id, inbox) in std::mem::take(&mut self.subscribers) {
            let _ = inbox.post(Mail::Left(id, reason.clone()));
        }
        // The dispatcher may be what made the stage fail.
        let held = catch_unwind(AssertUnwindSafe(|| self.dispatcher.held())).unwrap_or(0);
        let waiting = self.buffer.events.len() + held;
        self.buffer.events.clear();
        self.marks.clear();
        self.counters.buffered.store(0, Relaxed);
        if waiting > 0 {
            self.discard(waiting);
        }
    }
}

/// A task that is dropped with its runtime leaves nobody waiting.
impl<T> Drop for Outlet<T> {
    fn drop(&mut self) {
        self.close(&Reason::Stopped);
    }
}
