//! A topology as text, for terminals, logs and rustdoc.

use std::{fmt, time::Duration};

use crate::{
    retry::Retry,
    topology::{Routing, Topology},
};

/// Draws a topology; see [`Topology::diagram`].
///
/// ```
/// # use broadway_topology::Topology;
/// let topology = Topology::new("Orders");
/// println!("{}", topology.diagram());
/// assert!(topology.diagram().to_string().starts_with("Orders\n"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Diagram<'a>(&'a Topology);

impl Topology {
    /// The topology as a few lines of text.
    ///
    /// ```
    /// # use broadway_topology::{Batcher, Topology};
    /// let mut topology = Topology::new("Orders");
    /// topology.processors.stages = 20;
    /// topology.batchers.push(Batcher { batch_size: 10, ..Batcher::new("default") });
    /// assert_eq!(
    ///     topology.diagram().to_string(),
    ///     "\
    /// Orders
    ///   producers            1 stage
    ///     │ demand 200, chunks of 5
    ///   processors           20 stages
    ///     └─ batcher default 10 messages or 1s, 1000 pending ─ 1 batch processor (takes what is not routed)
    /// "
    /// );
    /// ```
    pub fn diagram(&self) -> Diagram<'_> {
        Diagram(self)
    }
}

impl fmt::Display for Diagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topology = self.0;
        writeln!(f, "{}", topology.name)?;
        let producers = &topology.producers;
        write!(f, "  producers            {}", count(producers.stages, "stage"))?;
        if !producers.module.is_empty() {
            write!(f, " of {}", producers.module)?;
        }
        if let Some(limit) = producers.rate_limiting {
            write!(f, ", {} every {:?}", count(limit.allowed_messages, "message"), limit.interval)?;
        }
        if let Some(most) = producers.max_deliveries {
            write!(f, ", at most {most} deliveries of each message")?;
        }
        let processors = &topology.processors;
        let demand = topology.processor_demand();
        writeln!(f, "\n    │ demand {demand}, chunks of {}{}", processors.chunk(), partitions(processors.partitioned))?;
        write!(f, "  processors           {}", count(processors.stages, "stage"))?;
        writeln!(f, "{}{}", timeout(processors.timeout), retry(processors.retry.as_ref()))?;
        let width = topology.batchers.iter().map(|batcher| batcher.name.chars().count()).max().unwrap_or(0);
        for (i, batcher) in topology.batchers.iter().enumerate() {
            let branch = if i + 1 == topology.batchers.len() { "└─" } else { "├─" };
            write!(f, "    {branch} batcher {:width$} ", batcher.name)?;
            write!(f, "{}", count(batcher.batch_size, "message"))?;
            if let Some(max_bytes) = batcher.max_bytes {
                write!(f, ", {}", count(max_bytes, "byte"))?;
            }
            write!(f, " or {:?}, ", batcher.batch_timeout)?;
            write!(f, "{} pending{} ─ ", batcher.effective_max_pending(), partitions(batcher.partitioned))?;
            write!(f, "{}{}", count(batcher.stages, "batch processor"), timeout(batcher.timeout))?;
            write!(f, "{}{}", retry(batcher.retry.as_ref()), if batcher.split { ", split" } else { "" })?;
            if topology.default_batcher() == Some(i) {
                write!(f, " (takes what is not routed)")?;
            }
            writeln!(f)?;
        }
        if !topology.batchers.is_empty() && topology.routing == Routing::Fail {
            writeln!(f, "    └─ messages that are not routed fail")?;
        }
        Ok(())
    }
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn partitions(partitioned: bool) -> &'static str {
    if partitioned { ", partitioned" } else { "" }
}

fn timeout(timeout: Option<Duration>) -> String {
    timeout.map_or(String::new(), |timeout| format!(", timeout {timeout:?}"))
}

fn retry(retry: Option<&Retry>) -> String {
    let Some(retry) = retry else { return String::new() };
    let attempts = retry.attempts.map_or("unlimited attempts".to_owned(), |attempts| count(attempts, "attempt"));
    let within = retry.within.map_or(String::new(), |within| format!(" within {within:?}"));
    format!(", {attempts}{within}")
}
