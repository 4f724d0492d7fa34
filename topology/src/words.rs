//! The parts of a topology in words, for all that draws it.

use std::time::Duration;

use crate::{Batcher, Producers, RateLimiting, Retry, Topology};

pub(crate) fn producers(producers: &Producers) -> String {
    let module = if producers.module.is_empty() { String::new() } else { format!(" of {}", producers.module) };
    let limit = limit(producers.rate_limiting, "message");
    let most =
        producers.max_deliveries.map_or(String::new(), |most| format!(", at most {most} deliveries of each message"));
    format!("{}{module}{limit}{most}", count(producers.stages, "stage"))
}

/// What flows between producers and processors.
pub(crate) fn demand(topology: &Topology) -> String {
    let processors = &topology.processors;
    let partitions = partitions(processors.partitioned);
    format!("demand {}, chunks of {}{partitions}", topology.processor_demand(), processors.chunk())
}

pub(crate) fn processors(topology: &Topology) -> String {
    let processors = &topology.processors;
    let (timeout, retry) = (timeout(processors.timeout), retry(processors.retry.as_ref()));
    let limit = limit(processors.rate_limiting, "attempt");
    format!("{}{limit}{timeout}{retry}", count(processors.stages, "stage"))
}

/// When a batch is full, and how much may wait.
pub(crate) fn batches(batcher: &Batcher) -> String {
    let bytes = batcher.max_bytes.map_or(String::new(), |max_bytes| format!(", {}", count(max_bytes, "byte")));
    let (size, timeout, pending) =
        (count(batcher.batch_size, "message"), batcher.batch_timeout, batcher.effective_max_pending());
    format!("{size}{bytes} or {timeout:?}, {pending} pending{}", partitions(batcher.partitioned))
}

pub(crate) fn batch_processors(batcher: &Batcher) -> String {
    let (timeout, retry) = (timeout(batcher.timeout), retry(batcher.retry.as_ref()));
    let limit = limit(batcher.rate_limiting, "attempt");
    let split = if batcher.split { ", split" } else { "" };
    format!("{}{limit}{timeout}{retry}{split}", count(batcher.stages, "batch processor"))
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn partitions(partitioned: bool) -> &'static str {
    if partitioned { ", partitioned" } else { "" }
}

fn limit(limit: Option<RateLimiting>, what: &str) -> String {
    limit.map_or(String::new(), |limit| format!(", {} every {:?}", count(limit.allowed, what), limit.interval))
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
