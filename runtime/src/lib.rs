//! Broadway for Rust: concurrent, multi-stage data ingestion and processing with back-pressure, batching, automatic
//! acknowledgement, supervision and graceful shutdown.

#[doc(hidden)]
pub mod __private;
mod acknowledger;
mod batch;
mod batch_key;
mod builder;
mod envelope;
mod error;
mod failure;
mod handler;
mod message;
mod payload;
mod pipeline;
mod report;
mod spawn;
pub mod stage;
mod supervision;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod ticket;

/// What a pipeline's source file needs: `use broadway::prelude::*`.
pub mod prelude {
    pub use crate::{
        Batch, BatchMode, Message, Payload, Pipeline, Result, ResultExt, StageIndex, StartLink as _, Trigger, broadway,
    };
}

pub use acknowledger::{AckData, AckRef, AckReport, Acknowledger, NoopAcknowledger, Settled, Settlement};
pub use async_trait::async_trait;
pub use batch::{Batch, BatchInfo, MessageOf, Trigger};
pub use batch_key::{BatchKey, BatchKeyValue};
pub use broadway_macros::broadway;
pub use broadway_topology as topology;
pub use builder::{Builder, Closures};
pub use error::{Error, Permanent, Result, ResultExt};
pub use failure::{DecodeError, Failure, FailureKind};
pub use handler::{Batcher, BoxProducer, Broadway, Declared, DefaultBatcher, Lent, Outcome};
pub use message::{BatchMode, Done, Message};
pub use payload::Payload;
pub use pipeline::{
    BatchSummary, Handle, Health, MessageOutcome, Pipeline, PushError, RateLimitError, Setup, StageStats, StartError,
    StartLink, Stats, Status, all_running,
};
pub use report::{EndReason, Report, StopError, Stuck};
pub use stage::{InFlight, Incoming, Next, Outbox, Producer, ProducerContext, Signal, StageIndex};
pub use telemetry::Percentiles;
