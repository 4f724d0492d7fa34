//! The pipeline: as many stages receive, and what is handled is deleted in tens.

use std::time::{Duration, Instant};

use broadway::Builder;
use broadway_sqs::{SqsProducer, SqsQueue};

use super::{RECEIVES, Requests, WAIT_SECONDS, until_deleted};

pub(crate) async fn run(queue: SqsQueue, requests: Requests, messages: usize, max_demand: u64) -> Duration {
    let start = Instant::now();
    let source = SqsProducer::new(&queue).wait_time_seconds(WAIT_SECONDS);
    let pipeline = Builder::<_, ()>::new(
        "orders",
        move |_| source.clone(),
        |message| {
            Box::pin(async {
                std::hint::black_box(message.text()?);
                Ok(())
            })
        },
    )
    .topology(move |topology| {
        topology.producers.stages(RECEIVES as u64);
        topology.processors.stages(RECEIVES as u64).max_demand(max_demand);
    })
    .start_link()
    .await
    .expect("the pipeline starts");
    let took = until_deleted(start, &requests, std::future::pending::<()>()).await;
    let report = pipeline.stop().await.expect("the pipeline ends");
    assert_eq!((report.acknowledged, report.failed, report.undelivered), (messages as u64, 0, 0), "{report}");
    took
}
