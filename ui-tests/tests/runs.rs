//! What the attribute generates, run: every callback is called, and every message is settled as its callbacks say.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use broadway::{Error, StartLink as _, testing::TestProducer};
use ui_tests::prelude::*;

#[derive(Default)]
struct Numbers {
    source: TestProducer<String>,
    stored: Mutex<Vec<(NumbersBatcher, u64)>>,
    prepared: AtomicU64,
    failures: Mutex<Vec<String>>,
}

#[broadway(
    producers(default(module = self.source.clone(), transformer = parse)),
    processors(default(stages = 2, partition_by = |message| message.data)),
    batchers(default(batch_size = 10), large(batch_size = 2)),
)]
impl Numbers {
    async fn handle_message(&self, message: &mut NumbersMessage<u64>) -> Result<u64, Error> {
        match message.data {
            0 => message.done(),
            13 => Err("unlucky".into()),
            n if n >= 100 => {
                message.put_batcher(NumbersBatcher::Large);
                Ok(n * 2)
            }
            n => Ok(n),
        }
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        let batcher = batch.batcher();
        self.stored.lock().unwrap().extend(batch.outputs().iter().map(|n| (batcher, *n)));
    }

    async fn prepare_messages(&self, messages: &mut [NumbersMessage<u64>]) -> Result<()> {
        self.prepared.fetch_add(messages.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn handle_failed(&self, messages: &mut [NumbersMessage<u64>]) {
        let reasons = messages.iter().map(|message| message.failure().unwrap().to_string());
        self.failures.lock().unwrap().extend(reasons);
    }
}

/// Fails what is no number, and panics for one word.
fn parse(text: String) -> Result<u64, std::num::ParseIntError> {
    assert_ne!(text, "panic", "this word is not for parsing");
    text.parse()
}

#[tokio::test]
async fn every_callback_is_called_and_every_message_is_settled() {
    let texts = ["0", "1", "2", "13", "100", "none", "101", "panic", "3"];
    let numbers = Arc::new(Numbers { source: TestProducer::of(texts.map(String::from)), ..Numbers::default() });
    numbers.source.finish();
    let pipeline = numbers.clone().start_link().await.unwrap();
    let report = pipeline.wait().await.unwrap();

    let mut stored = numbers.stored.lock().unwrap().clone();
    stored.sort_by_key(|(_, n)| *n);
    use NumbersBatcher::{Default as Small, Large};
    assert_eq!(stored, [(Small, 1), (Small, 2), (Small, 3), (Large, 200), (Large, 202)]);
    // What the transformer refused has no data: it fails without any callback.
    assert_eq!(numbers.prepared.load(Ordering::Relaxed), 7);
    assert_eq!(*numbers.failures.lock().unwrap(), ["error: unlucky"]);
    assert_eq!((report.emitted, report.acknowledged, report.failed, report.released), (9, 6, 3, 0), "{report}");
}

#[tokio::test]
async fn a_value_that_only_start_knows_is_judged_there() {
    struct Orders(usize);

    #[broadway(producers(default(module = Payloads)), processors(default(stages = self.0)))]
    impl Orders {
        async fn handle_message(&self, _message: &mut OrdersMessage) {}
    }

    let error = Orders(0).start_link().await.unwrap_err().to_string();
    assert!(error.contains("`stages` must be at least 1"), "{error}");
    assert!(error.contains("runs.rs"), "{error}");
    Orders(1).start_link().await.unwrap().wait().await.unwrap();
}
