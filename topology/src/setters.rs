//! One setter for each option that is a number or a time. The attribute lowers its options to these calls, with the user's
//! own spans, and `Setup` lends the same values: one text documents both.

use std::time::Duration;

use crate::{
    retry::Retry,
    topology::{Batcher, Processors, Producers, RateLimiting, Routing, Topology},
};

/// A whole number: any integer type. A negative one counts as 0, which no count allows.
///
/// ```
/// use broadway_topology::Count;
///
/// assert_eq!((7u8.count(), 7usize.count(), (-7).count()), (7, 7, 0));
/// ```
// docs/errors.md: not-a-count
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a whole number",
    label = "expected a whole number",
    note = "write a literal such as `4`, or an expression of an integer type"
)]
pub trait Count {
    /// The number.
    fn count(self) -> u64;
}

/// A time: milliseconds as a whole number, or a `Duration`.
///
/// ```
/// use broadway_topology::Time;
/// use std::time::Duration;
///
/// assert_eq!(1500.time(), Duration::from_millis(1500).time());
/// ```
// docs/errors.md: not-a-time
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a time",
    label = "expected milliseconds or a `Duration`",
    note = "write milliseconds such as `1500`, or `Duration::from_secs(2)`"
)]
pub trait Time {
    /// The time.
    fn time(self) -> Duration;
}

/// A number that need not be whole.
///
/// ```
/// use broadway_topology::Decimal;
///
/// assert_eq!((1.5.decimal(), 3.decimal()), (1.5, 3.0));
/// ```
// docs/errors.md: not-a-number
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number",
    label = "expected a number",
    note = "write a literal such as `1.5`, or an expression of a number's type"
)]
pub trait Decimal {
    /// The number.
    fn decimal(self) -> f64;
}

impl Decimal for f64 {
    fn decimal(self) -> f64 {
        self
    }
}

impl Decimal for f32 {
    fn decimal(self) -> f64 {
        self.into()
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Count for $type {
            fn count(self) -> u64 {
                u64::try_from(self).unwrap_or(0)
            }
        }

        impl Time for $type {
            fn time(self) -> Duration {
                Duration::from_millis(self.count())
            }
        }

        impl Decimal for $type {
            fn decimal(self) -> f64 {
                self as f64
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

impl Time for Duration {
    fn time(self) -> Duration {
        self
    }
}

impl Topology {
    /// What the pipeline is called; must then be unique in the process. Default: the type's name.
    pub fn name(&mut self, name: impl Into<String>) -> &mut Self {
        self.name = name.into();
        self.explicit_name = true;
        self
    }

    /// The one deadline of a drain. Default: 25 s.
    pub fn shutdown(&mut self, shutdown: impl Time) -> &mut Self {
        self.shutdown = shutdown.time();
        self
    }

    /// Restarts of a layer that are accepted within `max_seconds`. Default: 3.
    pub fn max_restarts(&mut self, max_restarts: impl Count) -> &mut Self {
        self.max_restarts = max_restarts.count();
        self
    }

    /// The window of `max_restarts`, in seconds. Default: 5.
    pub fn max_seconds(&mut self, max_seconds: impl Count) -> &mut Self {
        self.max_seconds = max_seconds.count();
        self
    }

    /// The batcher of that name, which is added if there is none.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.batcher("archive").batch_size(500);
    /// topology.batcher("archive").stages(2); // the same one
    /// assert_eq!((topology.batchers.len(), topology.batchers[0].batch_size), (1, 500));
    /// ```
    pub fn batcher(&mut self, name: &str) -> &mut Batcher {
        let found = self.batchers.iter().position(|batcher| batcher.name == name);
        let index = found.unwrap_or_else(|| {
            self.batchers.push(Batcher::new(name));
            self.batchers.len() - 1
        });
        &mut self.batchers[index]
    }

    /// Which batcher takes messages that were not routed. Default: the one named `default`.
    pub fn default_to(&mut self, batcher: impl Into<String>) -> &mut Self {
        self.routing = Routing::To(batcher.into());
        self
    }

    /// Messages that were not routed fail.
    pub fn unrouted_fail(&mut self) -> &mut Self {
        self.routing = Routing::Fail;
        self
    }
}

impl Producers {
    /// How many producer stages run. Default: 1.
    pub fn stages(&mut self, stages: impl Count) -> &mut Self {
        self.stages = stages.count();
        self
    }

    /// The source text of the producer, for the diagram.
    pub fn module(&mut self, text: impl Into<String>) -> &mut Self {
        self.module = text.into();
        self
    }

    /// How many messages may leave all producers together in each interval (milliseconds, or a `Duration`). Default:
    /// as many as there are.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.producers.rate_limiting(100, 1000);
    /// assert!(topology.diagram().to_string().contains("1 stage, 100 messages every 1s"));
    /// ```
    pub fn rate_limiting(&mut self, allowed_messages: impl Count, interval: impl Time) -> &mut Self {
        let (allowed, interval) = (allowed_messages.count(), interval.time());
        self.rate_limiting = Some(RateLimiting { allowed, interval });
        self
    }

    /// How long a producer may fail without a success before the pipeline ends (milliseconds, or a `Duration`). Default: for
    /// ever.
    pub fn give_up_after(&mut self, give_up_after: impl Time) -> &mut Self {
        self.give_up_after = Some(give_up_after.time());
        self
    }

    /// A message that its source has delivered more often fails without being handled. Default: no limit.
    pub fn max_deliveries(&mut self, max_deliveries: impl Count) -> &mut Self {
        self.max_deliveries = Some(max_deliveries.count());
        self
    }
}

impl Processors {
    /// How many processor stages run. Default: two for each core.
    pub fn stages(&mut self, stages: impl Count) -> &mut Self {
        self.stages = stages.count();
        self
    }

    /// A chunk is at most `max_demand - min_demand` messages. Default: half of `max_demand`.
    pub fn min_demand(&mut self, min_demand: impl Count) -> &mut Self {
        self.min_demand = Some(min_demand.count());
        self
    }

    /// How many messages each stage adds to what may be in flight. Default: 10.
    pub fn max_demand(&mut self, max_demand: impl Count) -> &mut Self {
        self.max_demand = max_demand.count();
        self
    }

    /// Whether messages of one partition always go to the same stage; the function is the pipeline's.
    pub fn partitioned(&mut self, partitioned: bool) -> &mut Self {
        self.partitioned = partitioned;
        self
    }

    /// How long `handle_message` may take. Default: as long as it likes.
    pub fn timeout(&mut self, timeout: impl Time) -> &mut Self {
        self.timeout = Some(timeout.time());
        self
    }

    /// How many messages all processors together may handle in each interval (milliseconds, or a `Duration`); each attempt
    /// counts. Default: as many as there are.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages(4).rate_limiting(100, 1000);
    /// assert!(topology.diagram().to_string().contains("4 stages, 100 attempts every 1s"));
    /// ```
    pub fn rate_limiting(&mut self, allowed_messages: impl Count, interval: impl Time) -> &mut Self {
        let (allowed, interval) = (allowed_messages.count(), interval.time());
        self.rate_limiting = Some(RateLimiting { allowed, interval });
        self
    }

    /// Tries messages that failed again, as `change` says. Default: they are not.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.retry(|retry| retry.attempts(8).within(60_000));
    /// assert_eq!(topology.processors.retry.unwrap().attempts, Some(8));
    /// ```
    pub fn retry(&mut self, change: impl FnOnce(&mut Retry) -> &mut Retry) -> &mut Self {
        change(self.retry.get_or_insert_default());
        self
    }
}

impl Batcher {
    /// How many batch processor stages run. Default: 1.
    pub fn stages(&mut self, stages: impl Count) -> &mut Self {
        self.stages = stages.count();
        self
    }

    /// Messages in a full batch. Default: 100.
    pub fn batch_size(&mut self, batch_size: impl Count) -> &mut Self {
        self.batch_size = batch_size.count();
        self
    }

    /// Bytes in a batch at most; how they are counted is the pipeline's. Default: no limit.
    pub fn max_bytes(&mut self, max_bytes: impl Count) -> &mut Self {
        self.max_bytes = Some(max_bytes.count());
        self
    }

    /// How long a batch may wait for its last message, counted from its first. Default: 1 s.
    pub fn batch_timeout(&mut self, batch_timeout: impl Time) -> &mut Self {
        self.batch_timeout = batch_timeout.time();
        self
    }

    /// Messages that may wait in batches; at the limit the oldest batch leaves early. Default: 100 full batches.
    pub fn max_pending(&mut self, max_pending: impl Count) -> &mut Self {
        self.max_pending = Some(max_pending.count());
        self
    }

    /// Messages that may wait for the batcher itself. Default: what the processors hold, at least `batch_size`.
    pub fn max_demand(&mut self, max_demand: impl Count) -> &mut Self {
        self.max_demand = Some(max_demand.count());
        self
    }

    /// Whether batches of one partition always go to the same stage; the function is the pipeline's.
    pub fn partitioned(&mut self, partitioned: bool) -> &mut Self {
        self.partitioned = partitioned;
        self
    }

    /// How long `handle_batch` may take. Default: as long as it likes.
    pub fn timeout(&mut self, timeout: impl Time) -> &mut Self {
        self.timeout = Some(timeout.time());
        self
    }

    /// How many of its batches may be handled in each interval (milliseconds, or a `Duration`); each attempt counts. Default:
    /// as many as there are.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.batcher("archive").stages(2).rate_limiting(5, 1000);
    /// assert!(topology.diagram().to_string().contains("2 batch processors, 5 attempts every 1s"));
    /// ```
    pub fn rate_limiting(&mut self, allowed_batches: impl Count, interval: impl Time) -> &mut Self {
        let (allowed, interval) = (allowed_batches.count(), interval.time());
        self.rate_limiting = Some(RateLimiting { allowed, interval });
        self
    }

    /// Tries batches that failed again, with the messages that are left, as `change` says. Default: they are not.
    ///
    /// ```
    /// # use broadway_topology::Topology;
    /// let mut topology = Topology::new("Orders");
    /// topology.batcher("archive").retry(|retry| retry.unlimited());
    /// assert_eq!(topology.batchers[0].retry.unwrap().attempts, None);
    /// ```
    pub fn retry(&mut self, change: impl FnOnce(&mut Retry) -> &mut Retry) -> &mut Self {
        change(self.retry.get_or_insert_default());
        self
    }

    /// Whether a batch that failed for good is halved until the guilty messages are alone. Default: it is not.
    pub fn split(&mut self, split: bool) -> &mut Self {
        self.split = split;
        self
    }
}
