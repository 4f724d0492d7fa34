//! A producer that finishes when the queue holds nothing at all. `stop_when_empty` of the SQLite queue does not wait for
//! what others have leased; here that is what a killed run left behind, and it comes back when the leases end.

use std::time::Duration;

use broadway::{Next, Outbox, Payload, Producer, ProducerContext, Result, async_trait};
use broadway_sqlite::{SqliteProducer, SqliteQueue};

/// Between two looks while nothing can be received.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct UntilEmpty {
    queue: SqliteQueue,
    producer: SqliteProducer,
}

impl UntilEmpty {
    pub(crate) fn new(queue: SqliteQueue, producer: SqliteProducer) -> Self {
        Self { queue, producer }
    }
}

#[async_trait]
impl Producer for UntilEmpty {
    type Data = Payload;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        self.producer.init(context).await
    }

    fn preferred_demand(&self) -> Option<usize> {
        self.producer.preferred_demand()
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<Payload>) -> Result<Next> {
        tokio::select! {
            biased;
            next = self.producer.handle_demand(demand, out) => next,
            emptied = emptied(&self.queue) => emptied.map(|()| Next::Finished),
        }
    }

    async fn prepare_for_draining(&mut self, out: &mut Outbox<Payload>) -> Result<()> {
        self.producer.prepare_for_draining(out).await
    }
}

async fn emptied(queue: &SqliteQueue) -> Result<()> {
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        if queue.depth().await?.total() == 0 {
            return Ok(());
        }
    }
}
