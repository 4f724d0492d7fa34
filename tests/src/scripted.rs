//! A producer that follows a script, ask by ask. Its data are the messages' numbers.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use broadway::{AckData, Incoming, Next, Outbox, Producer, ProducerContext, Result, async_trait};
use tokio::time::Instant;

use crate::{Log, Recorder};

/// What one ask does: it emits these messages, and then?
#[derive(Debug, Clone)]
pub enum Step {
    /// Returns.
    Emit(Vec<u64>),
    /// Fails.
    Fail(Vec<u64>),
    /// Panics.
    Panic(Vec<u64>),
    /// Waits for ever, as a long poll does.
    Wait(Vec<u64>),
    /// Has no more to give.
    Finish(Vec<u64>),
}

/// One ask, as the producer saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Which instance was asked, from 0.
    pub instance: usize,
    /// For how many messages.
    pub demand: usize,
    /// When.
    pub at: Instant,
}

/// Follows a script, and waits for ever at its end. [`another`](Self::another) instance goes on where the last one was.
#[derive(Debug, Clone)]
pub struct Scripted {
    script: Arc<Mutex<VecDeque<Step>>>,
    instances: Arc<AtomicUsize>,
    instance: usize,
    asks: Log<Ask>,
    recorder: Recorder,
    /// What the next calls of `init` say.
    inits: Log<Result<(), String>>,
    preferred: Option<usize>,
    left: Vec<u64>,
    lease: Option<Duration>,
    delivery: Option<u32>,
}

impl Scripted {
    /// Messages go back to `recorder`.
    pub fn new(recorder: &Recorder, script: impl IntoIterator<Item = Step>) -> Self {
        Self {
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            instances: Arc::default(),
            instance: 0,
            asks: Log::new(),
            recorder: recorder.clone(),
            inits: Log::new(),
            preferred: None,
            left: Vec::new(),
            lease: None,
            delivery: None,
        }
    }

    /// What one ask is worth.
    pub fn preferring(mut self, demand: usize) -> Self {
        self.preferred = Some(demand);
        self
    }

    /// For how long each message is leased, from its emission on.
    pub fn leasing(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How often each message was delivered, as the source says.
    pub fn delivering(mut self, delivery: u32) -> Self {
        self.delivery = Some(delivery);
        self
    }

    fn incoming(&self, number: u64) -> Incoming<u64> {
        let mut incoming = Incoming::new(number).ack(AckData::U64(number));
        if let Some(lease) = self.lease {
            incoming = incoming.leased_until(Instant::now() + lease);
        }
        match self.delivery {
            Some(delivery) => incoming.delivery(delivery),
            None => incoming,
        }
    }

    /// What it still holds when the pipeline drains.
    pub fn holding(mut self, messages: impl IntoIterator<Item = u64>) -> Self {
        self.left = messages.into_iter().collect();
        self
    }

    /// The next calls of `init` fail with these.
    pub fn failing_to_connect(self, errors: impl IntoIterator<Item = &'static str>) -> Self {
        errors.into_iter().for_each(|error| self.inits.push(Err(error.to_owned())));
        self
    }

    /// Makes an instance: what a pipeline is given for each stage, and after each crash.
    pub fn another(&self) -> Self {
        let instance = self.instances.fetch_add(1, Ordering::SeqCst);
        Self { instance, ..self.clone() }
    }

    /// How many instances were made.
    pub fn instances(&self) -> usize {
        self.instances.load(Ordering::SeqCst)
    }

    /// The asks so far.
    pub fn asks(&self) -> Vec<Ask> {
        self.asks.all()
    }
}

#[async_trait]
impl Producer for Scripted {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        let mut inits = self.inits.take();
        if !inits.is_empty() {
            let result = inits.remove(0);
            inits.into_iter().for_each(|init| self.inits.push(init));
            result?;
        }
        context.acknowledger(Arc::new(self.recorder.clone()));
        Ok(())
    }

    fn preferred_demand(&self) -> Option<usize> {
        self.preferred
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.asks.push(Ask { instance: self.instance, demand, at: Instant::now() });
        let step = self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let step = step.unwrap_or(Step::Wait(Vec::new()));
        let (Step::Emit(messages)
        | Step::Fail(messages)
        | Step::Panic(messages)
        | Step::Wait(messages)
        | Step::Finish(messages)) = &step;
        out.extend(messages.iter().map(|number| self.incoming(*number)));
        match step {
            Step::Emit(_) => Ok(Next::More),
            Step::Fail(_) => Err("told to fail".into()),
            Step::Panic(_) => panic!("told to panic"),
            Step::Wait(_) => std::future::pending().await,
            Step::Finish(_) => Ok(Next::Finished),
        }
    }

    async fn prepare_for_draining(&mut self, out: &mut Outbox<u64>) -> Result<()> {
        let left = std::mem::take(&mut self.left);
        out.extend(left.into_iter().map(|number| Incoming::new(number).ack(AckData::U64(number))));
        Ok(())
    }
}
