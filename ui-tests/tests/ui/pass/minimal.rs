//! One callback, no batchers, all defaults. The enum of the batchers is empty.
#![deny(warnings, missing_docs, unreachable_pub, rust_2018_idioms)]
use ui_tests::prelude::*;

struct Orders;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) {}
}

fn main() {
    let topology = Orders.topology();
    assert_eq!((topology.name.as_str(), topology.explicit_name, topology.batchers.len()), ("Orders", false, 0));
    assert_eq!(topology.producers.module, "Payloads");
    assert_eq!(topology, {
        let mut topology = broadway::topology::Topology::new("Orders");
        topology.producers.module("Payloads");
        topology
    });
    let declared = <Orders as broadway::Broadway>::DECLARED.unwrap();
    assert!(declared.file.ends_with("minimal.rs"), "{declared}");
    assert_eq!(declared.line, 7);
    assert_eq!(<OrdersBatcher as broadway::Batcher>::DEFAULT, None);
}
