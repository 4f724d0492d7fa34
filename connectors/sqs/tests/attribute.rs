//! What the README shows: the producer in an attribute.

mod support;

use std::{sync::Mutex, time::Duration};

use broadway::{broadway, prelude::*};
use broadway_sqs::{Action, SqsProducer, SqsQueue};
use support::{Server, within};

on_servers![a_pipeline_is_declared_by_an_attribute];

struct Orders {
    queue: SqsQueue,
    receivers: u32,
    stored: Mutex<Vec<String>>,
}

#[broadway(
    producers(default(
        module = SqsProducer::new(&self.queue).wait_time_seconds(1).stop_when_empty().on_failure(Action::Ack),
        stages = self.receivers,
    )),
    processors(default(stages = 2)),
    batchers(default(batch_size = 10, batch_timeout = 100)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<String> {
        Ok(message.text()?.to_owned())
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        self.stored.lock().unwrap().extend(batch.outputs().iter().cloned());
        Ok(())
    }
}

async fn a_pipeline_is_declared_by_an_attribute(server: Server) {
    let queue = server.queue("attribute").await;
    queue.send_batch(["one", "two", "three"]).await.unwrap();
    let orders =
        std::sync::Arc::new(Orders { queue: queue.clone(), receivers: server.receivers, stored: Mutex::default() });
    let pipeline = orders.clone().start_link().await.unwrap();
    let report = within(20, "the pipeline", pipeline.wait()).await.unwrap();
    assert_eq!(report.acknowledged, 3, "{report}");
    let mut stored = std::mem::take(&mut *orders.stored.lock().unwrap());
    stored.sort_unstable();
    assert_eq!(stored, ["one", "three", "two"]);
    assert!(report.took < Duration::from_secs(15), "{report}");
    assert!(queue.depth().await.unwrap().is_empty());
}

/// The short form compiles, and names the queue when it cannot start.
struct Short;

#[broadway(producers(default(module = SqsProducer::new("my queue"))), processors(default()))]
impl Short {
    async fn handle_message(&self, _message: &mut ShortMessage) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_short_form_names_the_queue_when_it_cannot_start() {
    let error = Short.start_link().await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("`my queue`"), "{error}");
}
