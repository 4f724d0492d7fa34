//! `unrouted = fail`, `default = NAME`, one batcher of any name; raw names; `vis`; several pipelines in one module.
#![deny(warnings)]
use broadway::Batcher;
use ui_tests::prelude::*;

mod strict {
    use ui_tests::prelude::*;

    pub(crate) struct Orders;

    #[broadway(
        vis = pub(crate),
        crate = ::broadway,
        producers(default(module = Payloads)),
        processors(default()),
        batchers(unrouted = fail, s3(), r#type()),
    )]
    impl Orders {
        async fn handle_message(&self, message: &mut OrdersMessage) -> Result<()> {
            let batcher = if message.data.is_empty() { OrdersBatcher::S3 } else { OrdersBatcher::Type };
            message.put_batcher(batcher);
            Ok(())
        }

        async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
    }
}

struct Payments;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default = big_query, s3(), big_query()),
)]
impl Payments {
    async fn handle_message(&self, message: &mut PaymentsMessage) {
        message.put_batcher(PaymentsBatcher::S3);
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        match batch.batcher() {
            PaymentsBatcher::S3 | PaymentsBatcher::BigQuery => {}
        }
    }
}

fn main() {
    let topology = strict::Orders.topology();
    assert_eq!(topology.routing, broadway::topology::Routing::Fail);
    assert_eq!(topology.batchers.iter().map(|batcher| batcher.name.as_str()).collect::<Vec<_>>(), ["s3", "type"]);
    assert_eq!(strict::OrdersBatcher::DEFAULT, None);
    assert_eq!(Payments.topology().default_batcher(), Some(1));
    assert_eq!(PaymentsBatcher::DEFAULT, Some(PaymentsBatcher::BigQuery));
    assert_eq!(PaymentsBatcher::BigQuery.index(), 1);
}
