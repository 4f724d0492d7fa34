//! What every stage has: a name, an instance and those that follow it, and what hears of discarded events.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use broadway_topology::Intensity;

use super::{ConsumerBuilder, ProducerBuilder, ProducerConsumerBuilder};
use crate::{
    failure::panic_text,
    stage::{Consumer, Producer, ProducerConsumer, instances::Again, outlet::OnDiscard},
    telemetry::events,
};

/// As often, and within as many seconds, a stage with `restart` goes on after a crash.
const RESTARTS: Intensity = Intensity { max_restarts: 3, max_seconds: 5 };

/// What a builder of any kind knows.
pub(super) struct Common<H> {
    pub(super) name: Arc<str>,
    pub(super) instance: H,
    pub(super) again: Option<Again<H>>,
    pub(super) on_discard: Option<OnDiscard>,
}

impl<H> Common<H> {
    pub(super) fn new<N>(instance: H) -> Self {
        let path = std::any::type_name::<N>().split('<').next().unwrap_or_default();
        let name = path.rsplit("::").next().unwrap_or(path);
        Self { name: name.into(), instance, again: None, on_discard: None }
    }

    /// What tells of discarded events.
    pub(super) fn teller(&mut self) -> OnDiscard {
        let (name, mut on_discard) = (self.name.clone(), self.on_discard.take());
        Box::new(move |discarded| {
            events::discarded(&name, discarded);
            let Some(on_discard) = &mut on_discard else { return };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| on_discard(discarded))) {
                events::function_panicked(&name, "on_discard", &panic_text(&*panic));
            }
        })
    }
}

macro_rules! common {
    ($($builder:ident<$of:ident: $bound:ident>;)+) => {$(
        impl<$of: $bound> $builder<$of> {
            /// What events, errors and other stages call it; by default the name of the type.
            ///
            /// [`Stage`](crate::stage::Stage) has an example.
            pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
                self.common.name = name.into();
                self
            }

            /// When the instance crashes, the stage goes on with another one, three times within five seconds: its
            /// handles and its subscriptions stay, and what waits in it is not lost. The chunk that was in hand is, and
            /// is counted.
            ///
            /// ```
            /// use broadway::{
            ///     Next, Result,
            ///     stage::{self, Consumer, Reason, Subscription, from_iter, to},
            /// };
            ///
            /// struct Parser;
            ///
            /// impl Consumer for Parser {
            ///     type Event = &'static str;
            ///
            ///     async fn handle_events(&mut self, texts: Vec<&'static str>, _: &Subscription) -> Result<Next> {
            ///         for text in texts {
            ///             text.parse::<u64>()?;
            ///         }
            ///         Ok(Next::More)
            ///     }
            /// }
            ///
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<()> {
            /// let texts = stage::producer(from_iter(["1", "two", "3"])).start().await?;
            /// let parser = stage::consumer(Parser).restart(|| Parser).subscribe_to(to(&texts).max_demand(1));
            /// let parser = parser.start().await?;
            /// assert_eq!(parser.ended().await, Reason::Finished);
            /// let counts = parser.counts();
            /// assert_eq!((counts.handled, counts.restarts, counts.discarded), (3, 1, 1));
            /// # Ok(())
            /// # }
            /// ```
            pub fn restart(self, make: impl FnMut() -> $of + Send + 'static) -> Self {
                self.restart_at_most(RESTARTS.max_restarts, RESTARTS.max_seconds, make)
            }

            /// As [`restart`](Self::restart), at most `max_restarts` times within `max_seconds`; one crash more ends
            /// it.
            ///
            /// ```
            /// use broadway::{
            ///     Next, Outbox, Producer, Result, async_trait,
            ///     stage::{self, Reason},
            /// };
            /// use futures::TryStreamExt;
            ///
            /// struct Broken;
            ///
            /// #[async_trait]
            /// impl Producer for Broken {
            ///     type Data = u64;
            ///
            ///     async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
            ///         panic!("no such driver")
            ///     }
            /// }
            ///
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<()> {
            /// let broken = stage::producer(Broken).restart_at_most(2, 60, || Broken).start().await?;
            /// assert!(stage::stream([&broken])?.try_next().await.is_err());
            /// assert!(matches!(broken.ended().await, Reason::Failed(why) if why.contains("no such driver")));
            /// assert_eq!(broken.counts().restarts, 2);
            /// # Ok(())
            /// # }
            /// ```
            pub fn restart_at_most(
                mut self,
                max_restarts: u64,
                max_seconds: u64,
                make: impl FnMut() -> $of + Send + 'static,
            ) -> Self {
                self.common.again = Some(Again::new(Intensity { max_restarts, max_seconds }, make));
                self
            }

            /// Is told of each number of events that are discarded, beside the event `discarded` and
            /// [`Counts::discarded`](crate::stage::Counts::discarded). It is called by the stage, so it must not block.
            /// A panic of it is told as the event `function_panicked`, and harms nothing.
            ///
            /// ```
            /// use std::sync::{
            ///     Arc,
            ///     atomic::{AtomicUsize, Ordering::Relaxed},
            /// };
            ///
            /// use broadway::stage::{self, Partition, from_iter, to};
            /// use futures::TryStreamExt;
            ///
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> broadway::Result<()> {
            /// let lost = Arc::new(AtomicUsize::new(0));
            /// let parity = Partition::new([0, 1], |n: &u64| Some(n % 2));
            /// let numbers = stage::producer(from_iter(0..)).dispatcher(parity).on_discard({
            ///     let lost = lost.clone();
            ///     move |events| drop(lost.fetch_add(events, Relaxed))
            /// });
            /// let numbers = numbers.start().await?;
            /// stage::stream([to(&numbers).partition(0).max_demand(4)])?.try_next().await?;
            /// numbers.stop(); // nobody has asked for the odd ones
            /// numbers.ended().await;
            /// assert!(lost.load(Relaxed) > 0);
            /// assert_eq!(lost.load(Relaxed) as u64, numbers.counts().discarded);
            /// # Ok(())
            /// # }
            /// ```
            pub fn on_discard(mut self, told: impl FnMut(usize) + Send + 'static) -> Self {
                self.common.on_discard = Some(Box::new(told));
                self
            }
        }

        impl<$of: $bound> fmt::Debug for $builder<$of> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($builder)).field("name", &self.common.name).finish_non_exhaustive()
            }
        }
    )+};
}

common! {
    ProducerBuilder<P: Producer>;
    ProducerConsumerBuilder<H: ProducerConsumer>;
    ConsumerBuilder<C: Consumer>;
}
