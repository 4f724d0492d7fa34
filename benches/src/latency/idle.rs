//! One message at a time.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use broadway::{AckData, Incoming, Next, Outbox, Pipeline, Producer, ProducerContext, Result};
use broadway_benches::threads::block_on;
use hdrhistogram::Histogram;
use tokio::{
    runtime::Runtime,
    sync::mpsc,
    task::{JoinSet, yield_now},
    time::sleep,
};

use super::timed::{Latencies, Timed};

/// Long enough for all stages to park.
const PAUSE: Duration = Duration::from_millis(1);

/// What a message goes through.
#[derive(Clone, Copy)]
pub(super) enum Through {
    Pipeline {
        batch_size: Option<u64>,
    },
    /// Tasks with an `mpsc` channel before each and no more, the last of which acknowledges: what tokio and the machine take.
    Tasks(u32),
}

/// What is between two messages.
#[derive(Clone, Copy)]
pub(super) enum Rest {
    /// The thread sleeps too, and its core: the next message finds them cold.
    Asleep,
    /// The next message comes as soon as no task has anything to do.
    Awake,
}

/// Sends so many messages, each when the one before has gone, the first tenth to warm up.
pub(super) fn measure(on: &Runtime, messages: u64, through: Through, rest: Rest) -> Histogram<u64> {
    block_on(on, async move {
        let (sender, receiver) = mpsc::channel(1);
        let latencies = Latencies::new(Instant::now(), 1);
        let way = match through {
            Through::Pipeline { batch_size } => Way::pipeline(receiver, &latencies, batch_size).await,
            Through::Tasks(tasks) => Way::tasks(receiver, &latencies, tasks),
        };
        let warming_up = messages / 10;
        for message in 1..=warming_up + messages {
            match rest {
                Rest::Asleep => sleep(PAUSE).await,
                // A task that yields comes last.
                Rest::Awake => yield_now().await,
            }
            // What warms up is as if it came at the beginning: it does not count.
            let due = if message > warming_up { latencies.now() } else { 0 };
            sender.send(due).await.expect("there is a receiver");
            latencies.acknowledged(message).await;
        }
        drop(sender);
        way.end().await;
        let latency = latencies.take();
        assert_eq!(latency.len(), messages, "every message is timed once");
        latency
    })
}

enum Way {
    Pipeline(Pipeline),
    Tasks(JoinSet<()>),
}

impl Way {
    async fn pipeline(receiver: mpsc::Receiver<u64>, latencies: &Arc<Latencies>, batch_size: Option<u64>) -> Self {
        let (receiver, latencies) = (Mutex::new(Some(receiver)), latencies.clone());
        let source = move || -> broadway::BoxProducer<u64> {
            let receiver = receiver.lock().expect("nobody panics").take().expect("there is one producer");
            Box::new(Sent { receiver, latencies: latencies.clone() })
        };
        Self::Pipeline(Timed::start(batch_size, source).await)
    }

    fn tasks(mut receiver: mpsc::Receiver<u64>, latencies: &Arc<Latencies>, tasks: u32) -> Self {
        let mut way = JoinSet::new();
        for _ in 1..tasks {
            let (sender, next) = mpsc::channel(1);
            let mut before = std::mem::replace(&mut receiver, next);
            way.spawn(async move {
                while let Some(due) = before.recv().await {
                    sender.send(due).await.expect("there is a receiver");
                }
            });
        }
        let latencies = latencies.clone();
        way.spawn(async move {
            while let Some(due) = receiver.recv().await {
                latencies.acknowledge([due].into_iter());
            }
        });
        Self::Tasks(way)
    }

    async fn end(self) {
        match self {
            Self::Pipeline(pipeline) => drop(pipeline.wait().await.expect("the pipeline ends")),
            Self::Tasks(way) => drop(way.join_all().await),
        }
    }
}

/// The moments at which messages were sent.
struct Sent {
    receiver: mpsc::Receiver<u64>,
    latencies: Arc<Latencies>,
}

#[broadway::async_trait]
impl Producer for Sent {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(self.latencies.clone());
        Ok(())
    }

    async fn handle_demand(&mut self, _demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let Some(due) = self.receiver.recv().await else { return Ok(Next::Finished) };
        out.push(Incoming::new(due).ack(AckData::U64(due)));
        Ok(Next::More)
    }
}
