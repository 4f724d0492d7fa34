//! A durable queue in one SQLite file, with the semantics of SQS: leases with a visibility time-out, receive counts, dead
//! letters, delays, FIFO groups, deduplication. No server; what was sent survives `kill -9`; several processes may share
//! the file.
//!
//! ```no_run
//! use broadway_sqlite::{Entry, SqliteQueue};
//! use std::time::Duration;
//!
//! # async fn example() -> Result<(), broadway_sqlite::Error> {
//! let queue = SqliteQueue::open("orders.queue").await?;
//! queue.send("an order").await?;
//! queue.send(Entry::new("a reminder").delay(Duration::from_secs(60)).group("customer 7")).await?;
//! let producer = queue.producer().stop_when_empty();   // for `module = ..` of a pipeline
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
