//! Pipelines side by side in one module, which name each other's types.
#![deny(warnings)]
use ui_tests::prelude::*;

struct Orders;
struct Payments<T>(T);
struct Returns;

#[broadway(producers(default(module = Payloads)), processors(default()), batchers(default(), archive()))]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) {
        message.put_batcher(OrdersBatcher::Archive);
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

#[broadway(producers(default(module = Numbers)), processors(default()), batchers(default()))]
impl<T: Send + Sync + 'static> Payments<T> {
    async fn handle_message(&self, message: &mut PaymentsMessage<u64>) -> Result<u64> {
        Ok(message.data)
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl Returns {
    async fn handle_message(&self, _message: &mut ReturnsMessage) {}
}

fn about(batcher: OrdersBatcher, _: Option<PaymentsBatcher>, _: Option<ReturnsBatcher>) -> &'static str {
    match batcher {
        OrdersBatcher::Default => "default",
        OrdersBatcher::Archive => "archive",
    }
}

fn main() {
    assert_eq!(about(OrdersBatcher::Archive, None, None), "archive");
    let names = [Orders.topology().name, Payments("eu").topology().name, Returns.topology().name];
    assert_eq!(names, ["Orders", "Payments", "Returns"]);
}
