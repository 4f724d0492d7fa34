//! The runtime once more, made of its own files, with a telemetry that neither reads the clock, nor records, nor asks who
//! listens. Invariant: counters and the pace of quick stages stay, because the report and the engine are made of them; so
//! what a pipeline needs less here than there is what telemetry costs when nobody listens.
//!
//! The modules are those of `runtime/src/lib.rs`: one that is new there, and that the engine uses, is listed here too.

#![allow(dead_code, missing_docs, unused_imports, unreachable_pub, reason = "the runtime uses and exports all of it")]

#[path = "../../../runtime/src"]
mod runtime {
    pub(crate) mod acknowledger;
    pub(crate) mod backoff;
    pub(crate) mod batch;
    pub(crate) mod batch_key;
    pub(crate) mod builder;
    pub(crate) mod chain;
    pub mod channel;
    pub(crate) mod envelope;
    pub(crate) mod error;
    pub(crate) mod failure;
    pub(crate) mod handler;
    pub(crate) mod message;
    pub(crate) mod overrides;
    pub(crate) mod payload;
    pub(crate) mod pipeline;
    pub(crate) mod report;
    #[cfg(feature = "testing")]
    pub(crate) mod schedule;
    pub(crate) mod spawn;
    pub(crate) mod splitter;
    pub mod stage;
    pub(crate) mod supervision;
    pub(crate) mod sync;
    #[path = "../../benches/without_telemetry/src/telemetry/mod.rs"]
    pub(crate) mod telemetry;
    #[cfg(feature = "testing")]
    pub mod testing;
    pub(crate) mod ticket;
}

pub use async_trait::async_trait;
pub use broadway_macros::broadway;
pub use broadway_topology as topology;

pub use self::runtime::*;
pub use self::runtime::{
    acknowledger::*, batch::*, batch_key::*, builder::*, channel::*, error::*, failure::*, handler::*, message::*,
    overrides::*, payload::*, pipeline::*, report::*, splitter::*, stage::*, telemetry::*,
};

/// The observer, which nobody is here.
pub mod observe {
    pub use crate::telemetry::{AckStop, BatchStart, BatchStop, ChunkStart, ChunkStop, Observer, Place, TakeStop};
}
