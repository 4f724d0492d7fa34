//! A durable queue in one SQLite file, with the semantics of SQS: leases with a visibility time-out, receive counts, dead
//! letters, delays, FIFO groups, deduplication. No server; what was sent survives `kill -9`; several processes may share
//! the file.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("orders.queue");
//! use broadway::{Builder, Payload};
//! use broadway_sqlite::{Entry, SqliteQueue};
//! use std::time::Duration;
//!
//! let queue = SqliteQueue::open(path).await?;
//! queue.send("an order").await?;
//! queue.send(Entry::new("a reminder").delay(Duration::from_secs(60)).group("customer 7")).await?;
//!
//! let source = queue.clone();
//! let producer = move |_| source.producer().stop_when_empty(); // with the attribute: `module = self.queue.producer()`
//! let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Ok(()) }));
//! assert_eq!(pipeline.start_link().await?.wait().await?.acknowledged, 1);
//! assert_eq!(queue.depth().await?.delayed, 1);
//! # Ok(()) }
//! ```
//!
//! Delivery is at least once: a message whose lease ends before it is acknowledged is delivered again. Leases and delays
//! follow the wall clock, because processes have no other clock in common.

mod acknowledger;
mod commit;
mod dead_letter;
mod depth;
mod entry;
mod error;
mod file;
#[cfg(test)]
mod fuzzed;
mod headers;
mod lease;
mod options;
mod producer;
mod queue;
mod receive;
mod schema;
mod send;
mod settle;
mod time;
mod writer;

pub use acknowledger::{Action, SqliteAck};
pub use dead_letter::DeadLetter;
pub use depth::Depth;
pub use entry::{Entry, MAX_BODY_BYTES, MessageId};
pub use error::{Error, LeaseError, SendError};
pub use lease::Receipt;
pub use options::{Options, Synchronous};
pub use producer::{SqliteMetadata, SqliteProducer};
pub use queue::SqliteQueue;
pub use receive::Received;
