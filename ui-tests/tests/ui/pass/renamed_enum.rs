//! The enum of the batchers under a name of its own: the usual one is taken, or says too little.
#![deny(warnings, missing_docs)]
use ui_tests::prelude::*;

/// A pipeline.
#[derive(Debug)]
pub struct Orders;

/// What the generated enum would be called.
#[derive(Debug)]
pub struct OrdersBatcher;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(enum = Route, default = archive, archive(), s3(max_bytes = 10), big_query(partition_by = |_| 1)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<String> {
        message.put_batcher(Route::S3);
        Ok(message.text()?.to_owned())
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        match batch.batcher() {
            Route::Archive | Route::S3 | Route::BigQuery => {}
        }
    }
}

fn main() {
    let _taken = OrdersBatcher;
    assert_eq!(<Route as broadway::Batcher>::DEFAULT, Some(Route::Archive));
    let _: Option<Route> = None::<<Orders as broadway::Broadway>::Batcher>;
    let _: Option<OrdersMessage> = None::<Message<Payload, Route>>;
}
