//! Every event to everybody. Invariant: nobody gets an event before all can take it, so all that subscribed get the same
//! ones, in the same order, but for what their selectors refuse.

use std::{collections::VecDeque, fmt};

use super::{Deliveries, Dispatcher, Refused, Selector, SubscriptionId, Terms, front};

/// Sends every event to every subscription, at the pace of the slowest: a subscription that asks for nothing stops all.
///
/// With a selector a subscription gets what that says `true` to; what it refuses takes none of its demand. Start the
/// producer with [`accumulate`](super::super::ProducerBuilder::accumulate) where nobody may miss the first events.
///
/// ```
/// use std::collections::VecDeque;
///
/// use broadway::stage::{Broadcast, Deliveries, Dispatcher, SubscriptionId, Terms};
///
/// let (mut broadcast, all, even) = (Broadcast::new(), SubscriptionId::new(), SubscriptionId::new());
/// broadcast.subscribe(all, Terms::default())?;
/// broadcast.subscribe(even, Terms { selector: Some(Box::new(|n: &u64| n % 2 == 0)), ..Terms::default() })?;
/// broadcast.ask(all, 10);
/// broadcast.ask(even, 4);
/// assert_eq!(broadcast.demand(), 4);
/// let (mut events, mut out) = ((1..=4).collect::<VecDeque<u64>>(), Deliveries::default());
/// broadcast.dispatch(&mut events, &mut out);
/// assert_eq!(out.take(), [(all, vec![1, 2, 3, 4]), (even, vec![2, 4])]);
/// assert_eq!(broadcast.demand(), 2, "two were refused, and two are still wanted");
/// # Ok::<(), broadway::stage::Refused>(())
/// ```
pub struct Broadcast<T>(Vec<Subscriber<T>>);

struct Subscriber<T> {
    id: SubscriptionId,
    open: usize,
    selector: Option<Selector<T>>,
}

impl<T> Broadcast<T> {
    /// A dispatcher without subscriptions.
    pub fn new() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for Broadcast<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Broadcast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|subscriber| (subscriber.id, subscriber.open))).finish()
    }
}

impl<T: Clone + Send> Dispatcher<T> for Broadcast<T> {
    fn subscribe(&mut self, id: SubscriptionId, terms: Terms<T>) -> Result<(), Refused> {
        terms.only("broadcast", false, true)?;
        self.0.push(Subscriber { id, open: 0, selector: terms.selector });
        Ok(())
    }

    fn cancel(&mut self, id: SubscriptionId) {
        self.0.retain(|subscriber| subscriber.id != id);
    }

    fn ask(&mut self, id: SubscriptionId, demand: usize) {
        if let Some(subscriber) = self.0.iter_mut().find(|subscriber| subscriber.id == id) {
            subscriber.open = subscriber.open.saturating_add(demand);
        }
    }

    fn demand(&self) -> usize {
        self.0.iter().map(|subscriber| subscriber.open).min().unwrap_or(0)
    }

    fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
        // What selectors refuse takes no demand, so there may be more after a round.
        loop {
            let n = Dispatcher::<T>::demand(self).min(events.len());
            let Some((last, others)) = self.0.split_last_mut().filter(|_| n > 0) else { return };
            let events = front(events, n);
            for subscriber in others {
                let selected = events.iter().filter(|event| subscriber.wants(event)).cloned();
                subscriber.send(selected.collect(), out);
            }
            let wanted = events.into_iter().filter(|event| last.wants(event)).collect();
            last.send(wanted, out);
        }
    }
}

impl<T> Subscriber<T> {
    fn wants(&self, event: &T) -> bool {
        self.selector.as_ref().is_none_or(|wants| wants(event))
    }

    fn send(&mut self, events: Vec<T>, out: &mut Deliveries<T>) {
        self.open -= events.len();
        out.send(self.id, events);
    }
}
