//! When a batch leaves, and with what.

use broadway::{
    BatchMode, Builder, Closures, DefaultBatcher, Pipeline, Status, Trigger, testing::TestProducer, topology::Topology,
};
use broadway_tests::{Gate, Log, assert_one_verdict_each, assert_settled, ms, sorted, within};
use futures::FutureExt;
use tokio::time::Instant;

type Batch = broadway::Batch<Closures<(u64, bool), u64, DefaultBatcher>>;

/// A batch as `handle_batch` saw it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    at: u64,
    outputs: Vec<u64>,
    trigger: &'static str,
}

fn seen(at: u64, outputs: impl IntoIterator<Item = u64>, trigger: &'static str) -> Seen {
    Seen { at, outputs: outputs.into_iter().collect(), trigger }
}

/// Messages are a number, whose tens are the batch key, and whether they flush. One processor; the sink waits at the gate.
async fn start(
    producer: &TestProducer<(u64, bool)>,
    sink: &Gate,
    change: impl FnOnce(&mut Topology),
) -> (Pipeline, Log<Seen>) {
    let (source, sink, start, batches) = (producer.clone(), sink.clone(), Instant::now(), Log::new());
    let log = batches.clone();
    let pipeline = Builder::new(
        "batching",
        move |_| source.clone(),
        |message| {
            let (number, flush) = message.data;
            message.put_batch_key(&(number / 10));
            message.put_batch_mode(if flush { BatchMode::Flush } else { BatchMode::Bulk });
            async move { Ok(number) }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(100).min_demand(0);
        topology.batcher("default").batch_size(3).batch_timeout(100);
        change(topology);
    })
    .handle_batch(move |batch: &mut Batch| {
        let info = batch.info();
        assert_eq!(info.size(), batch.len());
        assert!(batch.outputs().iter().all(|number| Some(&(number / 10)) == info.batch_key()));
        let trigger = match info.trigger() {
            Trigger::Size => "size",
            Trigger::Timeout => "timeout",
            Trigger::Flush => "flush",
            Trigger::Pressure => "pressure",
            _ => "unknown",
        };
        log.push(seen(start.elapsed().as_millis() as u64, batch.outputs().to_vec(), trigger));
        let sink = sink.clone();
        async move {
            sink.pass().await;
            Ok(())
        }
        .boxed()
    })
    .start_link()
    .await
    .unwrap();
    (pipeline, batches)
}

fn open() -> Gate {
    let gate = Gate::shut();
    gate.open();
    gate
}

fn bulk(numbers: impl IntoIterator<Item = u64>) -> Vec<(u64, bool)> {
    numbers.into_iter().map(|number| (number, false)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_leaves_at_once_and_what_is_left_when_the_source_ends_is_flushed() {
    within(async {
        let producer = TestProducer::of(bulk(0..8));
        let (pipeline, batches) = start(&producer, &open(), |_| {}).await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(batches.all(), [seen(0, 0..3, "size"), seen(0, 3..6, "size"), seen(0, 6..8, "flush")]);
        assert_eq!(report.batches, 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_batch_runs_from_its_first_message_and_is_not_restarted() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, batches) = start(&producer, &open(), |_| {}).await;
        tokio::time::sleep(ms(10)).await;
        producer.push((0, false));
        tokio::time::sleep(ms(70)).await;
        producer.push((1, false));
        tokio::time::sleep(ms(10)).await;
        producer.push((10, false));
        tokio::time::sleep(ms(110)).await;
        // A batch that left full takes its time with it: the next one of the key has its own.
        producer.push_all(bulk([2, 3, 4]));
        tokio::time::sleep(ms(50)).await;
        producer.push((5, false));
        tokio::time::sleep(ms(200)).await;
        assert_eq!(
            batches.all(),
            [
                seen(110, [0, 1], "timeout"),
                seen(190, [10], "timeout"),
                seen(200, [2, 3, 4], "size"),
                seen(350, [5], "timeout"),
            ]
        );
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_flush_message_makes_its_keys_batch_leave_at_the_end_of_the_take() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, batches) = start(&producer, &open(), |topology| {
            topology.batcher("default").batch_size(10);
        })
        .await;
        producer.push((0, false));
        tokio::time::sleep(ms(10)).await;
        producer.push_all([(1, true), (2, false), (10, true), (3, false), (20, false)]);
        tokio::time::sleep(ms(10)).await;
        assert_eq!(batches.all(), [seen(10, [0, 1, 2, 3], "flush"), seen(10, [10], "flush")]);
        // It is over with the take: what comes later fills a batch of its own.
        producer.push((4, false));
        tokio::time::sleep(ms(200)).await;
        assert_eq!(batches.all()[2..], [seen(110, [20], "timeout"), seen(120, [4], "timeout")]);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_never_larger_than_its_size_when_it_is_flushed() {
    within(async {
        let producer = TestProducer::of((0..7).map(|number| (number, true)));
        let (pipeline, batches) = start(&producer, &open(), |_| {}).await;
        pipeline.wait().await.unwrap();
        assert_eq!(batches.all(), [seen(0, 0..3, "size"), seen(0, 3..6, "size"), seen(0, 6..7, "flush")]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn at_max_pending_the_oldest_batch_leaves_early() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, batches) = start(&producer, &open(), |topology| {
            topology.batcher("default").max_pending(4).batch_timeout(60_000);
        })
        .await;
        producer.push_all(bulk([0, 1, 10]));
        tokio::time::sleep(ms(10)).await;
        assert_eq!(batches.all(), []);
        producer.push_all(bulk([20, 30]));
        tokio::time::sleep(ms(10)).await;
        assert_eq!(batches.all(), [seen(10, [0, 1], "pressure")]);
        producer.push((40, false));
        tokio::time::sleep(ms(10)).await;
        assert_eq!(batches.all()[1..], [seen(20, [10], "pressure")]);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn at_max_pending_the_oldest_batches_make_room_for_an_eighth_of_it() {
    within(async {
        let producer = TestProducer::new();
        let (pipeline, batches) = start(&producer, &open(), |topology| {
            topology.batcher("default").max_pending(16).batch_timeout(60_000);
        })
        .await;
        producer.push_all(bulk((0..16).map(|key| key * 10)));
        tokio::time::sleep(ms(10)).await;
        assert_eq!(batches.all(), [seen(0, [0], "pressure"), seen(0, [10], "pressure")]);
        let report = pipeline.stop().await.unwrap();
        assert_eq!((batches.len(), report.acknowledged), (16, 16));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_sink_that_hangs_is_bounded() {
    within(async {
        let (producer, sink) = (TestProducer::of(bulk(0..1_000)), Gate::shut());
        let (pipeline, batches) = start(&producer, &sink, |topology| {
            topology.processors.stages(2).max_demand(10).min_demand(5);
            topology.batcher("default").stages(2).max_pending(12).max_demand(7);
        })
        .await;
        tokio::time::sleep(ms(5_000)).await;
        let in_flight = pipeline.stats().in_flight;
        // Processors, the batcher's own demand, what it forms batches of, and the batches in hand.
        assert!(in_flight <= 20 + 7 + 12 + 2 * 3, "{in_flight}");
        assert_eq!(batches.len(), 2);
        sink.open();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_one_verdict_each(&producer, 1_000);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_due_batch_still_fills_while_the_sink_is_busy_and_leaves_in_the_order_of_being_due() {
    within(async {
        let (producer, sink) = (TestProducer::new(), Gate::shut());
        let (pipeline, batches) = start(&producer, &sink, |_| {}).await;
        producer.push_all(bulk([0, 1, 2, 10, 20]));
        sink.until_waiting(1).await;
        tokio::time::sleep(ms(500)).await;
        // Both are due; the second one becomes full, the third key fills at once.
        producer.push_all(bulk([11, 21, 22, 30, 31, 32]));
        tokio::time::sleep(ms(500)).await;
        sink.open();
        tokio::time::sleep(ms(10)).await;
        let left: Vec<(Vec<u64>, &str)> = batches.all().into_iter().map(|seen| (seen.outputs, seen.trigger)).collect();
        assert_eq!(
            left,
            [
                (vec![0, 1, 2], "size"),
                (vec![10, 11], "timeout"),
                (vec![20, 21, 22], "timeout"),
                (vec![30, 31, 32], "size"),
            ]
        );
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_due_batch_is_not_late_because_another_sink_is_slow() {
    within(async {
        let (producer, start) = (TestProducer::new(), Instant::now());
        let (source, handled) = (producer.clone(), Log::new());
        let log = handled.clone();
        let pipeline = Builder::new(
            "partitions",
            move |_| source.clone(),
            |message: &mut broadway::Message<u64>| {
                let data = message.data;
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").stages(2).batch_size(2).batch_timeout(100);
        })
        .partition_by(|message| message.data)
        .handle_batch(move |batch| {
            log.push((start.elapsed().as_millis(), batch.outputs().to_vec()));
            let slow = batch.outputs()[0] % 2 == 0;
            async move {
                tokio::time::sleep(if slow { ms(5_000) } else { ms(0) }).await;
                Ok(())
            }
            .boxed()
        })
        .start_link()
        .await
        .unwrap();
        // Partition 0 is busy for 5 s and has a second full batch; partition 1 has one that is due at 100 ms.
        producer.push_all([0, 2, 4, 6, 1]);
        tokio::time::sleep(ms(200)).await;
        assert_eq!(handled.all(), [(0, vec![0, 2]), (100, vec![1])]);
        let outcome = pipeline.test_message(3u64).await;
        assert_eq!((outcome.status, start.elapsed() < ms(250)), (Status::Successful, true));
        assert_settled(&pipeline.stop().await.unwrap());
        assert_eq!(sorted(handled.all().into_iter().flat_map(|(_, outputs)| outputs)), [0, 1, 2, 3, 4, 6]);
    })
    .await;
}
