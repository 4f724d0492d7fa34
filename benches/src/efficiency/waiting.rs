//! A handler that awaits.

use std::time::{Duration, Instant};

use broadway::{prelude::*, stage::from_iter};
use broadway_benches::threads::block_on;
use tokio::{task::JoinSet, time::sleep};

use crate::bench::Bench;

const PROCESSORS: u64 = 20;
const WAIT: Duration = Duration::from_millis(1);

struct Waiting {
    messages: u64,
}

#[broadway(
    vis = pub(crate),
    producers(default(module = from_iter(0..self.messages))),
    processors(default(stages = PROCESSORS)),
)]
impl Waiting {
    async fn handle_message(&self, _message: &mut WaitingMessage<u64>) {
        sleep(WAIT).await;
    }
}

/// Messages a second.
pub(super) fn ours(bench: &Bench, messages: u64) -> f64 {
    let start = Instant::now();
    let report = block_on(&bench.two, async move {
        let pipeline = Waiting { messages }.start_link().await.expect("the pipeline starts");
        pipeline.wait().await.expect("the pipeline ends")
    });
    assert_eq!(report.acknowledged, messages);
    messages as f64 / start.elapsed().as_secs_f64()
}

/// As many tasks as processors, which await and do nothing else.
pub(super) fn ideal(bench: &Bench, messages: u64) -> f64 {
    let start = Instant::now();
    block_on(&bench.two, async move {
        let mut tasks = JoinSet::new();
        for _ in 0..PROCESSORS {
            tasks.spawn(async move {
                for _ in 0..messages / PROCESSORS {
                    sleep(WAIT).await;
                }
            });
        }
        tasks.join_all().await;
    });
    messages as f64 / start.elapsed().as_secs_f64()
}
