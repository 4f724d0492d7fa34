//! Where batches end by a splitter, and by bytes.

use broadway::{
    BatchMode, Builder, Closures, DefaultBatcher, FailureKind, Message, Split, Splitter, StartError, Status, Trigger,
    testing::TestProducer,
};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled, sorted, within};
use futures::FutureExt;

type Of<T> = Closures<T, T, DefaultBatcher>;
type Seen = (Vec<u64>, Trigger);

/// A batch leaves as soon as its budget is used up: `left` for odd numbers; even ones have half as much again, and count
/// twice (the rows T046 and T047 of Broadway).
#[derive(Clone)]
struct Budget {
    odd: i64,
    even: i64,
    twice: bool,
}

impl Splitter<Message<u64>, u64> for Budget {
    fn split(&mut self, message: &Message<u64>, output: &u64) -> Split {
        assert_eq!(message.data, *output);
        let amount = *output as i64;
        let left = if amount % 2 == 1 || !self.twice {
            self.odd -= amount;
            self.odd
        } else {
            self.even -= 2 * amount;
            self.even
        };
        if left <= 0 { Split::AddAndEmit } else { Split::Add }
    }
}

/// Numbers through one processor, by parity, in batches of at most 100.
async fn run(
    numbers: impl IntoIterator<Item = u64>,
    splitter: impl Splitter<Message<u64>, u64> + Clone,
    batch_size: u64,
) -> (Vec<Seen>, TestProducer<u64>) {
    let (producer, batches) = (TestProducer::of(numbers), Log::new());
    let (source, log) = (producer.clone(), batches.clone());
    let pipeline = Builder::new(
        "splits",
        move |_| source.clone(),
        |message| {
            let data = message.data;
            message.put_batch_key(&(data % 2));
            async move { Ok(data) }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(100).min_demand(0);
        topology.batcher("default").batch_size(batch_size).batch_timeout(100);
    })
    .splitter("default", splitter)
    .handle_batch(move |batch: &mut broadway::Batch<Of<u64>>| {
        assert!(!batch.is_empty());
        log.push((batch.outputs().to_vec(), batch.info().trigger()));
        async { Ok(()) }.boxed()
    })
    .start_link()
    .await
    .unwrap();
    assert_settled(&pipeline.wait().await.unwrap());
    (batches.all(), producer)
}

#[tokio::test(start_paused = true)]
async fn t046_a_splitter_ends_a_batch_with_the_message_that_uses_its_budget_up() {
    within(async {
        let budget = Budget { odd: 16, even: 0, twice: false };
        let (batches, producer) = run([40, 1, 13, 3], budget, 100).await;
        assert_eq!(
            sorted(batches.into_iter().map(|batch| (batch.0, batch.1 == Trigger::Size))),
            [(vec![1, 13, 3], true), (vec![40], true)]
        );
        assert_one_verdict_each(&producer, 4);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t047_each_batch_starts_from_the_first_state() {
    within(async {
        let (batches, _) = run(1..=10, Budget { odd: 16, even: 24, twice: true }, 100).await;
        let of = |parity| batches.iter().filter(|batch| batch.0[0] % 2 == parity).cloned().collect::<Vec<_>>();
        // The last one of each is flushed by the end of the source; in Broadway its time runs out.
        assert_eq!(of(1), [(vec![1, 3, 5, 7], Trigger::Size), (vec![9], Trigger::Flush)]);
        assert_eq!(of(0), [(vec![2, 4, 6], Trigger::Size), (vec![8, 10], Trigger::Size)]);
    })
    .await;
}

/// Never more than `left` in a batch.
#[derive(Clone)]
struct Ceiling(u64);

impl Splitter<Message<u64>, u64> for Ceiling {
    fn split(&mut self, _: &Message<u64>, output: &u64) -> Split {
        match self.0.checked_sub(*output) {
            Some(left) => {
                self.0 = left;
                Split::Add
            }
            None => Split::EmitBeforeAdd,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_can_leave_before_a_message_which_is_then_the_first_of_the_next() {
    within(async {
        let (batches, producer) = run([3, 5, 7, 1, 99, 3], Ceiling(10), 100).await;
        let (size, flush) = (Trigger::Size, Trigger::Flush);
        // 99 is more than a batch may have: it is one alone.
        assert_eq!(batches, [(vec![3, 5], size), (vec![7, 1], size), (vec![99], size), (vec![3], flush)]);
        assert_one_verdict_each(&producer, 6);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn batch_size_is_a_limit_all_the_same() {
    within(async {
        let (batches, _) = run([1, 1, 1, 1, 9, 1], Ceiling(10), 3).await;
        let outputs: Vec<_> = batches.into_iter().map(|batch| batch.0).collect();
        assert_eq!(outputs, [vec![1, 1, 1], vec![1, 9], vec![1]]);
    })
    .await;
}

/// Panics at 7, and ends each batch with a 1.
#[derive(Clone)]
struct Superstitious;

impl Splitter<Message<u64>, u64> for Superstitious {
    fn split(&mut self, _: &Message<u64>, output: &u64) -> Split {
        match output {
            7 => panic!("told to panic"),
            1 => Split::AddAndEmit,
            _ => Split::Add,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_splitter_that_panics_fails_that_message_alone() {
    within(async {
        for (retries, numbers) in [(false, [3, 7, 5, 1, 7, 9]), (true, [3, 7, 5, 1, 7, 9]), (false, [7, 7, 5, 3, 9, 7])]
        {
            let (producer, batches, failures) = (TestProducer::of(numbers), Log::new(), Log::new());
            let (source, log, failed) = (producer.clone(), batches.clone(), failures.clone());
            let pipeline = Builder::new(
                "panics",
                move |_| source.clone(),
                |message| {
                    let data = message.data;
                    async move { Ok(data) }.boxed()
                },
            )
            .topology(move |topology| {
                topology.processors.stages(1);
                let batcher = topology.batcher("default").batch_timeout(100);
                if retries {
                    batcher.retry(|retry| retry.attempts(3));
                }
            })
            .splitter("default", Superstitious)
            .handle_batch(move |batch: &mut broadway::Batch<Of<u64>>| {
                log.push(batch.outputs().to_vec());
                async { Ok(()) }.boxed()
            })
            .handle_failed(move |messages| {
                for message in messages.iter() {
                    let failure = message.failure().unwrap();
                    failed.push((message.data, failure.kind(), failure.stage().to_owned()));
                }
                async { Ok(()) }.boxed()
            })
            .start_link()
            .await
            .unwrap();
            let report = pipeline.wait().await.unwrap();
            assert_settled(&report);
            assert_one_verdict_each(&producer, 6);
            let sevens = numbers.iter().filter(|number| **number == 7).count();
            assert_eq!((report.restarts, report.failed), (0, sevens as u64));
            assert_eq!(failures.all(), vec![(7, FailureKind::Panic, "batcher_default".to_owned()); sevens]);
            let expected = if numbers[0] == 3 { vec![vec![3], vec![5, 1], vec![9]] } else { vec![vec![5, 3, 9]] };
            assert_eq!(batches.all(), expected);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn max_bytes_is_a_hard_ceiling_and_a_larger_message_leaves_alone() {
    within(async {
        let texts = ["aaaa", "bbbb", "cc", "d", "", "eeeeeeeeeeeeee", "ff"].map(str::to_owned);
        let (producer, batches) = (TestProducer::of(texts), Log::new());
        let (source, log) = (producer.clone(), batches.clone());
        let pipeline = Builder::new(
            "bytes",
            move |_| source.clone(),
            |message| {
                let data = message.data.clone();
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").max_bytes(10).batch_timeout(100);
        })
        .size_by(|message, text: &String| {
            assert_eq!(message.data, *text);
            text.len()
        })
        .handle_batch(move |batch: &mut broadway::Batch<Of<String>>| {
            log.push((batch.outputs().join(" "), batch.info().trigger()));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        let batch = |text: &str, trigger| (text.to_owned(), trigger);
        assert_eq!(
            batches.all(),
            [
                batch("aaaa bbbb cc", Trigger::Size),
                batch("d ", Trigger::Size),
                batch("eeeeeeeeeeeeee", Trigger::Size),
                batch("ff", Trigger::Flush)
            ]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_flush_message_makes_its_own_batch_leave_and_not_the_one_before() {
    within(async {
        let (producer, batches) = (TestProducer::new(), Log::new());
        let (source, log) = (producer.clone(), batches.clone());
        let pipeline = Builder::new(
            "flush",
            move |_| source.clone(),
            |message| {
                let data = message.data;
                message.put_batch_mode(if data == 6 { BatchMode::Flush } else { BatchMode::Bulk });
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1).max_demand(100).min_demand(0);
            topology.batcher("default").batch_timeout(60_000);
        })
        .splitter("default", Ceiling(10))
        .handle_batch(move |batch: &mut broadway::Batch<Of<u64>>| {
            log.push((batch.outputs().to_vec(), batch.info().trigger()));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        producer.push_all([5, 6, 1, 9]);
        pipeline.wait_until(|stats| stats.acknowledged == 3).await;
        assert_eq!(batches.all(), [(vec![5], Trigger::Size), (vec![6, 1], Trigger::Size)]);
        assert_settled(&pipeline.stop().await.unwrap());
        assert_eq!(producer.with(Status::Successful), [0, 1, 2, 3]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn max_bytes_without_a_way_to_count_is_refused_and_so_is_a_splitter_that_panics_at_start() {
    within(async {
        let builder = || {
            Builder::new("uncounted", |_| TestProducer::<u64>::new(), |_| async { Ok(1u64) }.boxed())
                .topology(|topology| {
                    topology.batcher("default").max_bytes(10);
                })
                .handle_batch(|_| async { Ok(()) }.boxed())
        };
        let refused = "`uncounted` cannot start: batcher `default` has `max_bytes`, and the pipeline cannot keep it: it \
                       has a `splitter`, or does not say how many bytes a message has; give it a `size_by`";
        let error = builder().start_link().await.unwrap_err();
        assert_eq!(error.to_string(), refused);
        assert!(matches!(error, StartError::Callbacks { .. }));
        let error = builder().size_by(|_, _| 1).splitter("default", Superstitious).start_link().await.unwrap_err();
        assert_eq!(error.to_string(), refused);

        struct Breaks;
        impl Clone for Breaks {
            fn clone(&self) -> Self {
                panic!("told to panic")
            }
        }
        impl Splitter<Message<u64>, u64> for Breaks {
            fn split(&mut self, _: &Message<u64>, _: &u64) -> Split {
                Split::Add
            }
        }
        let setup = builder().splitter("default", Breaks).topology(|topology| topology.batchers[0].max_bytes = None);
        let error = setup.start_link().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`uncounted` cannot start: the splitter of batcher `default` panicked: told to panic"
        );
    })
    .await;
}
