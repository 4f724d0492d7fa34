//! Who is free takes what waits: few messages at many idle processors.

use std::time::{Duration, Instant};

use broadway::{channel, prelude::*};
use broadway_benches::threads::block_on;
use tokio::time::sleep;

use crate::bench::Bench;

struct Idling {
    numbers: channel::Receiver<u64>,
}

#[broadway(
    vis = pub(crate),
    producers(default(module = self.numbers.clone())),
    processors(default(stages = 20)),
)]
impl Idling {
    async fn handle_message(&self, _message: &mut IdlingMessage<u64>) {
        sleep(Duration::from_millis(10)).await;
    }
}

/// Milliseconds until ten messages are done whose handler awaits 10 ms.
pub(super) fn ten_at_twenty(bench: &Bench) -> f64 {
    block_on(&bench.two, async {
        let (sender, numbers) = broadway::channel(10);
        let pipeline = Idling { numbers }.start_link().await.expect("the pipeline starts");
        // All stages have parked by then.
        sleep(Duration::from_millis(50)).await;
        let start = Instant::now();
        for i in 0..10 {
            sender.send(i).await.expect("the pipeline runs");
        }
        drop(sender);
        let report = pipeline.wait().await.expect("the pipeline ends");
        assert_eq!(report.acknowledged, 10);
        start.elapsed().as_secs_f64() * 1e3
    })
}
