//! Messages of one partition value stay in order, through both layers.

use broadway::{Builder, Closures, DefaultBatcher, FailureKind, Message, Pipeline, Status, testing::TestProducer};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;
use tokio::task::Id;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// Which stage saw what.
type Seen<T> = Log<(Id, T)>;

/// Two processors and two batch processors, that take their time, differently for each message.
async fn start(
    producer: &TestProducer<u64>,
    batch_size: u64,
    partition_by: impl Fn(&Message<u64>) -> u64 + Send + Sync + 'static,
) -> (Pipeline, Seen<u64>, Seen<Vec<u64>>) {
    let (source, messages, batches) = (producer.clone(), Seen::new(), Seen::new());
    let (message_log, batch_log) = (messages.clone(), batches.clone());
    let pipeline = Builder::new(
        "partitions",
        move |_| source.clone(),
        move |message| {
            let log = message_log.clone();
            async move {
                tokio::time::sleep(ms(message.data * 37 % 11)).await;
                log.push((tokio::task::id(), message.data));
                message.put_batch_key(&(message.data >= 20));
                Ok(message.data)
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(2);
        topology.batcher("default").stages(2).batch_size(batch_size).batch_timeout(80);
    })
    .partition_by(partition_by)
    .handle_batch(move |batch: &mut Batch| {
        let log = batch_log.clone();
        async move {
            tokio::time::sleep(ms(batch.outputs()[0] * 53 % 17)).await;
            log.push((tokio::task::id(), batch.outputs().to_vec()));
            Ok(())
        }
        .boxed()
    })
    .start_link()
    .await
    .unwrap();
    (pipeline, messages, batches)
}

#[tokio::test(start_paused = true)]
async fn values_far_apart_stay_in_order_each() {
    within(async {
        let producer = TestProducer::of(0..600u64);
        let (pipeline, _, batches) = start(&producer, 7, |message| (message.data % 5).wrapping_mul(u64::MAX / 3)).await;
        assert_settled(&pipeline.wait().await.unwrap());
        for key in [false, true] {
            for value in 0..5 {
                let of_value = |batch: Vec<u64>| batch.into_iter().filter(move |n| n % 5 == value && (*n >= 20) == key);
                let handled: Vec<u64> = batches.all().into_iter().flat_map(|(_, batch)| of_value(batch)).collect();
                assert!(handled.is_sorted() && !handled.is_empty(), "{value}: {handled:?}");
            }
        }
        assert_one_verdict_each(&producer, 600);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_hangs_does_not_hold_up_another_while_there_is_demand() {
    within(async {
        let producer = TestProducer::of([0, 2, 4, 1, 3, 5, 7, 9u64]);
        let source = producer.clone();
        let pipeline = Builder::new(
            "hangs",
            move |_| source.clone(),
            |message| {
                let hangs = message.data == 0;
                async move { if hangs { std::future::pending().await } else { Ok(()) } }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(2);
        })
        .partition_by(|message| message.data)
        .start_link()
        .await
        .unwrap();
        pipeline.wait_until(|stats| stats.acknowledged == 5).await;
        let report = pipeline.stop_within(ms(1_000)).await.unwrap();
        assert_settled(&report);
        assert_eq!(report.released, 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_function_that_panics_fails_its_message_alone_in_either_layer() {
    within(async {
        let (producer, failures) = (TestProducer::of(0..10u64), Log::new());
        let (source, log) = (producer.clone(), failures.clone());
        // 3 panics on its way to the processors; 5 is made 105 there, and panics on its way to the batcher.
        let pipeline = Builder::new(
            "panics",
            move |_| source.clone(),
            |message| {
                message.data += 100;
                let data = message.data;
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(2);
            topology.batcher("default").stages(2).batch_size(2);
        })
        .partition_by(|message| match message.data {
            3 | 105 => panic!("told to panic"),
            data => data,
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
        .handle_failed(move |messages| {
            let failures = messages.iter().filter_map(Message::failure);
            failures.for_each(|failure| log.push((failure.kind(), failure.stage().to_owned())));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.restarts, producer.with(Status::Failed)), (0, vec![3, 5]));
        let mut failures = failures.all();
        failures.sort_by(|a, b| a.1.cmp(&b.1));
        assert_eq!(
            failures,
            [(FailureKind::Panic, "partition_by".to_owned()), (FailureKind::Panic, "processor_default_1".to_owned()),]
        );
    })
    .await;
}
