// expect(splitter-and): `max_bytes` cannot stand beside `splitter`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(max_bytes = 1024, splitter = Never)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders;

#[derive(Clone)]
struct Never;

impl broadway::Splitter<OrdersMessage, Order> for Never {
    fn split(&mut self, _: &OrdersMessage, _: &Order) -> broadway::Split {
        broadway::Split::Add
    }
}

fn main() {}
