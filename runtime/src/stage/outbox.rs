//! Where a producer puts what it received. In a pipeline each message gets its ticket as it is put, so that from that
//! moment on it is settled or released, whatever becomes of the ask. A stage settles nothing: there only its data are kept.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use super::Incoming;
use crate::{acknowledger::AckRef, envelope::Envelope, failure::Failure, pipeline::Shared, ticket::Ticket};

/// A message that was emitted and not yet pushed to the processors.
#[derive(Debug)]
pub(crate) struct Emitted<T> {
    pub(crate) data: T,
    pub(crate) ticket: Ticket,
    pub(crate) envelope: Option<Box<Envelope>>,
}

/// Where [`handle_demand`](super::Producer::handle_demand) puts messages.
///
/// [`Incoming`] has an example.
pub struct Outbox<T> {
    /// None in a stage.
    tickets: Option<Tickets>,
    emitted: Vec<Emitted<T>>,
    /// What was emitted without tickets.
    events: Vec<T>,
    rejected: Vec<Rejected>,
}

/// Makes the tickets of a producer's messages.
#[derive(Clone)]
struct Tickets {
    shared: Arc<Shared>,
    ack_ref: AckRef,
    sequence: u64,
}

/// A message that has no data because its transformer failed.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) ticket: Ticket,
    pub(crate) failure: Box<Failure>,
}

impl<T> Outbox<T> {
    /// A pipeline's.
    pub(crate) fn new(shared: Arc<Shared>, ack_ref: AckRef) -> Self {
        Self::with(Some(Tickets { shared, ack_ref, sequence: 0 }))
    }

    /// A stage's.
    pub(crate) fn without_tickets() -> Self {
        Self::with(None)
    }

    fn with(tickets: Option<Tickets>) -> Self {
        Self { tickets, emitted: Vec::new(), events: Vec::new(), rejected: Vec::new() }
    }

    /// Emits a message: from here on it is settled or released.
    pub fn push(&mut self, incoming: Incoming<T>) {
        self.extend([incoming]);
    }

    /// How many messages are in it.
    pub fn len(&self) -> usize {
        self.emitted.len() + self.events.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the producer stage settles as failed.
    pub(crate) fn rejected(&mut self) -> &mut Vec<Rejected> {
        &mut self.rejected
    }

    pub(crate) fn emitted(&mut self) -> &mut Vec<Emitted<T>> {
        &mut self.emitted
    }

    pub(crate) fn events(&mut self) -> &mut Vec<T> {
        &mut self.events
    }

    /// An empty outbox of other data, whose tickets are of the same kind.
    pub(crate) fn sibling<U>(&self) -> Outbox<U> {
        Outbox::with(self.tickets.clone())
    }

    /// Goes on where a sibling is, so that no two messages share an identity.
    pub(crate) fn follow<U>(&mut self, sibling: &Outbox<U>) {
        let own = self.tickets.as_ref().map_or(0, |tickets| tickets.sequence);
        self.tickets.clone_from(&sibling.tickets);
        if let Some(tickets) = &mut self.tickets {
            tickets.sequence = tickets.sequence.max(own);
        }
    }
}

/// What was not pushed (the ask panicked, or was cut at a deadline) was emitted all the same, and is released.
impl<T> Drop for Outbox<T> {
    fn drop(&mut self) {
        let Some(Tickets { shared, .. }) = &self.tickets else { return };
        // Several stages may be cut at once: the lane's counter has more than one writer.
        let left = self.emitted.len() + self.rejected.len();
        shared.counters.lane.emitted.fetch_add(left as u64, Ordering::Relaxed);
    }
}

impl<T> Extend<Incoming<T>> for Outbox<T> {
    fn extend<I: IntoIterator<Item = Incoming<T>>>(&mut self, incoming: I) {
        // An iterator that knows its length lets each message be written to its place at once.
        let incoming = incoming.into_iter();
        let Some(Tickets { shared, ack_ref, sequence }) = &mut self.tickets else {
            self.events.extend(incoming.map(Incoming::into_data));
            return;
        };
        self.emitted.extend(incoming.map(|Incoming { data, ack_data, ack_ref: own, envelope }| {
            *sequence += 1;
            let ticket = Ticket::new(&shared.lane, own.unwrap_or(*ack_ref), *sequence, ack_data);
            Emitted { data, ticket, envelope }
        }));
    }
}

impl<T> fmt::Debug for Outbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("len", &self.len()).finish_non_exhaustive()
    }
}
