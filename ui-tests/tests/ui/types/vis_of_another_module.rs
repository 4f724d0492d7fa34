// expect(vis-of-another-module): visibilities can only be restricted to ancestor modules
mod inner {
    use ui_tests::prelude::*;

    #[broadway(
        vis = pub(in crate::outer),
        producers(default(module = Payloads)),
        processors(default()),
    )]
    impl Orders {
        async fn handle_message(&self, _message: &mut OrdersMessage) {}
    }

    pub struct Orders;
}

mod outer {}

fn main() {}
