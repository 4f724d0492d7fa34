// expect(unknown-entry): unknown option `proc`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    proc
    batchers(default(), archive()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        message.put_batcher(OrdersBatcher::Archive);
        Ok(Order { customer: message.text()?.to_owned() })
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        match batch.batcher() {
            OrdersBatcher::Default => println!("{:?}", batch.outputs().iter().map(|order| &order.customer).collect::<Vec<_>>()),
            OrdersBatcher::Archive => batch.messages_mut().iter_mut().for_each(OrdersMessage::discard),
        }
        Ok(())
    }
}

struct Orders;

async fn start() -> Result<()> {
    assert_eq!(Orders.topology().batchers.len(), 2);
    let pipeline: Pipeline = Orders.start_link().await?;
    pipeline.stop().await?;
    Ok(())
}

fn main() {}
