//! `Duration::MAX` means never, wherever a time is asked for: no stage crashes of it, and no message waits for it in vain.

use std::time::Duration;

use broadway::{
    Builder, EndReason, Message, Report, Result, ResultExt,
    stage::from_iter,
    topology::{Topology, check},
};
use broadway_tests::{assert_settled, ms, within};
use futures::{FutureExt, future::BoxFuture};

const FOREVER: Duration = Duration::MAX;

/// A pipeline of five messages with two batches of two; one is left when it drains.
fn five(
    change: impl FnOnce(&mut Topology),
    handle: impl Fn(u64) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
) -> Builder<u64, ()> {
    Builder::new("forever", |_| from_iter(0..5), move |message: &mut Message<u64>| handle(message.data))
        .topology(|topology| {
            topology.producers.stages(1);
            topology.batcher("default").batch_size(2);
            change(topology);
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
}

fn assert_undisturbed(report: &Report) {
    assert_settled(report);
    assert_eq!(report.restarts, 0, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_that_never_comes_limits_nothing() {
    type Change = fn(&mut Topology);
    let options: [(&str, Change); 9] = [
        ("shutdown", |topology| _ = topology.shutdown(FOREVER)),
        ("give_up_after", |topology| _ = topology.producers.give_up_after(FOREVER)),
        ("rate_limiting", |topology| _ = topology.producers.rate_limiting(6, FOREVER)),
        ("processors", |topology| _ = topology.processors.timeout(FOREVER)),
        ("batch_timeout", |topology| _ = topology.batcher("default").batch_timeout(FOREVER)),
        ("batchers", |topology| _ = topology.batcher("default").timeout(FOREVER)),
        ("within", |topology| _ = topology.processors.retry(|retry| retry.within(FOREVER))),
        ("max", |topology| _ = topology.processors.retry(|retry| retry.backoff(|backoff| backoff.max(FOREVER)))),
        ("min", |topology| {
            _ = topology.batcher("default").retry(|retry| retry.backoff(|backoff| backoff.min(FOREVER).max(FOREVER)))
        }),
    ];
    for (option, change) in options {
        let mut topology = Topology::new("forever");
        change(&mut topology);
        assert_eq!(check(&topology), [], "{option}");
        within(async {
            let pipeline = five(change, |_| async { Ok(()) }.boxed()).start_link().await.unwrap();
            let report = pipeline.wait().await.unwrap_or_else(|error| panic!("{option}: {error}"));
            assert_undisturbed(&report);
            assert_eq!(report.acknowledged, 5, "{option}");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_tried_again_never_is_tried_when_the_pipeline_drains() {
    for by in ["mark", "back-off"] {
        within(async move {
            let change = |topology: &mut Topology| {
                let rules = topology.processors.stages(2);
                rules.retry(|retry| retry.backoff(|backoff| backoff.min(FOREVER).max(FOREVER).factor(2).jitter(0)));
            };
            let handle = move |number| {
                async move {
                    match (number, by) {
                        (1, "mark") => Ok(Err("down").retry_after(FOREVER)?),
                        (1, _) => Err("down".into()),
                        _ => Ok(()),
                    }
                }
                .boxed()
            };
            let pipeline = five(change, handle).start_link().await.unwrap();
            let report = match tokio::time::timeout(ms(60_000), pipeline.handle().ended()).await {
                Ok(ended) => ended.unwrap(),
                Err(_) => pipeline.stop().await.unwrap(),
            };
            assert_undisturbed(&report);
            assert_eq!((report.acknowledged, report.released), (4, 1), "{by}: {report:?}");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_may_take_for_ever_ends_with_the_last_message() {
    within(async {
        let handle = |_| {
            async {
                tokio::time::sleep(ms(100)).await;
                Ok(())
            }
            .boxed()
        };
        let pipeline = five(
            |topology| {
                topology.processors.stages(1);
            },
            handle,
        )
        .start_link()
        .await
        .unwrap();
        tokio::time::sleep(ms(150)).await;
        let report = pipeline.stop_within(FOREVER).await.unwrap();
        assert_undisturbed(&report);
        assert_eq!((report.released, report.reason), (0, EndReason::Stopped), "{report:?}");
    })
    .await;
}
