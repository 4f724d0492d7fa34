//! Numbers through `broadway::stage`.

use async_trait::async_trait;
use broadway::{
    Incoming, Next, Outbox, Producer, Result,
    stage::{self, Consumer, ProducerConsumer, Reason, Subscription, to},
};
use tokio::sync::oneshot;

use super::{CHUNK, Numbers, add, mapped};

struct Counter {
    next: u64,
    end: u64,
}

#[async_trait]
impl Producer for Counter {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let end = self.end.min(self.next + demand as u64);
        out.extend((self.next..end).map(Incoming::new));
        self.next = end;
        Ok(if end == self.end { Next::Finished } else { Next::More })
    }
}

struct Mapper;

impl ProducerConsumer for Mapper {
    type Event = u64;
    type Data = u64;

    async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
        out.extend(events.into_iter().map(mapped));
        Ok(Next::More)
    }
}

struct Adder {
    sum: u64,
    told: Option<oneshot::Sender<u64>>,
}

impl Consumer for Adder {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        self.sum = add(self.sum, &events);
        Ok(Next::More)
    }

    async fn terminate(&mut self, _: &Reason) {
        self.told.take().map(|told| told.send(self.sum));
    }
}

/// Sends the numbers through two or three stages, each subscribed with a `max_demand` of two chunks.
pub async fn run(numbers: Numbers) {
    let max_demand = 2 * CHUNK as usize;
    let counter = stage::producer(Counter { next: 0, end: numbers.end }).start().await.expect("the counter starts");
    let (told, sum) = oneshot::channel();
    let adder = stage::consumer(Adder { sum: 0, told: Some(told) });
    let adder = if numbers.are_mapped {
        let mapper = stage::producer_consumer(Mapper).subscribe_to(to(&counter).max_demand(max_demand));
        let mapper = mapper.start().await.expect("the mapper starts");
        adder.subscribe_to(to(&mapper).max_demand(max_demand)).start().await
    } else {
        adder.subscribe_to(to(&counter).max_demand(max_demand)).start().await
    };
    let _adder = adder.expect("the adder starts");
    numbers.check(sum.await.expect("the adder tells its sum"));
}
