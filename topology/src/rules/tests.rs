use std::time::Duration;

use super::*;
use crate::{Batcher, RateLimiting, Routing, Topology};

fn words(topology: &Topology) -> Vec<String> {
    check(topology).iter().map(|violation| format!("{}: {violation}", violation.at)).collect()
}

#[test]
fn defaults_are_sound() {
    let mut topology = Topology::new("Orders");
    topology.batchers.push(Batcher::new("only"));
    assert_eq!(check(&topology), vec![]);
    assert_eq!(topology.default_batcher(), Some(0));
}

#[test]
fn all_violations_are_reported_at_once_in_reading_order() {
    let mut topology = Topology::new(" ");
    topology.shutdown = Duration::ZERO;
    topology.producers.stages = 0;
    topology.producers.rate_limiting = Some(RateLimiting { allowed: 0, interval: Duration::ZERO });
    topology.producers.give_up_after = Some(Duration::ZERO);
    topology.processors.stages = 70_000;
    topology.processors.min_demand = Some(10);
    topology.batchers = vec![
        Batcher { batch_size: 10, max_demand: Some(5), max_pending: Some(9), ..Batcher::new("s3") },
        Batcher { timeout: Some(Duration::ZERO), max_bytes: Some(0), ..Batcher::new("s3") },
    ];
    assert_eq!(
        words(&topology),
        [
            "name: `name` is empty",
            "shutdown: `shutdown` must be at least 1 ms",
            "producers(stages): `stages` must be at least 1",
            "producers(rate_limiting(allowed_messages)): `allowed_messages` must be at least 1",
            "producers(rate_limiting(interval)): `interval` must be at least 1 ms",
            "producers(give_up_after): `give_up_after` must be at least 1 ms",
            "processors(stages): `stages` must be at most 65535",
            "processors(min_demand): `min_demand` (10) must be less than `max_demand` (10)",
            "batchers(s3(max_pending)): `max_pending` (9) is smaller than `batch_size` (10)",
            "batchers(s3(max_demand)): `max_demand` (5) is smaller than `batch_size` (10)",
            "batchers(s3()): two batchers have the same name",
            "batchers(s3(max_bytes)): `max_bytes` must be at least 1",
            "batchers(s3(timeout)): `timeout` must be at least 1 ms",
            "batchers(): no batcher takes messages that were not routed",
        ]
    );
}

#[test]
fn stages_have_a_bound_in_all() {
    let mut topology = Topology::new("Orders");
    topology.processors.stages = 40_000;
    topology.batchers = vec![Batcher { stages: 25_534, ..Batcher::new("default") }];
    assert_eq!(check(&topology), vec![]);
    topology.producers.stages = 2;
    assert_eq!(words(&topology), ["processors(stages): all `stages` together must be at most 65535"]);
    let violation = check(&topology).remove(0);
    assert_eq!((violation.value.as_str(), violation.depends_on.len()), ("65536", 2));
    topology.processors.stages = u64::MAX;
    assert_eq!(words(&topology), ["processors(stages): `stages` must be at most 65535"]);
}

#[test]
fn a_max_demand_is_not_called_a_default_because_it_equals_it() {
    let mut topology = Topology::new("Orders");
    topology.processors.min_demand = Some(20);
    for max in [10, 15] {
        topology.processors.max_demand = max;
        let violation = check(&topology).remove(0);
        assert_eq!(violation.to_string(), format!("`min_demand` (20) must be less than `max_demand` ({max})"));
        assert_eq!(violation.rule.help(), None);
    }
}

#[test]
fn rate_limits_have_rules_in_all_layers() {
    let mut topology = Topology::new("Orders");
    topology.producers.rate_limiting(0, 0);
    topology.processors.rate_limiting(0, 1);
    topology.batcher("s3").rate_limiting(1, 0);
    topology.batcher("default").rate_limiting(0, 1000);
    assert_eq!(
        words(&topology),
        [
            "producers(rate_limiting(allowed_messages)): `allowed_messages` must be at least 1",
            "producers(rate_limiting(interval)): `interval` must be at least 1 ms",
            "processors(rate_limiting(allowed_messages)): `allowed_messages` must be at least 1",
            "batchers(s3(rate_limiting(interval))): `interval` must be at least 1 ms",
            "batchers(default(rate_limiting(allowed_batches))): `allowed_batches` must be at least 1",
        ]
    );
    for violation in check(&topology) {
        assert_eq!(violation.rule.help().unwrap(), "remove `rate_limiting` to turn it off");
    }
}

#[test]
fn retries_have_rules_in_both_layers() {
    let mut topology = Topology::new("Orders");
    topology.producers.max_deliveries(0);
    topology.processors.retry(|retry| retry.attempts(0).within(50).backoff(|backoff| backoff.max(10).factor(0.5)));
    topology.batcher("s3").retry(|retry| {
        retry.unlimited().max_waiting(0).backoff(|backoff| backoff.min(60_000).jitter(f64::NAN).factor(3))
    });
    assert_eq!(
        words(&topology),
        [
            "producers(max_deliveries): `max_deliveries` must be at least 1",
            "processors(retry(attempts)): `attempts` must be at least 1",
            "processors(retry(backoff(factor))): `factor` must be between 1 and 1000",
            "processors(retry(backoff(max))): `min` (100ms) is longer than `max` (10ms)",
            "processors(retry(within)): `within` (50ms) is shorter than the first wait, `min` (100ms)",
            "batchers(s3(retry(max_waiting))): `max_waiting` must be at least 1",
            "batchers(s3(retry(backoff(jitter)))): `jitter` must be between 0 and 1",
            "batchers(s3(retry(backoff(min)))): `min` (60s) is longer than `max` (30s)",
        ]
    );
    topology.processors.retry(|retry| retry.attempts(1).within(100).backoff(|backoff| backoff.max(100).factor(1)));
    topology.producers.max_deliveries(1);
    topology.batchers.clear();
    assert_eq!(check(&topology), vec![]);
}

#[test]
fn a_default_must_exist_unless_unrouted_messages_fail() {
    let mut topology = Topology::new("Orders");
    topology.batchers = vec![Batcher::new("s3"), Batcher::new("gcs")];
    topology.routing = Routing::To("s4".into());
    assert_eq!(words(&topology), ["batchers(default): `default` names no batcher"]);
    assert_eq!(check(&topology)[0].rule.help().unwrap(), "the batchers are `s3`, `gcs`");
    topology.routing = Routing::Fail;
    assert_eq!(check(&topology), vec![]);
    topology.routing = Routing::To("gcs".into());
    assert_eq!(topology.default_batcher(), Some(1));
}
