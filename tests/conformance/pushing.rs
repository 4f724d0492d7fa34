//! Messages that are pushed into a running pipeline, and what their sender is told.

use std::sync::Arc;

use broadway::{
    AckData, AckRef, AckReport, Acknowledger, Incoming, Message, Next, Outbox, Producer, ProducerContext, Result,
    Settled, Status, Trigger, async_trait,
};
use broadway_tests::{Forwarder, Log, Running, within};

async fn running() -> Running {
    Forwarder::new("pushing").batches_of(2).start().await
}

#[tokio::test(start_paused = true)]
async fn t020_pushed_messages_are_handled_and_batched_like_others() {
    within(async {
        let running = running().await;
        running.pipeline.push_messages(vec![1u64, 3]).await.unwrap();
        running.settled(2).await;
        assert_eq!((running.handled.all(), running.numbers()), (vec![1, 3], vec![vec![1, 3]]));
        let report = running.pipeline.stop().await.unwrap();
        assert_eq!((report.emitted, report.acknowledged, report.batches), (2, 2, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t024_whoever_sends_a_test_message_is_told_its_outcome() {
    within(async {
        let running = running().await;
        let outcome = running.pipeline.test_message(7u64).await;
        assert_eq!((outcome.status, outcome.output::<u64>()), (Status::Successful, Some(&7)));
        // It waited for no other message.
        assert_eq!(outcome.batch.map(|batch| (batch.size, batch.trigger)), Some((1, Trigger::Flush)));
        running.pipeline.stop().await.unwrap();
        assert_eq!(running.rounds().len(), 0, "the source hears nothing of it");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t134_a_source_with_nothing_in_it_lets_test_messages_through() {
    within(async {
        let running = running().await;
        let outcomes = running.pipeline.test_batch(vec![1u64, 2]).await;
        let told = outcomes.iter().map(|outcome| (outcome.status, outcome.batch.map(|batch| batch.size)));
        assert_eq!(told.collect::<Vec<_>>(), [(Status::Successful, Some(2)); 2]);
        assert_eq!(running.pipeline.stop().await.unwrap().batches, 1);
    })
    .await;
}

/// What a broker of these tests knows about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shelf(&'static str);

/// Emits one message with metadata and one without, known by what the acknowledger is told.
struct Shelves(Log<String>);

#[async_trait]
impl Producer for Shelves {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(Arc::new(Told(self.0.clone())));
        Ok(())
    }

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        out.push(Incoming::new(0).metadata(Shelf("top")).ack(AckData::any("receipt")));
        out.push(Incoming::new(1).ack(AckData::U64(17)));
        Ok(Next::Finished)
    }
}

struct Told(Log<String>);

#[async_trait]
impl Acknowledger for Told {
    async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
        for settlement in settled.successful {
            let text = settlement.data.get::<&str>().map(|text| (*text).to_owned());
            let number = settlement.data.as_u64().map(|number| number.to_string());
            text.into_iter().chain(number).for_each(|known| self.0.push(known));
        }
        AckReport::delivered()
    }
}

/// What the handler found of the two messages, and what their source was told.
async fn shelves() -> (Vec<Option<Shelf>>, Vec<String>) {
    let (found, told) = (Log::new(), Log::new());
    let (log, acks) = (found.clone(), told.clone());
    let forwarder = Forwarder::new("shelves").handle(move |message: &mut Message<u64>| {
        log.push(message.metadata::<Shelf>().cloned());
        Ok(())
    });
    let running = forwarder.start_with(Default::default(), move |_| Shelves(acks.clone())).await;
    running.pipeline.wait().await.unwrap();
    (found.all(), told.all())
}

#[tokio::test(start_paused = true)]
async fn t021_metadata_that_a_source_gives_come_to_the_handler_as_they_are() {
    assert_eq!(within(shelves()).await.0[0], Some(Shelf("top")));
}

#[tokio::test(start_paused = true)]
async fn t022_without_metadata_the_handler_finds_none() {
    assert_eq!(within(shelves()).await.0[1], None);
}

#[tokio::test(start_paused = true)]
async fn t023_the_acknowledger_is_told_what_its_producer_knows_a_message_by() {
    assert_eq!(within(shelves()).await.1, ["receipt", "17"]);
}
