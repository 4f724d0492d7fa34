//! Who gets which events. A dispatcher is a value: it is told who subscribes, asks and cancels, and says what to send to
//! whom. Invariant: it never sends a subscription more than that has asked for, and an event that it took it sends, holds,
//! or counts as refused.

mod broadcast;
mod demand;
mod fair;
mod partition;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

pub use broadcast::Broadcast;
pub use demand::Demand;
pub use fair::Fair;
pub use partition::Partition;

/// Which subscription it is: no two of a process are the same.
///
/// [`Dispatcher`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

static NEXT: AtomicU64 = AtomicU64::new(1);

impl SubscriptionId {
    /// The id of another subscription than any before.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a subscription says to the dispatcher of its producer. One that does not know what it says refuses it.
///
/// ```
/// use broadway::stage::{Demand, Dispatcher, Partition, SubscriptionId, Terms};
///
/// let of_europe = || Terms { partition: Some("eu".into()), ..Terms::default() };
/// let mut partition = Partition::new(["eu", "us"], |order: &(&'static str, u64)| Some(order.0));
/// partition.subscribe(SubscriptionId::new(), of_europe())?;
/// let refused = Dispatcher::<(&str, u64)>::subscribe(&mut Demand::new(), SubscriptionId::new(), of_europe());
/// let why = "the `demand` dispatcher has no partitions, leave `partition` out";
/// assert_eq!(refused.unwrap_err().to_string(), why);
/// # Ok::<(), broadway::stage::Refused>(())
/// ```
pub struct Terms<T> {
    /// The partition that it takes.
    pub partition: Option<String>,
    /// Which events it wants.
    pub selector: Option<Selector<T>>,
}

/// Says of an event whether a subscription wants it.
///
/// ```
/// use broadway::stage::{Selector, Terms};
///
/// fn above(limit: i32) -> Selector<i32> {
///     Box::new(move |degrees| *degrees > limit)
/// }
///
/// let terms = Terms { selector: Some(above(80)), ..Terms::default() };
/// let wants = terms.selector.as_ref().unwrap();
/// assert_eq!([19, 84, 80].map(|degrees| wants(&degrees)), [false, true, false]);
/// ```
pub type Selector<T> = Box<dyn Fn(&T) -> bool + Send>;

impl<T> Default for Terms<T> {
    fn default() -> Self {
        Self { partition: None, selector: None }
    }
}

impl<T> fmt::Debug for Terms<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let selector = self.selector.as_ref().map(|_| "..");
        f.debug_struct("Terms").field("partition", &self.partition).field("selector", &selector).finish()
    }
}

impl<T> Terms<T> {
    /// Refuses what a dispatcher of that name does not know.
    fn only(&self, dispatcher: &str, partition: bool, selector: bool) -> Result<(), Refused> {
        if self.partition.is_some() && !partition {
            return Err(Refused::new(format!(
                "the `{dispatcher}` dispatcher has no partitions, leave `partition` out"
            )));
        }
        if self.selector.is_some() && !selector {
            return Err(Refused::new(format!(
                "the `{dispatcher}` dispatcher does not select, leave `selector` out or use `Broadcast`"
            )));
        }
        Ok(())
    }
}

/// Why a dispatcher does not accept a subscription.
///
/// [`Partition`] has an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(String);

impl Refused {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What a dispatcher sends.
///
/// [`Dispatcher`] has an example.
#[derive(Debug)]
pub struct Deliveries<T> {
    sent: Vec<(SubscriptionId, Vec<T>)>,
    refused: usize,
}

impl<T> Default for Deliveries<T> {
    fn default() -> Self {
        Self { sent: Vec::new(), refused: 0 }
    }
}

impl<T> Deliveries<T> {
    /// Sends a subscription events, in this order, as one list. No events, no list.
    pub fn send(&mut self, to: SubscriptionId, events: Vec<T>) {
        if !events.is_empty() {
            self.sent.push((to, events));
        }
    }

    /// Counts events that nobody gets: they are in the stage's `refused`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use std::collections::VecDeque;
    ///
    /// use broadway::stage::{self, Deliveries, Dispatcher, Refused, SubscriptionId, Terms, from_iter, to};
    /// use futures::TryStreamExt;
    ///
    /// /// For one display: of what has come, it shows the newest.
    /// #[derive(Default)]
    /// struct Newest(Option<(SubscriptionId, usize)>);
    ///
    /// impl<T> Dispatcher<T> for Newest {
    ///     fn subscribe(&mut self, id: SubscriptionId, _: Terms<T>) -> Result<(), Refused> {
    ///         match self.0 {
    ///             Some(_) => Err(Refused::new("there is a display already")),
    ///             None => Ok(self.0 = Some((id, 0))),
    ///         }
    ///     }
    ///
    ///     fn cancel(&mut self, id: SubscriptionId) {
    ///         self.0.take_if(|(display, _)| *display == id);
    ///     }
    ///
    ///     fn ask(&mut self, id: SubscriptionId, demand: usize) {
    ///         self.0.iter_mut().filter(|(display, _)| *display == id).for_each(|(_, open)| *open += demand);
    ///     }
    ///
    ///     fn demand(&self) -> usize {
    ///         self.0.map_or(0, |(_, open)| open)
    ///     }
    ///
    ///     fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
    ///         let Some((display, open)) = self.0.as_mut().filter(|(_, open)| *open > 0) else { return };
    ///         let Some(newest) = events.pop_back() else { return };
    ///         out.refuse(events.drain(..).count());
    ///         out.send(*display, vec![newest]);
    ///         *open -= 1;
    ///     }
    /// }
    ///
    /// let readings = stage::producer(from_iter(1..=100)).dispatcher(Newest::default()).start().await?;
    /// let shown: Vec<u64> = stage::stream([to(&readings).max_demand(10)])?.try_collect().await?;
    /// assert_eq!(shown.last(), Some(&100));
    /// assert_eq!(shown.len() as u64 + readings.counts().refused, 100);
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse(&mut self, events: usize) {
        self.refused += events;
    }

    /// Takes what was sent so far.
    pub fn take(&mut self) -> Vec<(SubscriptionId, Vec<T>)> {
        std::mem::take(&mut self.sent)
    }

    pub(crate) fn drain(&mut self) -> std::vec::Drain<'_, (SubscriptionId, Vec<T>)> {
        self.sent.drain(..)
    }

    pub(crate) fn take_refused(&mut self) -> usize {
        std::mem::take(&mut self.refused)
    }
}

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
