//! What takes events, and gives others in their place.

use super::{Asking, Next, Reason, StageContext, Subscription};
use crate::error::Result;

/// A stage that takes events and gives others.
///
/// It takes a chunk only while those who subscribed to it have demand, so what it holds is at most what one chunk
/// becomes. When all its producers have finished, it gives out what it has and finishes. As with a
/// [`Consumer`](super::Consumer), `Err` and a panic are a crash.
///
/// **Cancel-safety**: as for a [`Consumer`](super::Consumer).
///
/// ```
/// use broadway::{
///     Next, Result,
///     stage::{self, ProducerConsumer, Subscription, from_iter},
/// };
/// use futures::TryStreamExt;
///
/// struct Doubler;
///
/// impl ProducerConsumer for Doubler {
///     type Event = u64;
///     type Data = u64;
///
///     async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
///         out.extend(events.iter().map(|n| n * 2));
///         Ok(Next::More)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let numbers = stage::producer(from_iter(0..4u64)).start().await?;
/// let doubler = stage::producer_consumer(Doubler).subscribe_to(&numbers).start().await?;
/// let doubled: Vec<u64> = stage::stream([&doubler])?.try_collect().await?;
/// assert_eq!(doubled, [0, 2, 4, 6]);
/// # Ok(())
/// # }
/// ```
///
/// One that follows who feeds it:
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use broadway::{
///     Next, Result,
///     stage::{self, Asking, ProducerConsumer, Reason, StageContext, Subscription, from_iter},
/// };
/// use futures::TryStreamExt;
///
/// /// Says of each reading which sensor it is of.
/// struct Labelled {
///     log: Arc<Mutex<Vec<String>>>,
/// }
///
/// impl Labelled {
///     fn log(&self, line: String) {
///         self.log.lock().unwrap().push(line);
///     }
/// }
///
/// impl ProducerConsumer for Labelled {
///     type Event = u64;
///     type Data = String;
///
///     async fn init(&mut self, stage: &StageContext) -> Result<()> {
///         self.log(format!("{} starts", stage.name()));
///         Ok(())
///     }
///
///     async fn handle_subscribe(&mut self, sensor: &Subscription) -> Result<Asking> {
///         self.log(format!("{} is there", sensor.producer()));
///         Ok(Asking::Automatic)
///     }
///
///     async fn handle_events(&mut self, readings: Vec<u64>, out: &mut Vec<String>, from: &Subscription) -> Result<Next> {
///         out.extend(readings.iter().map(|reading| format!("{} {reading}", from.producer())));
///         Ok(Next::More)
///     }
///
///     async fn handle_cancel(&mut self, sensor: &Subscription, reason: &Reason) -> Result<()> {
///         self.log(format!("{} has {reason}", sensor.producer()));
///         Ok(())
///     }
///
///     async fn terminate(&mut self, reason: &Reason) {
///         self.log(format!("it has {reason}"));
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let log = Arc::default();
/// let attic = stage::producer(from_iter([31, 33])).name("attic").start().await?;
/// let labelled = Labelled { log: Arc::clone(&log) };
/// let labelled = stage::producer_consumer(labelled).name("labels").subscribe_to(&attic).start().await?;
/// let readings: Vec<String> = stage::stream([&labelled])?.try_collect().await?;
/// assert_eq!(readings, ["attic 31", "attic 33"]);
/// labelled.ended().await;
/// assert_eq!(*log.lock().unwrap(), ["labels starts", "attic is there", "attic has finished", "it has finished"]);
/// # Ok(())
/// # }
/// ```
pub trait ProducerConsumer: Send + 'static {
    /// What it takes.
    type Event: Send + 'static;
    /// What it gives.
    type Data: Send + 'static;

    /// As [`Consumer::init`](super::Consumer::init).
    ///
    /// # Errors
    /// Fail the start.
    fn init(&mut self, _context: &StageContext) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// As [`Consumer::handle_subscribe`](super::Consumer::handle_subscribe), of its own subscriptions. Of those to it
    /// its dispatcher is told.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_subscribe(&mut self, _subscription: &Subscription) -> impl Future<Output = Result<Asking>> + Send {
        async { Ok(Asking::Automatic) }
    }

    /// As [`Consumer::handle_events`](super::Consumer::handle_events); what is in `out` when it returns is given out,
    /// even with an error.
    ///
    /// # Errors
    /// Are a crash.
    fn handle_events(
        &mut self,
        events: Vec<Self::Event>,
        out: &mut Vec<Self::Data>,
        from: &Subscription,
    ) -> impl Future<Output = Result<Next>> + Send;

    /// As [`Consumer::handle_cancel`](super::Consumer::handle_cancel).
    ///
    /// # Errors
    /// Are a crash.
    fn handle_cancel(&mut self, _from: &Subscription, _reason: &Reason) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// As [`Consumer::terminate`](super::Consumer::terminate).
    fn terminate(&mut self, _reason: &Reason) -> impl Future<Output = ()> + Send {
        async {}
    }
}
