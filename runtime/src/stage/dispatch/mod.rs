//! Who gets which events. A dispatcher is a value: it is told who subscribes, asks and cancels, and says what to send to
//! whom. Invariant: it never sends a subscription more than that has asked for, and an event that it took it sends, holds,
//! or counts as refused.

mod broadcast;
mod deliveries;
mod demand;
mod fair;
mod partition;
mod refused;
mod subscription_id;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use broadcast::Broadcast;
pub use deliveries::Deliveries;
pub use demand::Demand;
pub use fair::Fair;
pub use partition::Partition;
pub use refused::Refused;
pub use subscription_id::SubscriptionId;
pub use terms::{Selector, Terms};

/// Decides who gets which events. Everything is synchronous: the stage calls it, and moves what it says.
///
/// The stage asks its producer for what [`demand`](Self::demand) says, one ask at a time, and calls
/// [`dispatch`](Self::dispatch) whenever there are events or somebody has asked. What `dispatch` leaves is in the stage's
/// buffer, and comes again first.
///
/// A panic ends the stage.
///
/// ```
/// use std::collections::VecDeque;
///
/// use broadway::stage::{Deliveries, Dispatcher, Refused, SubscriptionId, Terms};
///
/// /// Everything to whoever subscribed first.
/// #[derive(Default)]
/// struct First(VecDeque<(SubscriptionId, usize)>);
///
/// impl<T> Dispatcher<T> for First {
///     fn subscribe(&mut self, id: SubscriptionId, _: Terms<T>) -> Result<(), Refused> {
///         self.0.push_back((id, 0));
///         Ok(())
///     }
///
///     fn cancel(&mut self, id: SubscriptionId) {
///         self.0.retain(|(other, _)| *other != id);
///     }
///
///     fn ask(&mut self, id: SubscriptionId, demand: usize) {
///         self.0.iter_mut().filter(|(other, _)| *other == id).for_each(|(_, open)| *open += demand);
///     }
///
///     fn demand(&self) -> usize {
///         self.0.front().map_or(0, |(_, open)| *open)
///     }
///
///     fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
///         let Some((id, open)) = self.0.front_mut() else { return };
///         let n = events.len().min(*open);
///         *open -= n;
///         out.send(*id, events.drain(..n).collect());
///     }
/// }
///
/// let (mut first, one, other) = (First::default(), SubscriptionId::new(), SubscriptionId::new());
/// Dispatcher::<u64>::subscribe(&mut first, one, Terms::default())?;
/// Dispatcher::<u64>::subscribe(&mut first, other, Terms::default())?;
/// Dispatcher::<u64>::ask(&mut first, one, 2);
/// Dispatcher::<u64>::ask(&mut first, other, 2);
/// let (mut events, mut out) = (VecDeque::from([1, 2, 3]), Deliveries::default());
/// first.dispatch(&mut events, &mut out);
/// assert_eq!((out.take(), events), (vec![(one, vec![1, 2])], VecDeque::from([3])));
/// # Ok::<(), Refused>(())
/// ```
pub trait Dispatcher<T>: Send {
    /// A subscription that has asked for nothing yet.
    ///
    /// # Errors
    /// It is refused: whoever subscribes is told why, and the stage at the other end goes on.
    fn subscribe(&mut self, id: SubscriptionId, terms: Terms<T>) -> Result<(), Refused>;

    /// A subscription is no more, nor is what it has asked for and not got. Unknown ones are none of its business.
    fn cancel(&mut self, id: SubscriptionId);

    /// A subscription can take so many more. Unknown ones are none of its business.
    fn ask(&mut self, id: SubscriptionId, demand: usize);

    /// How many events it can take now, all in all.
    fn demand(&self) -> usize;

    /// Takes events from the front, as many as it can, and sends them. Called with no events when there is only demand.
    fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>);

    /// How many events it has taken and holds for later.
    ///
    /// [`Partition`] has an example.
    fn held(&self) -> usize {
        0
    }

    /// The place of the oldest event that it holds, in the order in which it took them, from 0.
    ///
    /// [`Partition`] has an example.
    fn oldest_held(&self) -> Option<u64> {
        None
    }
}

impl<T, D: Dispatcher<T> + ?Sized> Dispatcher<T> for Box<D> {
    fn subscribe(&mut self, id: SubscriptionId, terms: Terms<T>) -> Result<(), Refused> {
        (**self).subscribe(id, terms)
    }

    fn cancel(&mut self, id: SubscriptionId) {
        (**self).cancel(id);
    }

    fn ask(&mut self, id: SubscriptionId, demand: usize) {
        (**self).ask(id, demand);
    }

    fn demand(&self) -> usize {
        (**self).demand()
    }

    fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
        (**self).dispatch(events, out);
    }

    fn held(&self) -> usize {
        (**self).held()
    }

    fn oldest_held(&self) -> Option<u64> {
        (**self).oldest_held()
    }
}

/// The first `n` events as a list; all of them without moving one.
fn front<T>(events: &mut VecDeque<T>, n: usize) -> Vec<T> {
    if n == events.len() { std::mem::take(events).into() } else { events.drain(..n).collect() }
}
