//! An impl that another macro makes: tokens of several contexts.
#![deny(warnings)]
use ui_tests::prelude::*;

macro_rules! pipeline {
    ($name:ident, $message:ident, $stages:expr, |$self:ident, $argument:ident| $body:block) => {
        struct $name;

        #[broadway(producers(default(module = Payloads, stages = $stages)), processors(default(stages = 2)))]
        impl $name {
            async fn handle_message(&$self, $argument: &mut $message) -> Result<usize> $body
        }
    };
}

pipeline!(Orders, OrdersMessage, 1 + 2, |self, message| { Ok(message.data.len()) });

fn main() {
    let topology = Orders.topology();
    assert_eq!((topology.producers.stages, topology.processors.stages), (3, 2));
}
