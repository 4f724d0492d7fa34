// expect(unknown-entry): unknown option `retries`
use ui_tests::prelude::*;

#[broadway(
    retries = 3,
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(), archive()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        message.put_batcher(OrdersBatcher::Archive);
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        let customers = |batch: &Batch<Self>| batch.outputs().iter().map(|order| order.customer.clone()).collect::<Vec<_>>();
        match batch.batcher() {
            OrdersBatcher::Default => println!("{:?}", customers(batch)),
            OrdersBatcher::Archive => batch.messages_mut().iter_mut().for_each(|message: &mut OrdersMessage| message.discard()),
        }
        Ok(())
    }

    async fn handle_failed(&self, messages: &mut [OrdersMessage]) {
        messages.iter_mut().for_each(OrdersMessage::discard);
    }
}

#[derive(Clone)]
struct Orders;

async fn start() -> Result<()> {
    let topology = Orders.topology();
    assert_eq!(topology.batchers.len(), 2);
    let _setup = Orders.configure().name("orders");
    let pipeline: Pipeline = Orders.start_link().await?;
    pipeline.stop().await?;
    Ok(())
}

fn main() {
    assert_ne!(OrdersBatcher::Default, OrdersBatcher::Archive);
}
