//! The rate limits of a pipeline: at most one for each layer, by the layer's name in the tree.

use std::sync::Arc;

use broadway_topology::{RateLimiting, Topology};
use tokio::sync::watch;

use super::rate_limiter::RateLimiter;
use crate::telemetry::RateLimiterStats;

#[derive(Debug)]
pub(crate) struct RateLimiters(Vec<(String, Arc<RateLimiter>)>);

impl RateLimiters {
    pub(crate) fn of(topology: &Topology) -> Self {
        let limited = |(layer, limit): (String, Option<RateLimiting>)| {
            limit.map(|limit| (layer, Arc::new(RateLimiter::new(limit))))
        };
        Self(limits(topology).into_iter().filter_map(limited).collect())
    }

    /// Begins all windows: their stage starts, or starts again.
    pub(crate) fn begin(&self) {
        self.0.iter().for_each(|(_, limiter)| limiter.begin());
    }

    /// Their life as a stage: they stay until everything is worked off.
    pub(crate) async fn run(mut worked: watch::Receiver<bool>) {
        let _ = worked.wait_for(|worked| *worked).await;
    }

    pub(crate) fn get(&self, layer: &str) -> Option<&Arc<RateLimiter>> {
        self.0.iter().find(|(name, _)| name == layer).map(|(_, limiter)| limiter)
    }

    /// The layers that have a limit.
    pub(crate) fn layers(&self) -> Vec<String> {
        self.0.iter().map(|(layer, _)| layer.clone()).collect()
    }

    /// The windows right now.
    pub(crate) fn stats(&self) -> Vec<RateLimiterStats> {
        let stats = self.0.iter().map(|(layer, limiter)| {
            let (RateLimiting { allowed, interval }, (left, next_in)) = (limiter.limit(), limiter.left());
            RateLimiterStats { layer: layer.clone(), allowed, interval, left, next_in }
        });
        stats.collect()
    }
}

/// Every layer that may have a limit, with its limit.
fn limits(topology: &Topology) -> Vec<(String, Option<RateLimiting>)> {
    let mut limits = vec![
        ("producers".to_owned(), topology.producers.rate_limiting),
        ("processors".to_owned(), topology.processors.rate_limiting),
    ];
    let batchers = topology.batchers.iter();
    limits.extend(batchers.map(|batcher| (batcher.batch_processors_name(), batcher.rate_limiting)));
    limits
}

/// Where that layer's limit is in the topology; `None` if there is no such layer.
pub(crate) fn limit_of<'a>(topology: &'a mut Topology, layer: &str) -> Option<&'a mut Option<RateLimiting>> {
    match layer {
        "producers" => Some(&mut topology.producers.rate_limiting),
        "processors" => Some(&mut topology.processors.rate_limiting),
        _ => {
            let mut batchers = topology.batchers.iter_mut();
            batchers.find(|batcher| batcher.batch_processors_name() == layer).map(|batcher| &mut batcher.rate_limiting)
        }
    }
}
