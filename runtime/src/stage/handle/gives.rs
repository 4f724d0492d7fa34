//! What can be said to a stage that gives events.

use std::{fmt, future::Future, sync::Arc};

use super::{Stage, mark};
use crate::stage::{
    Reason, To,
    port::{Call, Port},
};

/// A stage that gives events: [`Stage<Gives<T>>`](Stage).
///
/// ```
/// use broadway::{
///     Next, Result,
///     stage::{self, ConsumerSupervisor, Gives, ProducerConsumer, Reason, Stage, Subscription, Takes, TakesAndGives, from_iter},
/// };
///
/// struct Split;
///
/// impl ProducerConsumer for Split {
///     type Event = &'static str;
///     type Data = String;
///
///     async fn handle_events(&mut self, lines: Vec<&'static str>, out: &mut Vec<String>, _: &Subscription) -> Result<Next> {
///         out.extend(lines.iter().flat_map(|line| line.split(' ')).map(str::to_owned));
///         Ok(Next::More)
///     }
/// }
///
/// /// What a program keeps of a graph that it has started.
/// struct Index {
///     lines: Stage<Gives<&'static str>>,
///     words: Stage<TakesAndGives<&'static str, String>>,
///     store: Stage<Takes<String>>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let lines = stage::producer(from_iter(["to be", "or not to be"])).start().await?;
/// let words = stage::producer_consumer(Split).subscribe_to(&lines).start().await?;
/// let store = ConsumerSupervisor::temporary(|_word: String| async { Ok(()) });
/// let store = stage::consumer(store).subscribe_to(&words).start().await?;
/// let index = Index { lines, words, store };
/// assert_eq!(index.store.ended().await, Reason::Finished);
/// assert_eq!((index.lines.counts().sent, index.words.counts().sent, index.store.counts().handled), (2, 6, 6));
/// # Ok(())
/// # }
/// ```
pub struct Gives<T> {
    pub(crate) port: Arc<Port<T>>,
}

impl<T: Send + 'static> Stage<Gives<T>> {
    /// Waits until all that is buffered by now is sent or dropped. The moment is that of the call. Cancel-safe.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Partition, from_iter, to};
    /// use futures::{FutureExt, StreamExt, TryStreamExt};
    ///
    /// let parity = |n: &u64| Some(if n % 2 == 0 { "even" } else { "odd" });
    /// let partition = Partition::new(["even", "odd"], parity);
    /// let numbers = stage::producer(from_iter(0..)).dispatcher(partition).start().await?;
    /// let mut even = stage::stream([to(&numbers).partition("even").max_demand(4)])?;
    /// even.try_next().await?;
    ///
    /// // The odd ones wait for somebody who takes them.
    /// let flushed = numbers.flushed();
    /// let mut flushed = std::pin::pin!(flushed);
    /// assert!(numbers.buffered() > 0 && flushed.as_mut().now_or_never().is_none());
    /// let odd = stage::stream([to(&numbers).partition("odd")])?;
    /// flushed.await?;
    /// assert_eq!(odd.take(2).try_collect::<Vec<_>>().await?, [1, 3]);
    /// # Ok(())
    /// # }
    /// ```
    /// # Errors
    /// The reason of the stage's end, if that came first.
    pub fn flushed(&self) -> impl Future<Output = Result<(), Reason>> + Send + use<T> {
        let (done, mark) = mark();
        drop(self.role.port.call(Call::Mark(done)));
        self.reached(mark)
    }

    /// From now on demand is added up and not passed on to the producer. What was asked of it before still comes.
    pub fn accumulate(&self) {
        self.role.port.change(|standing| standing.accumulates = true);
    }

    /// From now on demand is passed on to the producer: what has added up, and what comes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> broadway::Result<()> {
    /// use broadway::stage::{self, Broadcast, from_iter};
    /// use futures::TryStreamExt;
    ///
    /// // Nothing flows until both are there.
    /// let numbers = stage::producer(from_iter(0..3u64)).dispatcher(Broadcast::new()).accumulate().start().await?;
    /// let (first, second) = (stage::stream([&numbers])?, stage::stream([&numbers])?);
    /// assert!(numbers.accumulates());
    /// numbers.forward();
    /// let (first, second): (Vec<_>, Vec<_>) = tokio::try_join!(first.try_collect(), second.try_collect())?;
    /// assert_eq!((first, second), (vec![0, 1, 2], vec![0, 1, 2]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn forward(&self) {
        self.role.port.change(|standing| standing.accumulates = false);
    }

    /// Whether demand adds up.
    pub fn accumulates(&self) -> bool {
        self.role.port.accumulates()
    }
}

impl<T: Send + 'static> From<&Stage<Gives<T>>> for To<T> {
    fn from(stage: &Stage<Gives<T>>) -> Self {
        Self::new(stage.role.port.clone(), stage.core.name.clone(), stage.core.clone())
    }
}

impl<T> Clone for Gives<T> {
    fn clone(&self) -> Self {
        Self { port: self.port.clone() }
    }
}

impl<T> fmt::Debug for Gives<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gives")
    }
}
