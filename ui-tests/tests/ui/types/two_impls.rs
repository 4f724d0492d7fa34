// expect(name-is-taken): the name `OrdersMessage` is defined multiple times
// expect(name-is-taken): the name `OrdersBatcher` is defined multiple times
// expect(second-impl): conflicting implementations of trait `StructuralPartialEq` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `PartialEq` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `Eq` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `Hash` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `Clone` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `Copy` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `Debug` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `broadway::Batcher` for type `OrdersBatcher`
// expect(second-impl): conflicting implementations of trait `Broadway` for type `Orders`
// expect(second-impl): multiple applicable items in scope
// expect(second-impl): multiple applicable items in scope
// expect(second-impl): multiple applicable items in scope
// expect(duplicate-callback): duplicate definitions with name `handle_message`
// expect(duplicate-callback): duplicate definitions with name `topology`
// expect(duplicate-callback): duplicate definitions with name `start_link`
// expect(duplicate-callback): duplicate definitions with name `configure`
use ui_tests::prelude::*;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

#[broadway(
    producers(default(module = Numbers)),
    processors(default()),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage<u64>) {}
}

struct Orders;

async fn start() {
    Orders.start_link().await.unwrap();
}

fn main() {}
