//! The runtime once more, made of its own files, with a telemetry that neither reads the clock, nor records, nor asks who
//! listens. Invariant: counters and the pace of quick stages stay, because the report and the engine are made of them; so
//! what a pipeline needs less here than there is what telemetry costs when nobody listens.

#![allow(dead_code, missing_docs, unused_imports, unreachable_pub, reason = "the runtime uses and exports all of it")]

#[path = "../../../runtime/src/acknowledger.rs"]
mod acknowledger;
#[path = "../../../runtime/src/backoff.rs"]
mod backoff;
#[path = "../../../runtime/src/batch.rs"]
mod batch;
#[path = "../../../runtime/src/batch_key.rs"]
mod batch_key;
#[path = "../../../runtime/src/builder.rs"]
mod builder;
#[path = "../../../runtime/src/chain.rs"]
mod chain;
#[path = "../../../runtime/src/envelope.rs"]
mod envelope;
#[path = "../../../runtime/src/error.rs"]
mod error;
#[path = "../../../runtime/src/failure.rs"]
mod failure;
#[path = "../../../runtime/src/handler.rs"]
mod handler;
#[path = "../../../runtime/src/message.rs"]
mod message;
#[path = "../../../runtime/src/overrides/mod.rs"]
mod overrides;
#[path = "../../../runtime/src/payload.rs"]
mod payload;
#[path = "../../../runtime/src/pipeline/mod.rs"]
mod pipeline;
#[path = "../../../runtime/src/report.rs"]
mod report;
#[path = "../../../runtime/src/spawn.rs"]
mod spawn;
#[path = "../../../runtime/src/splitter.rs"]
mod splitter;
#[path = "../../../runtime/src/stage/mod.rs"]
pub mod stage;
#[path = "../../../runtime/src/supervision/mod.rs"]
mod supervision;
#[path = "../../../runtime/src/sync.rs"]
mod sync;
mod telemetry;
#[path = "../../../runtime/src/ticket.rs"]
mod ticket;

pub use async_trait::async_trait;
pub use broadway_macros::broadway;
pub use broadway_topology as topology;

pub use self::{
    acknowledger::*, batch::*, batch_key::*, builder::*, error::*, failure::*, handler::*, message::*, overrides::*,
    payload::*, pipeline::*, report::*, splitter::*, stage::*, telemetry::*,
};

/// The observer, which nobody is here.
pub mod observe {
    pub use crate::telemetry::{AckStop, BatchStart, BatchStop, ChunkStart, ChunkStop, Observer, Place, TakeStop};
}
