//! Which batcher a message goes to.

use broadway::{
    BatchMode, Batcher, Builder, Closures, FailureKind, Message, Pipeline, Status, Trigger, testing::TestProducer,
    topology::Topology,
};
use broadway_tests::{Gate, Log, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;

/// Two batchers; what is not routed goes to `Even`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Parity {
    Odd,
    Even,
}

impl Batcher for Parity {
    const DEFAULT: Option<Self> = Some(Self::Even);

    fn index(self) -> usize {
        self as usize
    }
}

/// The same, without a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Strict {
    Odd,
    Even,
}

impl Batcher for Strict {
    const DEFAULT: Option<Self> = None;

    fn index(self) -> usize {
        self as usize
    }
}

fn two_batchers(topology: &mut Topology) {
    topology.processors.stages(1);
    topology.batcher("odd").batch_size(10).batch_timeout(20);
    topology.batcher("even").batch_size(5).batch_timeout(20);
}

async fn start(producer: &TestProducer<u64>, mode: BatchMode) -> (Pipeline, Log<(Parity, Vec<u64>, Trigger)>) {
    let (source, batches) = (producer.clone(), Log::new());
    let log = batches.clone();
    let pipeline = Builder::routed(
        "parity",
        move |_| source.clone(),
        move |message: &mut Message<u64, Parity>| {
            message.put_batch_mode(mode);
            if message.data % 2 == 1 {
                message.put_batcher(Parity::Odd);
            }
            let data = message.data;
            async move { Ok(data) }.boxed()
        },
    )
    .topology(two_batchers)
    .topology(|topology| {
        topology.default_to("even");
    })
    .handle_batch(move |batch: &mut broadway::Batch<Closures<u64, u64, Parity>>| {
        log.push((batch.batcher(), batch.outputs().to_vec(), batch.info().trigger()));
        async { Ok(()) }.boxed()
    })
    .start_link()
    .await
    .unwrap();
    (pipeline, batches)
}

#[tokio::test(start_paused = true)]
async fn what_is_not_routed_goes_to_the_default() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, batches) = start(&producer, BatchMode::Flush).await;
        producer.push_all(1..=5u64);
        pipeline.wait_until(|stats| stats.acknowledged == 5).await;
        assert_eq!(
            batches.all(),
            [(Parity::Odd, vec![1, 3, 5], Trigger::Flush), (Parity::Even, vec![2, 4], Trigger::Flush),]
        );
        let outcome = pipeline.test_message(7u64).await;
        assert_eq!((outcome.status, outcome.batcher), (Status::Successful, Some(0)));
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_chose_no_batcher_fails_where_there_is_no_default() {
    within(async {
        let (producer, failed) = (TestProducer::of([1, 2, 3, 4, 5u64]), Log::new());
        let (source, log) = (producer.clone(), failed.clone());
        let pipeline = Builder::routed(
            "strict",
            move |_| source.clone(),
            |message: &mut Message<u64, Strict>| {
                match message.data {
                    1 | 3 => message.put_batcher(Strict::Odd),
                    2 => message.put_batcher(Strict::Even),
                    _ => {}
                }
                let data = message.data;
                async move { if data == 5 { Err("fails before it is routed".into()) } else { Ok(data) } }.boxed()
            },
        )
        .topology(two_batchers)
        .topology(|topology| {
            topology.unrouted_fail();
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
        .handle_failed(move |messages| {
            for failure in messages.iter().filter_map(Message::failure) {
                log.push((failure.kind(), failure.reason().to_string(), failure.is_permanent()));
            }
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(producer.with(Status::Successful), [0, 1, 2]);
        assert_eq!(
            failed.all(),
            [
                (
                    FailureKind::Unrouted,
                    "`handle_message` chose no batcher, and the pipeline has no default".into(),
                    true
                ),
                (FailureKind::Error, "fails before it is routed".into(), false),
            ]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unrouted_fail_holds_for_an_enum_that_has_a_default_too() {
    within(async {
        let producer = TestProducer::of([1u64]);
        let source = producer.clone();
        let pipeline = Builder::new("no default", move |_| source.clone(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.batcher("default");
                topology.unrouted_fail();
            })
            .handle_batch(|_| async { Ok(()) }.boxed())
            .start_link()
            .await
            .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(producer.with(Status::Failed), [0]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_batchers_a_message_ends_in_its_processor() {
    within(async {
        let producer = TestProducer::of([1, 2u64]);
        let source = producer.clone();
        let pipeline =
            Builder::new("none", move |_| source.clone(), |_| async { Ok(()) }.boxed()).start_link().await.unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.batches, report.took < ms(1), producer.with(Status::Successful)), (0, true, vec![0, 1]));
    })
    .await;
}

/// A processor that is quick wakes no other beside it; one that has to wait for a stalled batcher must.
#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_holds_up_no_more_processors_than_have_messages_for_it() {
    within(async {
        let (producer, sink) = (TestProducer::new(), Gate::shut());
        let (source, gate) = (producer.clone(), sink.clone());
        let pipeline = Builder::routed(
            "hanging",
            move |_| source.clone(),
            |message: &mut Message<u64, Parity>| {
                message.put_batcher(if message.data % 2 == 1 { Parity::Odd } else { Parity::Even });
                async { Ok(()) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(20);
            topology.batcher("odd").batch_size(1).stages(1).max_pending(1).max_demand(1);
            topology.batcher("even").batch_size(1);
            topology.default_to("even");
        })
        .handle_batch(move |batch: &mut broadway::Batch<Closures<u64, (), Parity>>| {
            let (odd, gate) = (batch.batcher() == Parity::Odd, gate.clone());
            async move {
                if odd {
                    gate.pass().await;
                }
                Ok(())
            }
            .boxed()
        })
        .start_link()
        .await
        .unwrap();
        for n in 1..=50 {
            producer.push(2 * n);
            pipeline.wait_until(|stats| stats.acknowledged == n).await;
        }
        // One in the batch processor, one that is pending, one in the batcher's inbox; the others, of two takes, have to wait.
        producer.push_all((0..9).map(|n| 2 * n + 1).chain((51..=100).map(|n| 2 * n)));
        tokio::time::sleep(ms(10)).await;
        let stats = pipeline.stats();
        assert_eq!((stats.acknowledged, stats.in_flight), (100, 9), "all even ones are through");
        sink.open();
        assert_settled(&pipeline.stop().await.unwrap());
        assert_one_verdict_each(&producer, 109);
    })
    .await;
}
