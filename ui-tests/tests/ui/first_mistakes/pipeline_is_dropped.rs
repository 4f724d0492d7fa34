// expect(unused-pipeline): unused `broadway::Pipeline` that must be used
#![deny(unused_must_use)]

use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: message.text()?.to_owned() })
    }
}

struct Orders;

async fn run() -> Result<()> {
    Orders.start_link().await?;
    Ok(())
}

fn main() {}
