//! Generated code is clean under the lints that a careful crate turns on, clippy's among them.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, rust_2018_idioms)]
#![forbid(unsafe_code)]

use ui_tests::prelude::*;

/// A pipeline.
#[derive(Debug)]
pub struct Orders {
    stages: usize,
}

const SIZE: u32 = 10;

#[broadway(
    name = "lints",
    shutdown = 5_000,
    partition_by = by_length,
    producers(default(
        module = Payloads,
        stages = 2,
        transformer = decode,
        max_deliveries = 20,
        rate_limiting(allowed_messages = 100, interval = std::time::Duration::from_secs(1)),
        give_up_after = 600_000,
    )),
    processors(default(
        stages = self.stages,
        min_demand = 5,
        max_demand = 20,
        timeout = 1_000,
        rate_limiting(allowed_messages = 200, interval = self.stages * 1_000),
        retry(attempts = 8, within = 60_000, when = is_worth_it, max_waiting = SIZE),
    )),
    batchers(
        default(batch_size = SIZE),
        archive(
            batch_size = 500,
            timeout = 30_000,
            rate_limiting(allowed_batches = SIZE, interval = 500),
            retry(
                attempts = unlimited,
                backoff(min = 50, max = std::time::Duration::from_secs(5), factor = 1.5, jitter = 0),
                when = |failure| self.stages > 0 && is_worth_it(failure),
            ),
            split = true,
        ),
    ),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage<Order>) -> Result<usize> {
        message.put_batcher(OrdersBatcher::Archive);
        Ok(message.data.customer.len())
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<(), String> {
        match batch.batcher() {
            OrdersBatcher::Default => Err("nothing is routed here".to_owned()),
            OrdersBatcher::Archive => Ok(()),
        }
    }

    async fn handle_failed(&self, messages: &mut [OrdersMessage<Order>]) {
        messages.iter_mut().for_each(OrdersMessage::discard);
    }
}

fn by_length(message: &OrdersMessage<Order>) -> u64 {
    message.data.customer.len() as u64
}

fn is_worth_it(failure: &broadway::Failure) -> bool {
    failure.attempts() < 100
}

fn decode(payload: Payload) -> Result<Order> {
    Ok(Order { customer: payload.text()?.to_owned() })
}

#[test]
fn every_option_reaches_the_topology() {
    use std::time::Duration;

    use broadway::topology::{Backoff, Batcher, Processors, Producers, RateLimiting, Retry, Topology};

    let rate_limiting = Some(RateLimiting { allowed: 100, interval: Duration::from_secs(1) });
    let backoff = Backoff { min: Duration::from_millis(50), max: Duration::from_secs(5), factor: 1.5, jitter: 0.0 };
    let expected = Topology {
        explicit_name: true,
        shutdown: Duration::from_secs(5),
        producers: Producers {
            stages: 2,
            module: "Payloads".into(),
            rate_limiting,
            give_up_after: Some(Duration::from_secs(600)),
            max_deliveries: Some(20),
        },
        processors: Processors {
            stages: 7,
            min_demand: Some(5),
            max_demand: 20,
            partitioned: true,
            timeout: Some(Duration::from_secs(1)),
            rate_limiting: Some(RateLimiting { allowed: 200, interval: Duration::from_secs(7) }),
            retry: Some(Retry {
                attempts: Some(8),
                within: Some(Duration::from_secs(60)),
                max_waiting: 10,
                ..Retry::default()
            }),
        },
        batchers: vec![
            Batcher { batch_size: 10, partitioned: true, ..Batcher::new("default") },
            Batcher {
                batch_size: 500,
                partitioned: true,
                timeout: Some(Duration::from_secs(30)),
                rate_limiting: Some(RateLimiting { allowed: 10, interval: Duration::from_millis(500) }),
                retry: Some(Retry { attempts: None, backoff, ..Retry::default() }),
                split: true,
                ..Batcher::new("archive")
            },
        ],
        ..Topology::new("lints")
    };
    assert_eq!(Orders { stages: 7 }.topology(), expected);
}
