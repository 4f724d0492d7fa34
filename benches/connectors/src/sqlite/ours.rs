//! The queue, by its calls one after the other, and by a pipeline.

use std::{path::Path, time::Instant};

use broadway::Builder;
use broadway_sqlite::SqliteQueue;

use super::{BATCH, CLAIM, PROCESSORS, Run, body};

/// The same calls as by hand, one at a time.
pub(crate) async fn run(path: &Path, messages: usize) -> Run {
    let (queue, send) = filled(path, messages).await;
    let start = Instant::now();
    let mut deleted = 0;
    loop {
        let received = queue.receive(CLAIM).await.expect("the file can be written");
        if received.is_empty() {
            break;
        }
        for batch in received.chunks(BATCH) {
            std::hint::black_box(batch);
            let results = queue.delete(batch.iter().map(|message| message.receipt)).await;
            deleted += results.expect("the file can be written").iter().filter(|result| result.is_ok()).count();
        }
    }
    let work_off = start.elapsed();
    assert_eq!(deleted, messages, "each message is deleted once");
    assert_eq!(queue.depth().await.expect("the file can be read").total(), 0, "the queue is empty");
    Run { send, work_off }
}

/// A pipeline with a batcher. Half of what its processors demand in all is what a receive is for.
pub(crate) async fn run_pipeline(path: &Path, messages: usize, max_demand: u64) -> Run {
    let (queue, send) = filled(path, messages).await;
    let source = queue.clone();
    let start = Instant::now();
    let pipeline = Builder::new(
        "orders",
        move |_| source.producer().max_messages(CLAIM).stop_when_empty(),
        |message| {
            Box::pin(async {
                std::hint::black_box(&message.data);
                Ok(())
            })
        },
    )
    .topology(|topology| {
        topology.processors.stages(PROCESSORS).max_demand(max_demand);
        topology.batcher("default").batch_size(BATCH as u64);
    })
    .handle_batch(|_| Box::pin(async { Ok(()) }));
    let report = pipeline.start_link().await.expect("it starts").wait().await.expect("it ends");
    let work_off = start.elapsed();
    assert_eq!((report.acknowledged, report.undelivered), (messages as u64, 0), "{report}");
    assert_eq!(queue.depth().await.expect("the file can be read").total(), 0, "the queue is empty");
    Run { send, work_off }
}

async fn filled(path: &Path, messages: usize) -> (SqliteQueue, std::time::Duration) {
    let queue = SqliteQueue::open(path).await.expect("a file");
    let start = Instant::now();
    for from in (0..messages).step_by(BATCH) {
        queue.send_batch((from..from + BATCH).map(body)).await.expect("the file can be written");
    }
    (queue, start.elapsed())
}
