//! What `handle_batch` may do with the items of its batch, one by one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use broadway::{
    Batch, BoxProducer, Broadway, DefaultBatcher, FailureKind, Message, Result, StageIndex, StartLink, Status,
    testing::TestProducer, topology::Topology,
};
use broadway_tests::{Gate, Log, assert_one_verdict_each, assert_settled, within};

/// What `handle_batch` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// `settle_each` with an error for 1, and this many results.
    Settle(usize),
    /// The same, for an item that has failed before.
    SettleAfterFailing,
    /// `for_each_concurrent` with this limit.
    Each(usize),
    /// The same, and then it fails.
    EachThenFail,
    /// The same, after one item has failed and the outputs of the others were taken.
    EachWithoutOutputs,
}

struct Items {
    does: Does,
    sink: Gate,
    seen: Log<u64>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    failures: Log<(u64, FailureKind, String)>,
}

impl Items {
    /// Stores one item: 1 fails, 2 panics.
    async fn store(&self, message: &mut Message<u64>, output: &mut u64) -> Result<()> {
        assert_eq!(message.data, *output);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        self.sink.pass().await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.seen.push(*output);
        match *output {
            1 => Err("refused".into()),
            2 => panic!("told to panic"),
            _ => Ok(()),
        }
    }
}

impl Broadway for Items {
    type Data = u64;
    type Output = u64;
    type Batcher = DefaultBatcher;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("Items");
        topology.processors.stages(1);
        topology.batcher("default").batch_size(5).batch_timeout(10).timeout(500);
        topology
    }

    async fn producer(&self, _: StageIndex) -> Result<BoxProducer<u64>> {
        Err("set by the test".into())
    }

    async fn process(&self, message: &mut Message<u64>) -> Result<u64> {
        Ok(message.data)
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        match self.does {
            Does::Settle(count) => {
                let results = (0..count as u64).map(|n| if n == 1 { Err("refused") } else { Ok(n) });
                batch.settle_each(results.collect::<Vec<_>>());
            }
            Does::SettleAfterFailing => {
                batch.messages_mut()[1].fail("before");
                batch.settle_each((0..5).map(|_| Err::<(), _>("refused")));
            }
            Does::Each(limit) => {
                batch.for_each_concurrent(limit, |message, output| self.store(message, output)).await;
                // They are to be seen before they are in the messages.
                let failed: Vec<_> = batch.failures().map(|(place, failure)| (place, failure.kind())).collect();
                assert_eq!(failed, [(1, FailureKind::Error), (2, FailureKind::Panic)]);
                assert!(batch.messages()[1].failure().is_none());
                assert!(batch.messages_mut()[1].failure().is_some());
                assert_eq!(batch.failures().count(), 2);
            }
            Does::EachThenFail => {
                batch.for_each_concurrent(5, |message, output| self.store(message, output)).await;
                return Err("the rest".into());
            }
            Does::EachWithoutOutputs => {
                batch.messages_mut()[0].fail("before");
                batch.take_outputs();
                batch.for_each_concurrent(5, |message, output| self.store(message, output)).await;
            }
        }
        Ok(())
    }

    async fn process_failed(&self, messages: &mut [Message<u64>]) -> Result<()> {
        for message in messages {
            let failure = message.failure().unwrap();
            assert_eq!(failure.stage(), "batch_processor_default_0");
            self.failures.push((message.data, failure.kind(), failure.reason().to_string()));
        }
        Ok(())
    }
}

/// A batch of 0 to 4, and what became of it.
struct Ran {
    producer: TestProducer<u64>,
    seen: Vec<u64>,
    failures: Vec<(u64, FailureKind, String)>,
    most: usize,
}

async fn run(does: Does, sink: Gate) -> Ran {
    let producer = TestProducer::of(0..5u64);
    let (seen, failures, most) = (Log::new(), Log::new(), Arc::default());
    let items = Items {
        does,
        sink,
        seen: seen.clone(),
        running: Arc::default(),
        most: Arc::clone(&most),
        failures: failures.clone(),
    };
    let pipeline = items.configure().producer(producer.clone()).start_link().await.unwrap();
    assert_settled(&pipeline.wait().await.unwrap());
    assert_one_verdict_each(&producer, 5);
    Ran { producer, seen: seen.all(), failures: failures.all(), most: most.load(Ordering::SeqCst) }
}

fn open() -> Gate {
    let gate = Gate::shut();
    gate.open();
    gate
}

fn refused(message: u64) -> (u64, FailureKind, String) {
    (message, FailureKind::Error, "refused".into())
}

#[tokio::test(start_paused = true)]
async fn settle_each_fails_each_item_whose_result_is_an_error() {
    within(async {
        let ran = run(Does::Settle(5), open()).await;
        assert_eq!(ran.failures, [refused(1)]);
        assert_eq!(ran.producer.with(Status::Successful), [0, 2, 3, 4]);
        // The first reason counts.
        let ran = run(Does::SettleAfterFailing, open()).await;
        let before = (1, FailureKind::Error, "before".into());
        assert_eq!(ran.failures, [refused(0), before, refused(2), refused(3), refused(4)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn settle_each_with_the_wrong_number_of_results_fails_every_item() {
    within(async {
        for (count, word) in [(0, "0"), (3, "3"), (6, "more")] {
            let ran = run(Does::Settle(count), open()).await;
            assert_eq!(ran.producer.with(Status::Failed), [0, 1, 2, 3, 4], "{count} results");
            let text = format!("`settle_each` was given {word} results for 5 messages");
            for (message, kind, reason) in ran.failures {
                let expected = if message == 1 && count > 1 { "refused" } else { &*text };
                assert_eq!((kind, &*reason), (FailureKind::Error, expected), "{count} results");
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn items_are_worked_on_side_by_side_and_fail_alone() {
    within(async {
        for (limit, most) in [(0, 1), (1, 1), (3, 3), (9, 5)] {
            let gate = Gate::shut();
            let opens = gate.clone();
            let opening = tokio::spawn(async move {
                opens.until_waiting(most).await;
                opens.open();
            });
            let ran = run(Does::Each(limit), gate).await;
            opening.await.unwrap();
            assert_eq!(ran.most, most, "limit {limit}");
            let panicked = (2, FailureKind::Panic, "told to panic".into());
            assert_eq!(ran.failures, [refused(1), panicked]);
            assert_eq!(ran.producer.with(Status::Successful), [0, 3, 4]);
            assert_eq!(broadway_tests::sorted(ran.seen), [0, 1, 2, 3, 4]);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_failed_by_itself_keeps_its_reason_when_the_batch_fails() {
    within(async {
        let ran = run(Does::EachThenFail, open()).await;
        let rest = |message| (message, FailureKind::Error, "the rest".to_owned());
        let panicked = (2, FailureKind::Panic, "told to panic".into());
        assert_eq!(ran.failures, [rest(0), refused(1), panicked, rest(3), rest(4)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn items_that_have_failed_are_left_out_and_items_without_an_output_fail() {
    within(async {
        let ran = run(Does::EachWithoutOutputs, open()).await;
        assert!(ran.seen.is_empty());
        let taken = |message| (message, FailureKind::Error, "its output was taken before".to_owned());
        assert_eq!(ran.failures, [(0, FailureKind::Error, "before".into()), taken(1), taken(2), taken(3), taken(4)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_failed_before_a_time_out_keeps_its_reason() {
    within(async {
        let gate = Gate::shut();
        let opens = gate.clone();
        // The first three get through, and the others hang until the time-out.
        let opening = tokio::spawn(async move {
            opens.until_waiting(5).await;
            opens.let_through(3);
        });
        let ran = run(Does::EachThenFail, gate).await;
        opening.await.unwrap();
        let timed_out = |message| (message, FailureKind::TimedOut, "no result after 500ms".to_owned());
        let panicked = (2, FailureKind::Panic, "told to panic".into());
        assert_eq!(ran.failures, [timed_out(0), refused(1), panicked, timed_out(3), timed_out(4)]);
    })
    .await;
}
