//! A producer that emits what it is told, and remembers every verdict.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::{
    acknowledger::{AckData, AckRef, AckReport, Acknowledger, Settled, Settlement},
    error::{Error, Result},
    pipeline::Status,
    stage::{Incoming, Next, Outbox, Producer, ProducerContext},
};

/// A source for tests. Clones share one queue: keep one to push to, and give one to the pipeline. The messages are known by
/// the order in which they were pushed, from 0.
///
/// ```
/// use broadway::{Builder, Status, testing::TestProducer};
/// use futures::FutureExt;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> broadway::Result<()> {
/// let source = TestProducer::<&str>::new();
/// let producer = source.clone();
/// let pipeline = Builder::new("orders", move |_| producer.clone(), |message| async {
///     if message.data == "bad" { Err("refused".into()) } else { Ok(()) }
/// }.boxed())
/// .start_link()
/// .await?;
///
/// source.push("good");
/// source.push_error("connection lost"); // asked again after a back-off
/// source.push_panic("a bug"); // the stage is started again
/// source.push_all(["bad", "good"]);
/// source.refuse_acks(1); // the round is told again
/// source.finish();
///
/// let report = pipeline.wait().await?;
/// assert_eq!((report.restarts, report.undelivered), (1, 0));
/// assert_eq!((source.with(Status::Successful), source.with(Status::Failed)), (vec![0, 2], vec![1]));
/// assert_eq!(source.rounds().concat().len(), 3); // one verdict each
/// assert!(source.demands().len() >= 3); // what each ask asked for
/// # Ok(())
/// # }
/// ```
pub struct TestProducer<T>(Arc<Inner<T>>);

struct Inner<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

struct State<T> {
    queue: VecDeque<Queued<T>>,
    pushed: u64,
    finished: bool,
    demands: Vec<usize>,
    rounds: Vec<Vec<(u64, Status)>>,
    refused: usize,
}

enum Queued<T> {
    Message(u64, T),
    Error(Error),
    Panic(String),
}

impl<T: Send + 'static> TestProducer<T> {
    /// A source with nothing in it.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                pushed: 0,
                finished: false,
                demands: Vec::new(),
                rounds: Vec::new(),
                refused: 0,
            }),
            changed: Notify::new(),
        }))
    }

    /// A source that emits these messages and finishes.
    ///
    /// ```
    /// # use broadway::{Builder, testing::TestProducer};
    /// # use futures::FutureExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let pipeline = Builder::new("three", |_| TestProducer::of([1, 2, 3]), |_| async { Ok(()) }.boxed());
    /// assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(messages: impl IntoIterator<Item = T>) -> Self {
        let producer = Self::new();
        producer.push_all(messages);
        producer.finish();
        producer
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, change: impl FnOnce(&mut State<T>) -> R) -> R {
        let result = change(&mut self.state());
        self.0.changed.notify_waiters();
        self.0.changed.notify_one();
        result
    }

    /// Emits a message, as soon as there is demand.
    pub fn push(&self, data: T) {
        self.push_all([data]);
    }

    /// Emits messages, as demand allows.
    pub fn push_all(&self, messages: impl IntoIterator<Item = T>) {
        self.change(|state| {
            for data in messages {
                state.queue.push_back(Queued::Message(state.pushed, data));
                state.pushed += 1;
            }
        });
    }

    /// The next ask that comes to it fails with this error. What it has emitted by then counts.
    pub fn push_error(&self, error: impl Into<Error>) {
        self.change(|state| state.queue.push_back(Queued::Error(error.into())));
    }

    /// The next ask that comes to it panics. What it has emitted by then is released.
    pub fn push_panic(&self, text: impl Into<String>) {
        self.change(|state| state.queue.push_back(Queued::Panic(text.into())));
    }

    /// No more will come: the producer finishes when what was pushed is emitted.
    pub fn finish(&self) {
        self.change(|state| state.finished = true);
    }

    /// The next `n` rounds of acknowledgements are refused, each as a whole.
    pub fn refuse_acks(&self, n: usize) {
        self.change(|state| state.refused = n);
    }

    /// The demand of each ask so far.
    pub fn demands(&self) -> Vec<usize> {
        self.state().demands.clone()
    }

    /// The verdicts of each round so far, in the order in which the acknowledger was called: which message, and what.
    pub fn rounds(&self) -> Vec<Vec<(u64, Status)>> {
        self.state().rounds.clone()
    }

    /// All messages with that verdict so far, in the order of their numbers. One that got it twice is there twice.
    pub fn with(&self, status: Status) -> Vec<u64> {
        let state = self.state();
        let verdicts = state.rounds.iter().flatten().filter(|(_, verdict)| *verdict == status);
        let mut messages: Vec<u64> = verdicts.map(|(message, _)| *message).collect();
        messages.sort_unstable();
        messages
    }
}

impl<T: Send + 'static> Default for TestProducer<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for TestProducer<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for TestProducer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestProducer").finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Send + 'static> Producer for TestProducer<T> {
    type Data = T;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(Arc::new(self.clone()));
        Ok(())
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<T>) -> Result<Next> {
        self.state().demands.push(demand);
        loop {
            let changed = self.0.changed.notified();
            {
                let mut state = self.state();
                while out.len() < demand {
                    match state.queue.pop_front() {
                        Some(Queued::Message(number, data)) => out.push(Incoming::new(data).ack(AckData::U64(number))),
                        Some(Queued::Error(error)) => return Err(error),
                        Some(Queued::Panic(text)) => {
                            drop(state);
                            std::panic::panic_any(text)
                        }
                        None => break,
                    }
                }
                if state.finished && state.queue.is_empty() {
                    // Other stages that share the queue are waiting for the same.
                    self.0.changed.notify_one();
                    return Ok(Next::Finished);
                }
                if !out.is_empty() {
                    return Ok(Next::More);
                }
            }
            changed.await;
        }
    }
}

#[async_trait]
impl<T: Send + 'static> Acknowledger for TestProducer<T> {
    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        let mut state = self.state();
        if state.refused > 0 {
            state.refused -= 1;
            return AckReport::all_undelivered(&settled, "refused by the test");
        }
        let verdicts = |settlements: &[Settlement], status| {
            let numbers = settlements.iter().filter_map(|settlement| settlement.data.as_u64());
            numbers.map(|number| (number, status)).collect::<Vec<_>>()
        };
        let mut round = verdicts(settled.successful, Status::Successful);
        round.extend(verdicts(settled.failed, Status::Failed));
        round.extend(verdicts(settled.released, Status::Released));
        state.rounds.push(round);
        AckReport::delivered()
    }
}
