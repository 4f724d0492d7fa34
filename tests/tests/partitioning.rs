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

/// What each stage saw, ordered by the first thing that it saw.
fn by_stage<T: Clone + Ord>(seen: &Seen<T>) -> Vec<Vec<T>> {
    let mut stages: Vec<(Id, Vec<T>)> = Vec::new();
    for (id, item) in seen.all() {
        match stages.iter_mut().find(|(stage, _)| *stage == id) {
            Some((_, items)) => items.push(item),
            None => stages.push((id, vec![item])),
        }
    }
    let mut items: Vec<Vec<T>> = stages.into_iter().map(|(_, items)| items).collect();
    items.sort();
    items
}

#[tokio::test(start_paused = true)]
async fn t049_t050_each_stage_sees_its_partition_in_order() {
    within(async {
        let producer = TestProducer::of(1..=12u64);
        let (pipeline, messages, batches) = start(&producer, 2, |message| message.data).await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(by_stage(&messages), [[1, 3, 5, 7, 9, 11], [2, 4, 6, 8, 10, 12]]);
        assert_eq!(
            by_stage(&batches),
            [vec![vec![1, 3], vec![5, 7], vec![9, 11]], vec![vec![2, 4], vec![6, 8], vec![10, 12]],]
        );
        assert_one_verdict_each(&producer, 12);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t051_batch_keys_and_partitions_together() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, _, batches) = start(&producer, 4, |message| message.data).await;
        producer.push_all(16..=23u64);
        pipeline.wait_until(|stats| stats.acknowledged == 8).await;
        let mut batches: Vec<Vec<u64>> = batches.all().into_iter().map(|(_, batch)| batch).collect();
        batches.sort();
        assert_eq!(batches, [[16, 18], [17, 19], [20, 22], [21, 23]]);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t052_the_partition_is_what_the_function_says() {
    within(async {
        let producer = TestProducer::of(1..=12u64);
        let (pipeline, messages, batches) = start(&producer, 2, |message| u64::from(message.data > 6)).await;
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(by_stage(&messages), [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]);
        assert_eq!(
            by_stage(&batches),
            [vec![vec![1, 2], vec![3, 4], vec![5, 6]], vec![vec![7, 8], vec![9, 10], vec![11, 12]],]
        );
    })
    .await;
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
