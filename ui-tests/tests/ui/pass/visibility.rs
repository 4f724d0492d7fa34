//! Pipelines that are seen as widely as `vis` says, in modules that are private.
#![deny(warnings, unreachable_pub, private_interfaces)]
use ui_tests::prelude::*;

mod shop {
    use ui_tests::prelude::*;

    pub(crate) struct Orders;

    #[broadway(
        vis = pub(crate),
        producers(default(module = Payloads)),
        processors(default()),
        batchers(default(), archive()),
    )]
    impl Orders {
        async fn handle_message(&self, message: &mut OrdersMessage) {
            message.put_batcher(OrdersBatcher::Archive);
        }

        async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
    }

    pub(crate) mod inner {
        use super::Payloads;

        pub(in crate::shop) struct Returns;

        #[broadway::broadway(
            vis = pub(in crate::shop),
            producers(default(module = Payloads)),
            processors(default()),
        )]
        impl Returns {
            async fn handle_message(&self, _message: &mut ReturnsMessage) {}
        }
    }

    pub(crate) fn stages() -> u64 {
        inner::Returns.topology().producers.stages
    }
}

/// Private, with items that are as visible as they can be.
struct Payments;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl Payments {
    async fn handle_message(&self, _message: &mut PaymentsMessage) {}
}

fn main() {
    assert_eq!(shop::stages(), 1);
    assert_ne!(shop::OrdersBatcher::Default, shop::OrdersBatcher::Archive);
    assert_eq!(shop::Orders.topology().batchers.len(), 2);
    assert_eq!(Payments.topology().name, "Payments");
}
