//! A consumer's stage before it starts.

use std::collections::VecDeque;

use super::{
    common::Common,
    giving::Giving,
    taking::{Started, start},
};
use crate::stage::{
    Consumer, Deliveries, Dispatcher, Keep, NotStarted, Refused, Stage, SubscriptionId, Takes, Terms, To,
    sink::{Nothing, Sink},
};

/// A stage that takes events. [`Consumer`] has an example.
pub fn consumer<C: Consumer>(consumer: C) -> ConsumerBuilder<C> {
    ConsumerBuilder { common: Common::new::<C>(consumer), subscribe_to: Vec::new() }
}

/// A consumer's stage before it starts. Made by [`consumer`].
///
/// [`Consumer`] has an example.
pub struct ConsumerBuilder<C: Consumer> {
    pub(super) common: Common<C>,
    pub(super) subscribe_to: Vec<To<C::Event>>,
}

impl<C: Consumer> ConsumerBuilder<C> {
    /// Starts it: its task runs until it ends, whoever holds a handle.
    ///
    /// **Cancel-safety**: dropped before it returns, nothing of it stays: a task that runs already ends.
    ///
    /// # Errors
    /// What `init` fails with, that it panics, and the first subscription that does not come about.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, ConsumerSupervisor, from_iter, to};
    ///
    /// let orders = stage::producer(from_iter(0..10u64)).name("orders").start().await?;
    /// let store = || stage::consumer(ConsumerSupervisor::temporary(|_: u64| async { Ok(()) })).name("store");
    /// assert_eq!(
    ///     store().subscribe_to(to(&orders).max_demand(0)).start().await.unwrap_err().to_string(),
    ///     "stage `store` did not start: subscription to `orders`: `max_demand` must be at least 1",
    /// );
    /// let store = store().subscribe_to(&orders).start().await?;
    /// store.ended().await;
    /// assert_eq!(store.counts().handled, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(self) -> Result<Stage<Takes<C::Event>>, NotStarted> {
        let Common { name, instance, again, on_discard } = self.common;
        let again = again.map(|again| again.map(Sink));
        let common = Common { name, instance: Sink(instance), again, on_discard };
        let giving = Giving { dispatcher: Box::new(Nowhere), size: usize::MAX, keep: Keep::default() };
        let Started { inbox, port, name, counters, ended } = start(common, giving, self.subscribe_to).await?;
        Ok(Stage::new(Takes { inbox }, name, counters, ended, port))
    }
}

/// Where a consumer's events would go if it gave any.
struct Nowhere;

impl Dispatcher<Nothing> for Nowhere {
    fn subscribe(&mut self, _: SubscriptionId, _: Terms<Nothing>) -> Result<(), Refused> {
        Err(Refused::new("a consumer gives nothing"))
    }

    fn cancel(&mut self, _: SubscriptionId) {}

    fn ask(&mut self, _: SubscriptionId, _: usize) {}

    fn demand(&self) -> usize {
        usize::MAX
    }

    fn dispatch(&mut self, _: &mut VecDeque<Nothing>, _: &mut Deliveries<Nothing>) {}
}
