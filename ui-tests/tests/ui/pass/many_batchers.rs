//! Several batchers, all kinds of callbacks and values.
#![deny(warnings, missing_docs)]
use broadway::{Batch, Incoming, Next, Outbox, Payload, Producer, Result, StageIndex, async_trait, broadway};

/// Emits nothing.
#[derive(Debug)]
pub struct Nothing;

#[async_trait]
impl Producer for Nothing {
    type Data = Payload;
    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<Payload>) -> Result<Next> {
        out.push(Incoming::new(Payload::from("x")));
        Ok(Next::Finished)
    }
}

impl Nothing {
    async fn connect(_: usize, stage: StageIndex) -> Result<Self> {
        let _ = stage;
        Ok(Self)
    }
}

/// An order.
#[derive(Debug)]
pub struct Order(String);

/// A pipeline.
#[derive(Debug)]
pub struct Orders {
    stages: usize,
}

const SIZE: usize = 10;

#[broadway(
    shutdown = std::time::Duration::from_secs(2),
    producers(default(
        module = Nothing::connect(self.stages, stage).await?,
        stages = 4,
        rate_limiting(allowed_messages = 100, interval = 1_000),
    )),
    processors(default(stages = self.stages, timeout = 30_000)),
    batchers(default(batch_size = SIZE, batch_timeout = 1500, stages = 2), archive(batch_size = 500)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        if message.data.is_empty() {
            return message.done();
        }
        message.put_batcher(OrdersBatcher::Archive);
        Ok(Order(message.text()?.to_owned()))
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        match batch.batcher() {
            OrdersBatcher::Default => {}
            OrdersBatcher::Archive => assert!(batch.outputs().iter().all(|order| !order.0.is_empty())),
        }
        Ok(())
    }

    async fn prepare_messages(&self, _messages: &mut [OrdersMessage]) {}

    async fn handle_failed(&self, messages: &mut [OrdersMessage]) -> Result<(), std::io::Error> {
        messages.iter_mut().for_each(OrdersMessage::discard);
        Ok(())
    }
}

fn main() {
    let orders = Orders { stages: 7 };
    let topology = orders.topology();
    assert_eq!(topology.name, "Orders");
    assert_eq!(topology.producers.module, "Nothing::connect(self.stages, stage).await?");
    assert_eq!((topology.producers.stages, topology.processors.stages), (4, 7));
    assert_eq!(topology.shutdown.as_secs(), 2);
    assert_eq!(topology.batchers.len(), 2);
    assert_eq!((topology.batchers[0].batch_size, topology.batchers[1].batch_size), (10, 500));
    let _setup = orders.configure();
    let _start = Orders { stages: 1 }.start_link();
}
