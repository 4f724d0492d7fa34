//! What a consumer says about a subscription before it exists.

use std::{any::Any, fmt, sync::Arc};

use super::{Cancel, SubscribeError, dispatch::Terms, port::Port};

/// A subscription to be: to which producer, and with which demand. Made by [`to`](super::to).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::{self, from_iter, to};
/// use futures::TryStreamExt;
///
/// let numbers = stage::producer(from_iter(0..1_000u64)).start().await?;
/// let sum: u64 = stage::stream([to(&numbers).max_demand(10).min_demand(0)])?.try_fold(0, async |sum, n| Ok(sum + n)).await?;
/// assert_eq!(sum, 499_500);
/// # Ok(())
/// # }
/// ```
pub struct To<T> {
    pub(crate) port: Arc<Port<T>>,
    pub(crate) producer: Arc<str>,
    pub(crate) cancel: Cancel,
    pub(crate) terms: Terms<T>,
    max_demand: usize,
    min_demand: Option<usize>,
    /// The producer can be reached as long as this is there.
    _reach: Arc<dyn Any + Send + Sync>,
}

/// A subscription to that stage, to be given options.
///
/// [`To`] has an example.
pub fn to<T>(producer: impl Into<To<T>>) -> To<T> {
    producer.into()
}

/// How far a subscription's demand may fall before more is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) max: usize,
    pub(crate) min: usize,
}

impl<T> To<T> {
    pub(crate) fn new(port: Arc<Port<T>>, producer: Arc<str>, reach: Arc<dyn Any + Send + Sync>) -> Self {
        let (cancel, terms) = (Cancel::default(), Terms::default());
        Self { port, producer, cancel, terms, max_demand: 1000, min_demand: None, _reach: reach }
    }

    /// The most events that this subscription has asked for and not handled: at least 1, by default 1,000.
    pub fn max_demand(mut self, events: usize) -> Self {
        self.max_demand = events;
        self
    }

    /// When no more than so many are left, more is asked for: below `max_demand`, by default half of it.
    pub fn min_demand(mut self, events: usize) -> Self {
        self.min_demand = Some(events);
        self
    }

    /// What becomes of the consumer when the subscription ends; by default [`Cancel::Permanent`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// # use broadway::{Next, Result};
    /// use broadway::stage::{self, Cancel, Consumer, Subscription, from_iter, to};
    ///
    /// # struct Printer;
    /// # impl Consumer for Printer {
    /// #     type Event = u64;
    /// #     async fn handle_events(&mut self, _: Vec<u64>, _: &Subscription) -> Result<Next> { Ok(Next::More) }
    /// # }
    /// let (first, second) = (stage::producer(from_iter(0..10u64)), stage::producer(from_iter(10..20u64)));
    /// let printer = stage::consumer(Printer).start().await?;
    /// printer.subscribe(to(&first.start().await?).cancel(Cancel::Temporary)).await?;
    /// // `first` may end: the printer goes on.
    /// printer.subscribe(to(&second.start().await?)).await?;
    /// printer.ended().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Which partition it takes, of a producer with the [`Partition`](super::Partition) dispatcher.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Partition, from_iter, to};
    /// use futures::TryStreamExt;
    ///
    /// let orders = from_iter([("eu", 17), ("us", 4), ("eu", 23)]);
    /// let by_region = Partition::new(["eu", "us"], |order: &(&'static str, u64)| Some(order.0));
    /// let orders = stage::producer(orders).dispatcher(by_region).start().await?;
    /// let eu = stage::stream([to(&orders).partition("eu")])?.map_ok(|(_, amount)| amount);
    /// let us = stage::stream([to(&orders).partition("us")])?.map_ok(|(_, amount)| amount);
    /// let (eu, us): (Vec<u64>, Vec<u64>) = tokio::try_join!(eu.try_collect(), us.try_collect())?;
    /// assert_eq!((eu, us), (vec![17, 23], vec![4]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn partition(mut self, partition: impl fmt::Display) -> Self {
        self.terms.partition = Some(partition.to_string());
        self
    }

    /// Takes only events for which `wants` says `true`, of a producer with the [`Broadcast`](super::Broadcast) dispatcher.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Broadcast, from_iter, to};
    /// use futures::TryStreamExt;
    ///
    /// let degrees = stage::producer(from_iter([19, 84, 21, 90])).dispatcher(Broadcast::new()).accumulate().start().await?;
    /// let all = stage::stream([&degrees])?;
    /// let alarms = stage::stream([to(&degrees).selector(|degrees| *degrees > 80)])?;
    /// degrees.forward(); // both are there
    /// let (all, alarms): (Vec<i32>, Vec<i32>) = tokio::try_join!(all.try_collect(), alarms.try_collect())?;
    /// assert_eq!((all.len(), alarms), (4, vec![84, 90]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn selector(mut self, wants: impl Fn(&T) -> bool + Send + 'static) -> Self {
        self.terms.selector = Some(Box::new(wants));
        self
    }

    /// The most that one who asks by its own demand asks for at once.
    pub(crate) fn most(&self) -> usize {
        self.max_demand
    }

    /// Whether the options make sense for one who asks by its own demand.
    pub(crate) fn asks_on_demand(&self) -> Result<(), SubscribeError> {
        self.window()?;
        if self.min_demand.is_some() {
            let problem = "a pipeline says itself when more is asked for, leave `min_demand` out".into();
            return Err(SubscribeError::Options { producer: self.producer.to_string(), problem });
        }
        Ok(())
    }

    /// The demand, if it makes sense.
    pub(crate) fn window(&self) -> Result<Window, SubscribeError> {
        let (max, producer) = (self.max_demand, self.producer.to_string());
        if max == 0 {
            return Err(SubscribeError::Options { producer, problem: "`max_demand` must be at least 1".into() });
        }
        let min = self.min_demand.unwrap_or(max / 2);
        if min >= max {
            let problem = format!("`min_demand` must be at most {} (`max_demand` - 1), found {min}", max - 1);
            return Err(SubscribeError::Options { producer, problem });
        }
        Ok(Window { max, min })
    }
}

impl<T> fmt::Debug for To<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("To")
            .field("producer", &self.producer)
            .field("max_demand", &self.max_demand)
            .field("min_demand", &self.min_demand)
            .field("cancel", &self.cancel)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}
