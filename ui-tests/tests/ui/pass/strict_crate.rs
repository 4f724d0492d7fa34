//! A crate that denies all warnings and missing documentation, and forbids unsafe code.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![forbid(unsafe_code)]

use ui_tests::prelude::*;

/// Pipelines that are seen from outside, with all that is generated for them.
pub mod public {
    use super::*;

    /// A pipeline.
    #[derive(Debug)]
    pub struct Orders;

    #[broadway(
        partition_by = |message| message.data.len() as u64,
        producers(default(module = Payloads, stages = 4)),
        processors(default(stages = 20, retry(when = |failure| failure.attempts() < 3))),
        batchers(default(batch_size = 10), archive(batch_size = 500, max_bytes = 1_000)),
    )]
    impl Orders {
        async fn handle_message(&self, message: &mut OrdersMessage) -> Result<String> {
            message.put_batcher(OrdersBatcher::Archive);
            Ok(message.text()?.to_owned())
        }

        async fn handle_batch(&self, _batch: &mut Batch<Self>) -> Result {
            Ok(())
        }
    }
}

fn main() {
    let topology = public::Orders.topology();
    // What the documentation of `start_link` shows is what is printed here.
    println!("{topology}{}{}", topology.mermaid(), topology.dot());
}
