// expect(not-a-named-type): a pipeline must be a named type
use ui_tests::prelude::*;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl dyn Shape {
    async fn handle_message(&self, _message: &mut Message<Payload>) {}
}

trait Shape {}

struct Circle;

fn main() {}
