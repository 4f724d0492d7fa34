//! One call for each source and round; a source that cannot be told harms no other.

use broadway::{Builder, DefaultBatcher, Pipeline, Status};
use broadway_tests::{BatchOf, Recorder, Scripted, Step, assert_settled, within};
use futures::FutureExt;

const OK: Status = Status::Successful;
const FAILED: Status = Status::Failed;

/// Batches of four from two sources: 10 and 1, then 20 and 2, of the first; 11 and 3, then 21 and 4, of the second. Those
/// below 10 fail in their batch.
async fn two_sources(first: &Recorder, second: &Recorder) -> Pipeline {
    // The second messages come after a back-off.
    let sources = [(first, [10, 1], [20, 2]), (second, [11, 3], [21, 4])].map(|(recorder, first, second)| {
        Scripted::new(recorder, [Step::Fail(first.to_vec()), Step::Finish(second.to_vec())])
    });
    Builder::new(
        "groups",
        move |stage| sources[stage.get()].another(),
        |message| {
            let data = message.data;
            async move { Ok(data) }.boxed()
        },
    )
    .topology(|topology| {
        topology.producers.stages(2);
        topology.processors.stages(1).max_demand(4).min_demand(0);
        topology.batcher("default").batch_size(4);
    })
    .handle_batch(|batch: &mut BatchOf<DefaultBatcher>| {
        let bad = batch.messages_mut().iter_mut().filter(|message| message.data < 10);
        bad.for_each(|message| message.fail("bad"));
        async { Ok(()) }.boxed()
    })
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn t081_a_batch_of_two_sources_is_one_call_for_each() {
    within(async {
        let (first, second) = (Recorder::default(), Recorder::default());
        assert_settled(&two_sources(&first, &second).await.wait().await.unwrap());
        assert_eq!(first.brief(), [[(10, OK), (1, FAILED)], [(20, OK), (2, FAILED)]]);
        assert_eq!(second.brief(), [[(11, OK), (3, FAILED)], [(21, OK), (4, FAILED)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t084_an_acknowledger_that_panics_harms_no_other_source_and_no_later_batch() {
    within(async {
        let (first, second) = (Recorder::default(), Recorder::default());
        first.panic(1);
        assert_settled(&two_sources(&first, &second).await.wait().await.unwrap());
        // It is told again, too.
        assert_eq!(first.all(), [(1, FAILED), (2, FAILED), (10, OK), (20, OK)]);
        assert_eq!(second.brief(), [[(11, OK), (3, FAILED)], [(21, OK), (4, FAILED)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t035_an_acknowledger_that_panics_on_a_failure_of_a_processor_harms_no_other_message() {
    within(async {
        let recorder = Recorder::default();
        recorder.panic(1);
        let source = Scripted::new(&recorder, [Step::Finish(vec![10, 1, 11])]);
        let pipeline = Builder::new(
            "fails",
            move |_| source.another(),
            |message| {
                let data = message.data;
                async move { if data < 10 { Err("fails".into()) } else { Ok(data) } }.boxed()
            },
        );
        let pipeline = pipeline.topology(|topology| {
            topology.processors.stages(1).max_demand(2).min_demand(1);
            topology.batcher("default").batch_size(2);
        });
        let pipeline = pipeline.handle_batch(|_: &mut BatchOf<DefaultBatcher>| async { Ok(()) }.boxed());
        let report = pipeline.start_link().await.unwrap().wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((recorder.all(), report.restarts), (vec![(1, FAILED), (10, OK), (11, OK)], 0));
    })
    .await;
}
