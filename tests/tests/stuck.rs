//! A callback that blocks its thread cannot be cut: it is named, everything else is settled, and its late verdict is fenced
//! off. Real time, because a blocked thread stops virtual time.

use std::sync::{Arc, Mutex, mpsc};

use broadway::{Builder, Closures, DefaultBatcher, Status, StopError, testing::TestProducer};
use broadway_tests::{Log, assert_one_verdict_each, ms, within_real};
use futures::FutureExt;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// Blocks the thread that comes to it until the test says so.
struct Block {
    entered: mpsc::Sender<()>,
    leave: Mutex<mpsc::Receiver<()>>,
}

impl Block {
    fn new() -> (Arc<Self>, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (entered, has_entered) = mpsc::channel();
        let (let_go, leave) = mpsc::channel();
        (Arc::new(Self { entered, leave: Mutex::new(leave) }), has_entered, let_go)
    }

    fn pass(&self) {
        self.entered.send(()).unwrap();
        self.leave.lock().unwrap().recv().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_that_blocks_its_thread_is_named_and_its_late_verdict_is_not_passed_on() {
    within_real(async { (late_verdict(false).await, late_verdict(true).await) }).await;
}

async fn late_verdict(fails: bool) {
    let (block, has_entered, let_go) = Block::new();
    let (producer, handled, failed) = (TestProducer::of(0..20u64), Log::new(), Log::new());
    let (source, log, failed_log) = (producer.clone(), handled.clone(), failed.clone());
    let pipeline = Builder::new(
        "stuck",
        move |_| source.clone(),
        move |message| {
            let (block, log, data) = (block.clone(), log.clone(), message.data);
            async move {
                if data == 1 {
                    block.pass();
                }
                log.push(data);
                if fails && data == 1 { Err("fails".into()) } else { Ok(data) }
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(10).min_demand(7);
        topology.batcher("default").batch_size(100).batch_timeout(60_000);
    })
    .handle_batch(|_| async { Ok(()) }.boxed())
    .handle_failed(move |messages| {
        failed_log.push(messages.len());
        async { Ok(()) }.boxed()
    })
    .start_link()
    .await
    .unwrap();
    tokio::task::spawn_blocking(move || has_entered.recv().unwrap()).await.unwrap();
    let error = pipeline.stop_within(ms(500)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "callbacks did not yield by the deadline; look for blocking calls in `processor_default_0` (3 messages)"
    );
    let StopError::Stuck { stages, report } = error else { panic!("{error:?}") };
    assert_eq!((stages.len(), report.unsettled, report.acknowledged, report.failed), (1, 3, 0, 0));
    assert_eq!(report.released, report.emitted - 3);
    assert_eq!(producer.with(Status::Released), (3..report.emitted).collect::<Vec<_>>());

    let_go.send(()).unwrap();
    // The stage comes back, and ends; what it held is left to the source.
    let handle = pipeline.handle();
    handle.wait_until(|stats| stats.stages.iter().all(|stage| stage.in_hand == 0)).await;
    assert_eq!((producer.with(Status::Successful), producer.with(Status::Failed)), (vec![], vec![]));
    assert_eq!(handled.all(), [0, 1], "no more messages are handled after the end");
    assert!(failed.is_empty(), "what is released never comes to `handle_failed`");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_late_success_between_the_deadline_and_the_end_is_a_release() {
    within_real(async {
        let (block, has_entered, let_go) = Block::new();
        let producer = TestProducer::of(0..5u64);
        let source = producer.clone();
        let pipeline = Builder::new(
            "late",
            move |_| source.clone(),
            |message| {
                let data = message.data;
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(4).batch_timeout(60_000);
        })
        .handle_batch(move |_: &mut Batch| {
            let block = block.clone();
            async move {
                block.pass();
                Ok(())
            }
            .boxed()
        })
        .start_link()
        .await
        .unwrap();
        tokio::task::spawn_blocking(move || has_entered.recv().unwrap()).await.unwrap();
        let (report, ()) = tokio::join!(pipeline.stop_within(ms(4_000)), async {
            // What waits in the batcher is released when callbacks are cut; a tenth of the time is left then.
            pipeline.wait_until(|stats| stats.released > 0).await;
            let_go.send(()).unwrap();
        });
        let report = report.unwrap();
        assert_eq!((report.released, report.acknowledged, report.unsettled), (5, 0, 0));
        assert_eq!(pipeline.stats().late, 4);
        assert_one_verdict_each(&producer, 5);
        assert_eq!(producer.with(Status::Released), [0, 1, 2, 3, 4]);
    })
    .await;
}
