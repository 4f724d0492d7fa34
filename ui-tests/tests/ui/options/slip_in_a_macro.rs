// expect(unknown-option): unknown option `stagse` in `processors`
use ui_tests::prelude::*;

macro_rules! pipeline {
    ($option:ident) => {
        #[broadway(producers(default(module = Payloads)), processors(default($option = 4)))]
        impl Orders {
            async fn handle_message(&self, _message: &mut OrdersMessage) {}
        }
    };
}

pipeline!(stagse);

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
