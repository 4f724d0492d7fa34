//! Orders for two consumers, each of which gets all that it selects: one bills at most twenty a second, the other
//! watches the large ones. The slower one sets the pace for both, and no order waits anywhere but at its source.

use std::time::Duration;

use broadway::{
    Incoming, Next, Outbox, Producer, Result, async_trait,
    stage::{self, Asking, Broadcast, Consumer, Subscription, to},
};
use tokio::time::{Instant, sleep_until};

use crate::Lines;

/// An order, with its number and its amount.
#[derive(Debug, Clone, Copy)]
struct Order {
    number: u64,
    amount: u64,
}

/// Orders of amounts that go round from 10 to 100.
struct Orders {
    next: u64,
    end: u64,
}

#[async_trait]
impl Producer for Orders {
    type Data = Order;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<Order>) -> Result<Next> {
        let end = self.end.min(self.next + demand as u64);
        let order = |number| Incoming::new(Order { number, amount: number % 10 * 10 + 10 });
        out.extend((self.next..end).map(order));
        self.next = end;
        Ok(if end == self.end { Next::Finished } else { Next::More })
    }
}

/// Asks for a number of events in each interval, so it gets no more.
struct Limited {
    per_interval: usize,
    interval: Duration,
    next: Instant,
    billed: u64,
    lines: Lines,
}

impl Consumer for Limited {
    type Event = Order;

    async fn handle_subscribe(&mut self, subscription: &Subscription) -> Result<Asking> {
        subscription.ask(self.per_interval);
        Ok(Asking::Manual)
    }

    async fn handle_events(&mut self, orders: Vec<Order>, from: &Subscription) -> Result<Next> {
        self.billed += orders.iter().map(|order| order.amount).sum::<u64>();
        self.lines.send(format!("billing: {} orders, {} in all", orders.len(), self.billed))?;
        // What came is asked for again in the next interval.
        self.next += self.interval * orders.len() as u32 / self.per_interval as u32;
        sleep_until(self.next).await;
        from.ask(orders.len());
        Ok(Next::More)
    }
}

/// Sees what its selector lets through.
struct Watch(Lines);

impl Consumer for Watch {
    type Event = Order;

    async fn handle_events(&mut self, orders: Vec<Order>, _: &Subscription) -> Result<Next> {
        for order in orders {
            self.0.send(format!("watch: order {} of {}", order.number, order.amount))?;
        }
        Ok(Next::More)
    }
}

/// Gives `orders` orders to both.
///
/// # Errors
/// A stage does not start.
pub async fn run(orders: u64, lines: Lines) -> Result<()> {
    // No order flows until both are there.
    let orders = stage::producer(Orders { next: 0, end: orders }).dispatcher(Broadcast::new()).accumulate();
    let orders = orders.start().await?;
    let (per_interval, interval, next) = (20, Duration::from_secs(1), Instant::now());
    let billing = Limited { per_interval, interval, next, billed: 0, lines: lines.clone() };
    let billing = stage::consumer(billing).subscribe_to(&orders).start().await?;
    let large = to(&orders).selector(|order: &Order| order.amount >= 90);
    let watch = stage::consumer(Watch(lines.clone())).subscribe_to(large).start().await?;
    orders.forward();
    tokio::join!(billing.ended(), watch.ended());
    let (billed, watched) = (billing.counts().handled, watch.counts().handled);
    lines.send(format!("{billed} billed, {watched} of them large"))?;
    Ok(())
}
