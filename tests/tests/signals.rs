//! A signal drains, and a second one releases at once what is left. The one test of this process, which signals itself.
#![cfg(unix)]

use broadway::{Builder, EndReason, Status, testing::TestProducer};
use broadway_tests::{Gate, assert_one_verdict_each, assert_settled, ms, within_real};
use futures::FutureExt;
use tokio::time::Instant;

/// SIGTERM, to this process.
fn terminate() {
    let id = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_releases_at_once_what_the_first_one_would_wait_for() {
    within_real(async {
        let (producer, gate) = (TestProducer::of(0..10u64), Gate::shut());
        let (source, handler) = (producer.clone(), gate.clone());
        let pipeline = Builder::new(
            "signals",
            move |_| source.clone(),
            move |message| {
                let gate = handler.clone();
                async move {
                    if message.data > 0 {
                        gate.pass().await;
                    }
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).max_demand(10).min_demand(9);
        })
        .start_link()
        .await
        .unwrap();
        let (report, second) = tokio::join!(pipeline.run_until_signal(), async {
            gate.until_waiting(1).await;
            terminate();
            while pipeline.health().running {
                tokio::time::sleep(ms(1)).await;
            }
            // The drain has 25 s, and waits for the handler.
            tokio::time::sleep(ms(200)).await;
            assert_eq!((pipeline.stats().in_flight, gate.waiting()), (9, 1));
            terminate();
            Instant::now()
        });
        let report = report.unwrap();
        assert!(second.elapsed() < ms(5_000), "{:?}", second.elapsed());
        assert_settled(&report);
        assert_eq!((report.reason, report.acknowledged, report.failed), (EndReason::Signalled, 1, 0));
        assert_eq!(producer.with(Status::Released), (1..10).collect::<Vec<_>>());
        assert_one_verdict_each(&producer, 10);
    })
    .await;
}
