//! Without batchers a message ends in its processor.

use broadway::{EndReason, Status};
use broadway_tests::{Forwarder, Gate, ms, within};

#[tokio::test(start_paused = true)]
async fn t038_there_is_no_stage_for_batches() {
    within(async {
        let running = Forwarder::new("bare").start().await;
        let stages: Vec<String> = running.pipeline.stats().stages.into_iter().map(|stage| stage.name).collect();
        assert_eq!(stages, ["producer_0", "processor_default_0", "terminator"]);
        running.finish().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t039_each_chunk_is_a_round_of_verdicts() {
    within(async {
        let running = Forwarder::new("bare").flushing().start().await;
        running.source.push_all(0..2);
        assert_eq!(running.finish().await.batches, 0);
        assert_eq!(running.rounds(), [[(0, Status::Successful)], [(1, Status::Successful)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t040_a_failure_is_told_from_the_processor() {
    within(async {
        let running = Forwarder::new("bare").handle(|_| Err("fails".into())).start().await;
        running.source.push_all(0..1);
        running.finish().await;
        assert_eq!(running.rounds(), [[(0, Status::Failed)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t041_what_was_emitted_before_the_stop_is_handled_in_order() {
    within(async {
        let gate = Gate::shut();
        let forwarder = Forwarder::new("bare").gate(&gate);
        let running = forwarder
            .topology(|topology| {
                topology.processors.max_demand(4).min_demand(3);
            })
            .start()
            .await;
        running.source.push_all(0..5);
        running.pipeline.wait_until(|stats| stats.emitted == 4).await;
        let (report, ()) = tokio::join!(running.pipeline.stop(), async {
            tokio::time::sleep(ms(1)).await;
            gate.open();
        });
        let report = report.unwrap();
        assert_eq!((report.reason, report.acknowledged), (EndReason::Stopped, 4));
        assert_eq!(
            running.rounds(),
            [
                [(0, Status::Successful)],
                [(1, Status::Successful)],
                [(2, Status::Successful)],
                [(3, Status::Successful)]
            ]
        );
    })
    .await;
}
