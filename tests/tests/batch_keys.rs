//! What may be a batch key, and which keys are one.

use broadway::{Builder, Closures, DefaultBatcher, testing::TestProducer};
use broadway_tests::{Log, assert_settled, sorted, within};
use futures::FutureExt;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// A key of one's own, that does not look at all of itself.
#[derive(Debug, Clone, Eq)]
struct Customer {
    id: u64,
    #[expect(dead_code, reason = "two customers with different notes are one")]
    note: &'static str,
}

impl PartialEq for Customer {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl std::hash::Hash for Customer {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

#[tokio::test(start_paused = true)]
async fn keys_group_by_type_and_value_and_come_back_typed() {
    within(async {
        let (producer, batches) = (TestProducer::of(0..16u64), Log::new());
        let (source, log) = (producer.clone(), batches.clone());
        let pipeline = Builder::new(
            "keys",
            move |_| source.clone(),
            |message| {
                let data = message.data;
                match data {
                    0 | 8 => message.put_batch_key(&1u8),
                    1 | 9 => message.put_batch_key(&1u64),
                    2 | 10 => message.put_batch_key("1"),
                    3 | 11 => message.put_batch_key(&"1".to_owned()),
                    4 | 12 => message.put_batch_key(&("1".to_owned(), 1i32)),
                    5 => message.put_batch_key(&Customer { id: 1, note: "old" }),
                    13 => message.put_batch_key(&Customer { id: 1, note: "new" }),
                    6 => message.put_batch_key(&Customer { id: 2, note: "old" }),
                    14 => message.put_batch_key(&u128::MAX),
                    _ => {}
                }
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(100);
        })
        .handle_batch(move |batch: &mut Batch| {
            let info = batch.info();
            let key = match batch.outputs()[0] {
                0 => info.batch_key::<u8>().map(|key| format!("u8 {key}")),
                1 => info.batch_key::<u64>().map(|key| format!("u64 {key}")),
                2 => info.batch_key::<String>().map(|key| format!("text {key}")),
                4 => info.batch_key::<(String, i32)>().map(|key| format!("tuple {key:?}")),
                5 | 6 => info.batch_key::<Customer>().map(|key| format!("customer {}", key.id)),
                14 => info.batch_key::<u128>().map(|key| format!("u128 {key:x}")),
                _ => Some("none".to_owned()),
            };
            log.push((batch.outputs().to_vec(), key.unwrap()));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        let batch = |outputs: &[u64], key: &str| (outputs.to_vec(), key.to_owned());
        assert_eq!(
            sorted(batches.all()),
            [
                batch(&[0, 8], "u8 1"),
                batch(&[1, 9], "u64 1"),
                batch(&[2, 3, 10, 11], "text 1"),
                batch(&[4, 12], "tuple (\"1\", 1)"),
                batch(&[5, 13], "customer 1"),
                batch(&[6], "customer 2"),
                batch(&[7, 15], "none"),
                batch(&[14], "u128 ffffffffffffffffffffffffffffffff"),
            ]
        );
    })
    .await;
}
