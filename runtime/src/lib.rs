//! Broadway for Rust: concurrent, multi-stage data ingestion and processing with back-pressure, batching, automatic
//! acknowledgement, supervision and graceful shutdown.
//!
//! A pipeline is an `impl` with callbacks. The attribute [`macro@broadway`] says where messages come from and how many
//! stages work on them, and is checked while the crate is compiled.
//!
//! ```
//! use broadway::{prelude::*, stage::from_iter};
//!
//! struct Doubler;
//!
//! #[broadway(
//!     producers(default(module = from_iter(1..=100u64))),
//!     processors(default(stages = 4)),
//!     batchers(default(batch_size = 10, batch_timeout = 1000)),
//! )]
//! impl Doubler {
//!     async fn handle_message(&self, message: &mut DoublerMessage<u64>) -> Result<u64> {
//!         if message.data == 13 {
//!             return Err("unlucky".into()); // fails this message alone
//!         }
//!         Ok(message.data * 2)
//!     }
//!
//!     async fn handle_batch(&self, batch: &mut Batch<Self>) {
//!         println!("{:?}", batch.outputs());
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     let pipeline = Doubler.start_link().await?;
//!     let report = pipeline.wait().await?;
//!     assert_eq!((report.acknowledged, report.failed), (99, 1));
//!     Ok(())
//! }
//! ```
//!
//! # The way of a message
//!
//! Producer stages ask a [`Producer`] for as much as the processors may hold. A processor calls `handle_message` for one
//! message after the other; several processors work at the same time. What `handle_message` returns is collected by a
//! batcher, and a batch processor calls `handle_batch`. Where a message ends it is settled: **successful**, **failed**
//! (`Err`, a panic, a time-out) or **released** (not judged), and the [`Acknowledger`] of its source is told which.
//!
//! Callbacks are lent their messages. Whatever a callback does, the runtime still holds the message and settles it exactly
//! once. The message itself says more: [`Message::put_batcher`], [`Message::put_batch_key`], [`Message::done`],
//! [`Message::fail`], [`Message::discard`], [`Message::release_after`].
//!
//! # Owner and handle
//!
//! `start_link` gives a [`Pipeline`], the owner, which alone ends the pipeline: [`wait`](Pipeline::wait),
//! [`run_until_signal`](Pipeline::run_until_signal), [`stop`](Pipeline::stop). A stop drains: no more is fetched, and
//! everything that was emitted is settled before it returns, or released at one deadline. A [`Handle`] is cheap to clone
//! and has the rest: statistics, health, pause, the rate limit.
//!
//! # Where things are
//!
//! - [`macro@broadway`]: every option, with its default
//! - [`Broadway`] and [`Builder`]: pipelines without the attribute
//! - [`Producer`], [`Outbox`], [`Acknowledger`]: to connect a source; [`stage::from_iter`] for an iterator
//! - [`channel()`]: to feed a pipeline from its own process, and to chain pipelines
//! - [`topology`]: the shape of a pipeline as data, its rules and its diagram
//! - `broadway::testing`, with the feature `testing`: callbacks as plain methods, pipelines on virtual time
//!
//! # Features
//!
//! None is on by default. `json`: [`Payload`] and messages decode JSON. `serde`: [`Overrides`] out of a file. `testing`: the test kit.

#[doc(hidden)]
pub mod __private;
mod acknowledger;
mod backoff;
mod batch;
mod batch_key;
mod builder;
mod chain;
pub mod channel;
mod envelope;
mod error;
mod failure;
mod handler;
mod message;
mod overrides;
mod payload;
mod pipeline;
mod report;
#[cfg(feature = "testing")]
mod schedule;
mod spawn;
mod splitter;
pub mod stage;
mod supervision;
mod sync;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod ticket;

/// Seeing what a pipeline does, as it does it: the [`Observer`](observe::Observer) and what it is told.
pub mod observe {
    pub use crate::telemetry::{AckStop, BatchStart, BatchStop, ChunkStart, ChunkStop, Observer, Place, TakeStop};
}

/// What a pipeline's source file needs: `use broadway::prelude::*`.
pub mod prelude {
    pub use crate::{
        Batch, BatchMode, Message, Payload, Pipeline, Report, Result, ResultExt, StageIndex, StartLink as _, Trigger,
        broadway,
    };
}

pub use acknowledger::{
    AckData, AckOptions, AckRef, AckReport, Acknowledger, ConfigureAckError, NoopAcknowledger, Settled, Settlement,
    UnsupportedOptions,
};
pub use async_trait::async_trait;
pub use batch::{Batch, BatchInfo, MessageOf, Trigger};
pub use batch_key::BatchKeyValue;
pub use broadway_macros::broadway;
pub use broadway_topology as topology;
pub use builder::{Builder, Closures};
pub use channel::channel;
pub use error::{Chain, Error, Permanent, Result, ResultExt, RetryAfter};
pub use failure::{DecodeError, Failure, FailureKind};
pub use handler::{Batcher, BoxProducer, Broadway, Declared, DefaultBatcher, Lent, Outcome, Route};
pub use message::{BatchMode, Done, Message};
pub use overrides::{Origin, Overrides, OverridesError};
pub use payload::Payload;
pub use pipeline::{
    AckError, BatchSummary, Handle, Health, MessageOutcome, Pipeline, PushError, RateLimitError, Setup, StartError,
    StartLink, Status, ack_immediately, all_running,
};
pub use report::{EndReason, Report, StopError, Stuck};
pub use splitter::{BoxSplitter, ByteLen, Split, Splitter};
pub use stage::{InFlight, Incoming, Next, Outbox, Producer, ProducerContext, Signal, StageIndex};
pub use telemetry::{Percentiles, QueueStats, RateLimiterStats, StageStats, Stats};
