//! What a user would write with tokio alone: the same shapes, with `mpsc` channels or as one stream. Each message carries what
//! a message needs (acknowledger, receipt, metadata, batch key, status), and the end of each pipeline counts
//! acknowledgements.

mod batcher;
mod chunks;
mod message;
mod messages;
mod stream;

pub use chunks::{chunks, chunks_to_batchers};
pub use messages::{messages, messages_in_batches};
pub use stream::stream;
