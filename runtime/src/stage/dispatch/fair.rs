//! Work is shared: an event goes to whoever has the least to do. Invariant: while two subscriptions have demand, neither is
//! given an event as long as it has more in hand than the other.

use std::collections::VecDeque;

use super::{Deliveries, Dispatcher, Refused, SubscriptionId, Terms, front};

/// Sends events to the subscription that has the least in hand, so that nobody hoards while another is idle.
///
/// In hand is what a subscription was sent and has not asked for again. With the usual `min_demand` of half of
/// `max_demand` a stage asks again after every half; the smaller the window, the finer the sharing.
///
/// ```
/// use std::collections::VecDeque;
///
/// use broadway::stage::{Deliveries, Dispatcher, Fair, SubscriptionId, Terms};
///
/// let (mut fair, one, other) = (Fair::new(), SubscriptionId::new(), SubscriptionId::new());
/// for id in [one, other] {
///     Dispatcher::<u64>::subscribe(&mut fair, id, Terms::default())?;
///     Dispatcher::<u64>::ask(&mut fair, id, 10);
/// }
/// let (mut events, mut out) = ((0..6).collect::<VecDeque<u64>>(), Deliveries::default());
/// fair.dispatch(&mut events, &mut out);
/// assert_eq!(out.take(), [(one, vec![0, 1, 2]), (other, vec![3, 4, 5])]);
/// # Ok::<(), broadway::stage::Refused>(())
/// ```
#[derive(Debug, Default)]
pub struct Fair(Vec<Subscriber>);

#[derive(Debug)]
struct Subscriber {
    id: SubscriptionId,
    open: usize,
    /// The most that was open at once: all that it can have in hand.
    window: usize,
    /// What this dispatch gives it.
    share: usize,
}

impl Subscriber {
    fn in_hand(&self) -> usize {
        self.window - self.open
    }
}

impl Fair {
    /// A dispatcher without subscriptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Deals `n` events out, those with the least in hand first, as many at once as keep them level.
    fn deal(&mut self, mut n: usize) {
        while n > 0 {
            let able = || self.0.iter().filter(|subscriber| subscriber.open > 0);
            let Some(least) = able().map(Subscriber::in_hand).min() else { return };
            let level = able().filter(|subscriber| subscriber.in_hand() == least);
            let (count, room) = level.fold((0, usize::MAX), |(count, room), next| (count + 1, room.min(next.open)));
            let next = able().map(Subscriber::in_hand).filter(|in_hand| *in_hand > least).min();
            let step = next.map_or(usize::MAX, |next| next - least).min(room).min((n / count).max(1));
            for subscriber in &mut self.0 {
                if n >= step && subscriber.open >= step && subscriber.in_hand() == least {
                    subscriber.open -= step;
                    subscriber.share += step;
                    n -= step;
                }
            }
        }
    }
}

impl<T> Dispatcher<T> for Fair {
    fn subscribe(&mut self, id: SubscriptionId, terms: Terms<T>) -> Result<(), Refused> {
        terms.only("fair", false, false)?;
        self.0.push(Subscriber { id, open: 0, window: 0, share: 0 });
        Ok(())
    }

    fn cancel(&mut self, id: SubscriptionId) {
        self.0.retain(|subscriber| subscriber.id != id);
    }

    fn ask(&mut self, id: SubscriptionId, demand: usize) {
        if let Some(subscriber) = self.0.iter_mut().find(|subscriber| subscriber.id == id) {
            subscriber.open = subscriber.open.saturating_add(demand);
            subscriber.window = subscriber.window.max(subscriber.open);
        }
    }

    fn demand(&self) -> usize {
        self.0.iter().fold(0, |sum, subscriber| sum.saturating_add(subscriber.open))
    }

    fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
        self.deal(events.len());
        for subscriber in &mut self.0 {
            out.send(subscriber.id, front(events, std::mem::take(&mut subscriber.share)));
        }
        // Whoever was served first is last next time, where all else is equal.
        if !self.0.is_empty() {
            self.0.rotate_left(1);
        }
    }
}
