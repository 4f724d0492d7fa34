//! The end of a stage that takes: its subscriptions with their demand. Invariant: a subscription never asks for more than it
//! can hold of its `max_demand`; what was sent on it is handled before its end is seen.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    Cancel, Reason, SubscribeError, Subscription, To,
    dispatch::SubscriptionId,
    inbox::{Done, Inbox, Mail},
    port::{Call, Join},
};

/// Somebody wants this stage to subscribe.
pub(crate) struct Request<T> {
    pub(crate) to: To<T>,
    /// The subscription that it takes the place of, and why that is cancelled.
    pub(crate) replaces: Option<(SubscriptionId, Reason)>,
    pub(crate) answer: Box<dyn FnOnce(Result<Subscription, SubscribeError>) + Send>,
}

pub(crate) struct Inlet<T> {
    pub(crate) inbox: Arc<Inbox<T>>,
    mail: VecDeque<Mail<T>>,
    requests: VecDeque<Request<T>>,
    /// The chunks of a list that was too long, from the last to the next one.
    cut: Vec<(SubscriptionId, Vec<T>)>,
    active: Vec<Active>,
}

struct Active {
    subscription: Subscription,
    cancel: Cancel,
    /// What is asked for and not handled; none where the consumer asks itself.
    open: Option<usize>,
}

/// What comes next.
pub(crate) enum Happening<T> {
    /// Of a subscription that has not ended.
    Events(SubscriptionId, Vec<T>),
    /// A subscription was asked for: [`Inlet::join`].
    Request(Box<Request<T>>),
    /// A subscription has ended.
    Left(Subscription, Cancel, Reason),
    /// The producer has not accepted a subscription.
    Refused(Subscription, Reason),
    Mark(Done),
}

impl<T> Inlet<T> {
    pub(crate) fn new(inbox: Arc<Inbox<T>>) -> Self {
        Self { inbox, mail: VecDeque::new(), requests: VecDeque::new(), cut: Vec::new(), active: Vec::new() }
    }

    /// What comes next; events, and what comes after them, only while `hungry`.
    pub(crate) fn poll(&mut self, cx: &Context<'_>, hungry: bool) -> Poll<Happening<T>> {
        loop {
            if let Some(request) = self.requests.pop_front() {
                return Poll::Ready(Happening::Request(Box::new(request)));
            }
            if hungry && let Some(happening) = self.next() {
                return Poll::Ready(happening);
            }
            if !hungry && self.cut.is_empty() && !matches!(self.mail.front(), None | Some(Mail::Events(..))) {
                // What is not behind events does not wait for demand.
                match self.next() {
                    Some(happening) => return Poll::Ready(happening),
                    None => continue,
                }
            }
            if self.inbox.poll(cx, &mut self.mail, &mut self.requests).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn next(&mut self) -> Option<Happening<T>> {
        if let Some((id, chunk)) = self.cut.pop() {
            return Some(Happening::Events(id, chunk));
        }
        while let Some(mail) = self.mail.pop_front() {
            match mail {
                Mail::Events(id, mut events) => {
                    // It is here until its end was seen, which comes after its events.
                    let Some(active) = self.active.iter().find(|active| active.subscription.id() == id) else {
                        continue;
                    };
                    if active.open.is_some() {
                        let chunk = active.subscription.max_demand() - active.subscription.min_demand();
                        // From the end, so that no event is moved twice.
                        while events.len() > chunk {
                            let rest = events.split_off((events.len() - 1) / chunk * chunk);
                            self.cut.push((id, rest));
                        }
                    }
                    return Some(Happening::Events(id, events));
                }
                Mail::Left(id, reason) => {
                    if let Some(Active { subscription, cancel, .. }) = self.forget(id) {
                        return Some(Happening::Left(subscription, cancel, reason));
                    }
                }
                Mail::Refused(id, reason) => {
                    if let Some(Active { subscription, .. }) = self.forget(id) {
                        return Some(Happening::Refused(subscription, reason));
                    }
                }
                Mail::Mark(done) => return Some(Happening::Mark(done)),
            }
        }
        None
    }

    /// Asks for all that the subscription may hold, and from now on by itself.
    pub(crate) fn ask_automatically(&mut self, subscription: &Subscription) {
        if let Some(active) = self.active(subscription.id())
            && active.open.is_none()
        {
            active.open = Some(subscription.max_demand());
            subscription.ask(subscription.max_demand());
        }
    }

    /// The consumer asks itself.
    pub(crate) fn ask_manually(&mut self, subscription: &Subscription) {
        if let Some(active) = self.active(subscription.id()) {
            active.open = None;
        }
    }

    /// So many of its events were handled.
    pub(crate) fn handled(&mut self, id: SubscriptionId, events: usize) {
        let Some(Active { open: Some(open), subscription, .. }) = self.active(id) else { return };
        // What a producer sent in excess was not asked for.
        *open = open.saturating_sub(events);
        if *open <= subscription.min_demand() {
            let ask = subscription.max_demand() - *open;
            *open = subscription.max_demand();
            subscription.ask(ask);
        }
    }

    /// One that has not ended.
    pub(crate) fn subscription(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.active.iter().map(|active| &active.subscription).find(|subscription| subscription.id() == id)
    }

    /// All subscriptions that have not ended.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        self.active.iter().map(|active| active.subscription.clone()).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty() && self.mail.is_empty() && self.cut.is_empty()
    }

    pub(crate) fn has_subscriptions(&self) -> bool {
        !self.active.is_empty()
    }

    /// Cancels all subscriptions: they end when what was sent on them is handled, and nothing else comes of it.
    pub(crate) fn leave_all(&mut self, reason: &Reason) {
        for active in &mut self.active {
            active.cancel = Cancel::Temporary;
            active.subscription.cancel(reason.clone());
        }
    }

    /// Ends everything, and says how many events were not handled.
    pub(crate) fn close(&mut self, reason: &Reason) -> usize {
        self.end(reason).len()
    }

    /// Ends everything, and gives the events that were not handled.
    pub(crate) fn end(&mut self, reason: &Reason) -> Vec<T> {
        let (mail, requests) = self.inbox.close();
        let mut unread: Vec<T> = self.cut.drain(..).rev().flat_map(|(_, chunk)| chunk).collect();
        for mail in self.mail.drain(..).chain(mail) {
            if let Mail::Events(_, events) = mail {
                unread.extend(events);
            }
        }
        for request in self.requests.drain(..).chain(requests) {
            (request.answer)(Err(SubscribeError::ConsumerEnded));
        }
        for active in self.active.drain(..) {
            active.subscription.cancel(reason.clone());
        }
        unread
    }

    fn active(&mut self, id: SubscriptionId) -> Option<&mut Active> {
        self.active.iter_mut().find(|active| active.subscription.id() == id)
    }

    fn forget(&mut self, id: SubscriptionId) -> Option<Active> {
        let at = self.active.iter().position(|active| active.subscription.id() == id)?;
        Some(self.active.remove(at))
    }
}

impl<T: Send + 'static> Inlet<T> {
    /// Subscribes, and gives the subscription that was made. The request is answered by the producer.
    pub(crate) fn join(&mut self, request: Request<T>) -> Option<Subscription> {
        let Request { to, replaces, answer } = request;
        let window = match to.window() {
            Ok(window) => window,
            Err(error) => {
                answer(Err(error));
                return None;
            }
        };
        if let Some((old, reason)) = replaces
            && let Some(active) = self.active.iter_mut().find(|active| active.subscription.id() == old)
        {
            active.cancel = Cancel::Temporary;
            active.subscription.cancel(reason);
        }
        let To { port, producer, cancel, terms, .. } = to;
        let id = SubscriptionId::new();
        let subscription = Subscription::new(id, producer.clone(), window, port.clone());
        self.active.push(Active { subscription: subscription.clone(), cancel, open: None });
        let accepted = subscription.clone();
        let refused = move |refused: Option<_>| match refused {
            Some(refused) => SubscribeError::Refused { producer: producer.to_string(), refused },
            None => SubscribeError::ProducerEnded { producer: producer.to_string() },
        };
        let answer = Box::new(|said: Result<_, _>| answer(said.map(|()| accepted).map_err(refused)));
        // Where the port is closed, it comes back, and its drop is the answer.
        drop(port.call(Call::Join(Join::new(id, terms, self.inbox.clone(), answer))));
        Some(subscription)
    }
}

/// A task, or a stream, that is dropped leaves no subscription behind.
impl<T> Drop for Inlet<T> {
    fn drop(&mut self) {
        self.close(&Reason::Stopped);
    }
}
