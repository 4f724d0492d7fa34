//! Callbacks under `#[cfg]`: alternatives of `handle_message`, and an optional one that is removed.
#![deny(warnings)]
use ui_tests::prelude::*;

struct Orders;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl Orders {
    #[cfg(all())]
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<u8> {
        Ok(1)
    }

    #[cfg(any())]
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<u16> {
        Ok(1)
    }

    #[cfg(any())]
    async fn handle_failed(&self, _messages: &mut [OrdersMessage]) {}
}

fn main() {
    let _: Option<<Orders as broadway::Broadway>::Output> = None::<u8>;
}
