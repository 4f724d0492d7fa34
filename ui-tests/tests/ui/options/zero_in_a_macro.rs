// expect(at-least): `stages` must be at least 1
use ui_tests::prelude::*;

macro_rules! pipeline {
    ($pipeline:ident, $module:expr, $stages:expr) => {
        #[broadway(producers(default(module = $module)), processors(default(stages = $stages)))]
        impl $pipeline {
            async fn handle_message(&self, _message: &mut OrdersMessage) {}
        }
    };
}

pipeline!(Orders, Payloads, 0);

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
