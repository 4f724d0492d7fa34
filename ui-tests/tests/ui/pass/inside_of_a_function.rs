//! A pipeline of a function's own.
#![deny(warnings)]
use ui_tests::prelude::*;

fn main() {
    struct Orders(u64);

    #[broadway(producers(default(module = Numbers, stages = self.0)), processors(default()))]
    impl Orders {
        async fn handle_message(&self, _message: &mut OrdersMessage<u64>) {}
    }

    assert_eq!(Orders(3).topology().producers.stages, 3);
}
