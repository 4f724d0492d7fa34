//! `transformer` as a function and as a closure.
#![deny(warnings)]
use ui_tests::prelude::*;

struct Orders;

#[broadway(
    producers(default(module = Payloads, transformer = decode)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage<Order>) -> Result<String> {
        Ok(message.data.customer.clone())
    }
}

fn decode(payload: Payload) -> Result<Order> {
    Ok(Order { customer: payload.text()?.to_owned() })
}

struct Texts;

#[broadway(
    producers(default(module = Numbers, transformer = |n| Ok::<_, std::fmt::Error>(n.to_string()))),
    processors(default()),
)]
impl Texts {
    async fn handle_message(&self, message: &mut TextsMessage<String>) {
        message.data.clear();
    }
}

fn main() {
    let _setups = (Orders.configure(), Texts.configure());
}
