//! RustStream's in-process broker, and its byte lane: no codec, which is its fastest.

use std::{convert::Infallible, sync::Arc};

use ruststream::{
    OutgoingMessage,
    memory::{MemoryPublisher, prelude::*},
};

use crate::tally::Tally;

/// The bytes as they came.
#[derive(Deserialized)]
struct Number<'a>(&'a [u8]);

impl Number<'_> {
    fn get(&self) -> u64 {
        u64::from_le_bytes(self.0.try_into().expect("a number has eight bytes"))
    }
}

#[subscriber("numbers")]
async fn one(number: &Number<'_>, context: &mut Context<'_, (), Arc<Tally>>) -> HandlerOutcome {
    context.state().add(number.get());
    HandlerOutcome::ack()
}

#[subscriber("numbers", workers(20))]
async fn of_a_pool(number: &Number<'_>, context: &mut Context<'_, (), Arc<Tally>>) -> HandlerOutcome {
    context.state().add(number.get());
    HandlerOutcome::ack()
}

#[subscriber("numbers")]
async fn of_a_batch(numbers: &[Number<'_>], context: &mut Context<'_, (), Arc<Tally>>) -> HandlerOutcome {
    context.state().add_all(numbers.len() as u64, numbers.iter().map(Number::get).sum());
    HandlerOutcome::ack()
}

pub(crate) async fn sequential(tally: Arc<Tally>) {
    let (broker, state) = (MemoryBroker::new(), tally.clone());
    let app = RustStream::new(AppInfo::new("bench", "0.0.0"));
    let app = app.on_startup(async move |()| Ok::<_, Infallible>(state));
    let app = app.with_broker(broker.clone(), |b| {
        b.include(one);
    });
    let running = app.start().await.expect("the service starts");
    publish(&broker.publisher(), &tally).await;
    running.shutdown().await.expect("the service stops");
}

pub(crate) async fn pooled(tally: Arc<Tally>) {
    let (broker, state) = (MemoryBroker::new(), tally.clone());
    let app = RustStream::new(AppInfo::new("bench", "0.0.0"));
    let app = app.on_startup(async move |()| Ok::<_, Infallible>(state));
    let app = app.with_broker(broker.clone(), |b| {
        b.include(of_a_pool);
    });
    let running = app.start().await.expect("the service starts");
    publish(&broker.publisher(), &tally).await;
    running.shutdown().await.expect("the service stops");
}

pub(crate) async fn batched(tally: Arc<Tally>) {
    let (broker, state) = (MemoryBroker::new(), tally.clone());
    let app = RustStream::new(AppInfo::new("bench", "0.0.0"));
    let app = app.on_startup(async move |()| Ok::<_, Infallible>(state));
    let app = app.with_broker(broker.clone(), |b| {
        b.include(of_a_batch.batch(nonzero!(10)));
    });
    let running = app.start().await.expect("the service starts");
    publish(&broker.publisher(), &tally).await;
    running.shutdown().await.expect("the service stops");
}

async fn publish(publisher: &MemoryPublisher, tally: &Tally) {
    tally.begin();
    for number in 0..tally.messages {
        let bytes = number.to_le_bytes();
        publisher.publish(OutgoingMessage::new("numbers", &bytes), None).await.expect("the broker takes it");
    }
    tally.handled().await;
}
