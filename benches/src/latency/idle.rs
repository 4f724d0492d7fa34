//! One message at a time.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use broadway::{AckData, Incoming, Next, Outbox, Producer, ProducerContext, Result};
use broadway_benches::threads::block_on;
use hdrhistogram::Histogram;
use tokio::{runtime::Runtime, sync::mpsc, time::sleep};

use super::timed::{Latencies, Timed};

/// Long enough for all stages to park.
const PAUSE: Duration = Duration::from_millis(1);

/// Sends so many messages, each when the one before has gone, the first tenth to warm up.
pub(super) fn measure(on: &Runtime, messages: u64, batch_size: Option<u64>) -> Histogram<u64> {
    block_on(on, async move {
        let (sender, receiver) = mpsc::channel(1);
        let receiver = Mutex::new(Some(receiver));
        let latencies = Latencies::new(Instant::now(), 1);
        let acknowledger = latencies.clone();
        let pipeline = Timed::start(batch_size, move || {
            let receiver = receiver.lock().expect("nobody panics").take().expect("there is one producer");
            Box::new(Sent { receiver, latencies: acknowledger.clone() })
        })
        .await;
        let warming_up = messages / 10;
        for message in 1..=warming_up + messages {
            sleep(PAUSE).await;
            // What warms up is as if it came at the beginning: it does not count.
            let due = if message > warming_up { latencies.now() } else { 0 };
            sender.send(due).await.expect("the pipeline runs");
            latencies.acknowledged(message).await;
        }
        drop(sender);
        pipeline.wait().await.expect("the pipeline ends");
        let latency = latencies.take();
        assert_eq!(latency.len(), messages, "every message is timed once");
        latency
    })
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
