//! GenStage's own test suite in our words: the stage layer.

mod accumulating;
mod broadcasting;
mod buffering;
mod callbacks;
mod cancelling;
mod chaining;
mod demand;
mod dispatchers;
mod flushing;
mod streams;
mod subscribing;
mod supervising;

use std::{future::pending, time::Duration};

use broadway::{
    Incoming, Next, Outbox, Producer, Result, async_trait,
    stage::{Asking, Consumer, ProducerConsumer, Reason, StageContext, Subscription},
};
use broadway_tests::{Gate, Log};

/// Lets everything run that can: time is paused, and moves on only when nothing else can.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Counts, and writes down what it was asked for.
struct Counter {
    next: u64,
    end: u64,
    asks: Log<usize>,
}

impl Counter {
    fn new(end: u64) -> (Self, Log<usize>) {
        let asks = Log::new();
        (Self { next: 0, end, asks: asks.clone() }, asks)
    }
}

#[async_trait]
impl Producer for Counter {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.asks.push(demand);
        let end = self.end.min(self.next + demand as u64);
        out.extend((self.next..end).map(Incoming::new));
        self.next = end;
        Ok(if self.next == self.end { Next::Finished } else { Next::More })
    }
}

/// Emits each of its lists in one ask, however much it was asked for; then it waits.
struct Pushy(Vec<Vec<u64>>);

#[async_trait]
impl Producer for Pushy {
    type Data = u64;

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        if self.0.is_empty() {
            pending::<()>().await;
        }
        out.extend(self.0.remove(0).into_iter().map(Incoming::new));
        Ok(Next::More)
    }
}

/// What happened to a stage, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Init,
    Subscribed(String),
    Events(Vec<u64>),
    Cancelled(String, Reason),
    Terminated(Reason),
}

/// A consumer, or producer-consumer, that writes down what happens to it.
#[derive(Clone)]
struct Spy {
    seen: Log<Seen>,
    asks: Asking,
    /// What its chunks wait for.
    gate: Gate,
    subscriptions: Log<Subscription>,
    /// What it gives for one event.
    copies: usize,
    /// What makes it crash.
    unlucky: Option<u64>,
}

impl Spy {
    fn new() -> Self {
        let gate = Gate::shut();
        gate.open();
        let (seen, subscriptions) = (Log::new(), Log::new());
        Self { seen, asks: Asking::Automatic, gate, subscriptions, copies: 1, unlucky: None }
    }

    /// One that asks when the test does.
    fn manual() -> Self {
        Self { asks: Asking::Manual, ..Self::new() }
    }

    /// One that never gets through its first chunk.
    fn stuck() -> Self {
        Self { gate: Gate::shut(), ..Self::new() }
    }

    /// The chunks so far.
    fn chunks(&self) -> Vec<Vec<u64>> {
        let chunk = |seen| if let Seen::Events(events) = seen { Some(events) } else { None };
        self.seen.all().into_iter().filter_map(chunk).collect()
    }

    /// All events so far.
    fn events(&self) -> Vec<u64> {
        self.chunks().concat()
    }

    /// Asks on its latest subscription, and lets all run that can.
    async fn ask(&self, demand: usize) {
        settle().await;
        self.subscription().ask(demand);
        settle().await;
    }

    fn subscription(&self) -> Subscription {
        self.subscriptions.all().pop().expect("it has subscribed")
    }

    async fn take(&self, events: &[u64]) {
        self.seen.push(Seen::Events(events.to_vec()));
        self.gate.pass().await;
        assert!(!events.iter().any(|event| Some(*event) == self.unlucky), "unlucky");
    }

    fn subscribed(&self, subscription: &Subscription) -> Asking {
        self.seen.push(Seen::Subscribed(subscription.producer().to_owned()));
        self.subscriptions.push(subscription.clone());
        self.asks
    }

    fn cancelled(&self, from: &Subscription, reason: &Reason) {
        self.seen.push(Seen::Cancelled(from.producer().to_owned(), reason.clone()));
    }
}

impl Consumer for Spy {
    type Event = u64;

    async fn init(&mut self, _: &StageContext) -> Result<()> {
        self.seen.push(Seen::Init);
        Ok(())
    }

    async fn handle_subscribe(&mut self, subscription: &Subscription) -> Result<Asking> {
        Ok(self.subscribed(subscription))
    }

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        self.take(&events).await;
        Ok(Next::More)
    }

    async fn handle_cancel(&mut self, from: &Subscription, reason: &Reason) -> Result<()> {
        self.cancelled(from, reason);
        Ok(())
    }

    async fn terminate(&mut self, reason: &Reason) {
        self.seen.push(Seen::Terminated(reason.clone()));
    }
}

/// The same between two others: it gives each event `copies` times.
struct Passing(Spy);

impl ProducerConsumer for Passing {
    type Event = u64;
    type Data = u64;

    async fn init(&mut self, _: &StageContext) -> Result<()> {
        self.0.seen.push(Seen::Init);
        Ok(())
    }

    async fn handle_subscribe(&mut self, subscription: &Subscription) -> Result<Asking> {
        Ok(self.0.subscribed(subscription))
    }

    async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
        self.0.take(&events).await;
        out.extend(events.into_iter().flat_map(|event| std::iter::repeat_n(event, self.0.copies)));
        Ok(Next::More)
    }

    async fn handle_cancel(&mut self, from: &Subscription, reason: &Reason) -> Result<()> {
        self.0.cancelled(from, reason);
        Ok(())
    }

    async fn terminate(&mut self, reason: &Reason) {
        self.0.seen.push(Seen::Terminated(reason.clone()));
    }
}
