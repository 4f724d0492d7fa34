//! The runtime under another path, also from within a macro of another crate's kind.
#![deny(warnings)]

pub mod reexport {
    pub use ::broadway as runtime;
}

use reexport::runtime::{Result, broadway};
use ui_tests::Payloads;

struct Orders;

#[broadway(
    crate = crate::reexport::runtime,
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result {
        Ok(())
    }
}

macro_rules! pipeline {
    ($name:ident, $message:ident) => {
        struct $name;

        #[broadway(
            crate = $crate::reexport::runtime,
            producers(default(module = Payloads)),
            processors(default()),
        )]
        impl $name {
            async fn handle_message(&self, _message: &mut $message) {}
        }
    };
}

pipeline!(Payments, PaymentsMessage);

fn main() {
    assert_ne!(Orders.topology().name, Payments.topology().name);
}
