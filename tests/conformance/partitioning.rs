//! Messages of one partition go to one processor and one batch processor, in order.

use broadway::{Builder, DefaultBatcher, Message, Pipeline, testing::TestProducer};
use broadway_tests::{BatchOf, Log, assert_settled, ms, sorted, within};
use futures::FutureExt;
use tokio::task::Id;

/// Which stage saw what.
type Seen<T> = Log<(Id, T)>;

/// Two processors and two batch processors, that take their time, differently for each message.
async fn start(
    numbers: impl IntoIterator<Item = u64>,
    batch_size: u64,
    partition_by: impl Fn(&Message<u64>) -> u64 + Send + Sync + 'static,
) -> (Pipeline, Seen<u64>, Seen<Vec<u64>>) {
    let (source, messages, batches) = (TestProducer::of(numbers), Seen::new(), Seen::new());
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
    .topology(move |topology| {
        topology.processors.stages(2);
        topology.batcher("default").stages(2).batch_size(batch_size).batch_timeout(80);
    })
    .partition_by(partition_by)
    .handle_batch(move |batch: &mut BatchOf<DefaultBatcher>| {
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
    assert_settled(&pipeline.wait().await.unwrap());
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
async fn t049_each_processor_handles_its_partition_in_order() {
    within(async {
        let (_pipeline, messages, _) = start(1..=8, 2, |message| message.data).await;
        assert_eq!(by_stage(&messages), [[1, 3, 5, 7], [2, 4, 6, 8]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t050_each_batch_processor_handles_the_batches_of_its_partition_in_order() {
    within(async {
        let (_pipeline, _, batches) = start(1..=12, 2, |message| message.data).await;
        assert_eq!(by_stage(&batches), [[[1, 3], [5, 7], [9, 11]], [[2, 4], [6, 8], [10, 12]]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t051_a_batch_is_of_one_key_and_of_one_partition() {
    within(async {
        let (_pipeline, _, batches) = start(16..=23, 4, |message| message.data).await;
        let batches = sorted(batches.all().into_iter().map(|(_, batch)| batch));
        assert_eq!(batches, [[16, 18], [17, 19], [20, 22], [21, 23]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t052_the_partition_is_what_the_function_says() {
    within(async {
        let (_pipeline, messages, batches) = start(1..=12, 2, |message| u64::from(message.data > 6)).await;
        assert_eq!(by_stage(&messages), [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]);
        assert_eq!(by_stage(&batches), [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]);
    })
    .await;
}
