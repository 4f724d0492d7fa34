//! Events to whoever has the most demand. Invariant: subscriptions are sorted by open demand, and those with the same are
//! in the order in which they came to it.

use std::collections::VecDeque;

use super::{Deliveries, Dispatcher, Refused, SubscriptionId, Terms, front};
use crate::backoff::Random;

/// Sends events to the subscription that has the most open demand, and what that cannot take to the next: the default.
///
/// It suits stages that are equally fast. With a large `max_demand` the first one gets all there is while the others have
/// nothing to do; [`Fair`](super::Fair) shares.
///
/// ```
/// use std::collections::VecDeque;
///
/// use broadway::stage::{Deliveries, Demand, Dispatcher, SubscriptionId, Terms};
///
/// let (mut demand, one, other) = (Demand::new(), SubscriptionId::new(), SubscriptionId::new());
/// for (id, asks) in [(one, 3), (other, 2)] {
///     Dispatcher::<char>::subscribe(&mut demand, id, Terms::default())?;
///     Dispatcher::<char>::ask(&mut demand, id, asks);
/// }
/// let (mut events, mut out) = (VecDeque::from(['a', 'b', 'c', 'd', 'e']), Deliveries::default());
/// demand.dispatch(&mut events, &mut out);
/// assert_eq!(out.take(), [(one, vec!['a', 'b', 'c']), (other, vec!['d', 'e'])]);
/// # Ok::<(), broadway::stage::Refused>(())
/// ```
#[derive(Debug, Default)]
pub struct Demand {
    /// Open demand, largest first.
    open: Vec<(usize, SubscriptionId)>,
    shuffle: bool,
}

impl Demand {
    /// A dispatcher without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the subscriptions in an order by chance before the first events are sent, so that of several stages that start
    /// with the same first subscription not all send their first events there.
    ///
    /// ```
    /// use std::collections::{BTreeSet, VecDeque};
    ///
    /// use broadway::stage::{Deliveries, Demand, Dispatcher, SubscriptionId, Terms};
    ///
    /// let consumers = [SubscriptionId::new(), SubscriptionId::new()];
    /// let mut served_first = BTreeSet::new();
    /// for _producer in 0..100 {
    ///     let mut demand = Demand::new().shuffle_on_first_dispatch();
    ///     for id in consumers {
    ///         Dispatcher::<u64>::subscribe(&mut demand, id, Terms::default())?;
    ///         Dispatcher::<u64>::ask(&mut demand, id, 10);
    ///     }
    ///     let mut out = Deliveries::default();
    ///     demand.dispatch(&mut VecDeque::from([7]), &mut out);
    ///     served_first.extend(out.take().iter().map(|(id, _)| *id));
    /// }
    /// assert_eq!(served_first, BTreeSet::from(consumers)); // without it, only the first of them
    /// # Ok::<(), broadway::stage::Refused>(())
    /// ```
    pub fn shuffle_on_first_dispatch(mut self) -> Self {
        self.shuffle = true;
        self
    }

    fn find(&self, id: SubscriptionId) -> Option<usize> {
        self.open.iter().position(|(_, other)| *other == id)
    }

    /// Moves one whose demand has grown up, behind those that have as much.
    fn rise(&mut self, at: usize) {
        let demand = self.open[at].0;
        let to = self.open[..at].partition_point(|(other, _)| *other >= demand);
        self.open[to..=at].rotate_right(1);
    }

    /// Moves the first, whose demand has shrunk, down, behind those that have as much.
    fn sink(&mut self) {
        let Some(((demand, _), others)) = self.open.split_first() else { return };
        let to = others.partition_point(|(other, _)| other >= demand);
        self.open[..=to].rotate_left(1);
    }
}

impl<T> Dispatcher<T> for Demand {
    fn subscribe(&mut self, id: SubscriptionId, terms: Terms<T>) -> Result<(), Refused> {
        terms.only("demand", false, false)?;
        self.open.push((0, id));
        Ok(())
    }

    fn cancel(&mut self, id: SubscriptionId) {
        self.open.retain(|(_, other)| *other != id);
    }

    fn ask(&mut self, id: SubscriptionId, demand: usize) {
        if let Some(at) = self.find(id) {
            self.open[at].0 = self.open[at].0.saturating_add(demand);
            self.rise(at);
        }
    }

    fn demand(&self) -> usize {
        self.open.iter().fold(0, |sum, (open, _)| sum.saturating_add(*open))
    }

    fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
        if self.shuffle && !events.is_empty() && !self.open.is_empty() {
            self.shuffle = false;
            let mut random = Random::new();
            for last in (1..self.open.len()).rev() {
                self.open.swap(last, random.below(last + 1));
            }
            // Whoever has no demand is no use in front.
            self.open.sort_by_key(|(open, _)| *open == 0);
        }
        while let Some(&(open, id)) = self.open.first()
            && open > 0
            && !events.is_empty()
        {
            let n = open.min(events.len());
            self.open[0].0 -= n;
            self.sink();
            out.send(id, front(events, n));
        }
    }
}
