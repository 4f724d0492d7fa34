//! What compiles over lent items inside of `handle_batch`: concurrent futures, one for each message.
#![deny(warnings)]
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use ui_tests::prelude::*;

struct Orders;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        join_all(batch.iter_mut().map(|(message, order)| self.send(message, order))).await;
        let mut sent: FuturesUnordered<_> =
            batch.iter_mut().map(|(message, order)| self.send(message, order)).collect();
        while sent.next().await.is_some() {}
    }

    async fn send(&self, message: &mut OrdersMessage, order: &mut Order) {
        if order.customer.is_empty() {
            message.fail("nobody ordered");
        }
    }
}

fn main() {
    fn spawnable<T: Send>(_: T) {}
    spawnable(Orders.start_link());
}
