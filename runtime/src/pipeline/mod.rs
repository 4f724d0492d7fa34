//! A pipeline at run time: its stages (one file each, named as in the diagram), what they share, and who owns them.

mod backoff;
mod batch_processor;
mod batcher;
mod core;
mod entry;
mod handle;
mod handled;
mod lent;
mod order;
mod outcome;
mod owner;
mod pace;
mod parcel;
mod pending;
mod plan;
mod processor;
mod producer;
mod rate_limiter;
mod registry;
mod run;
mod settler;
mod setup;
mod shared;
mod stage;
mod start;
mod terminator;

pub(crate) use self::core::Core;
pub use self::core::PushError;
pub use handle::{Handle, Health, RateLimitError, StageStats, Stats};
pub use outcome::{BatchSummary, Outcome as MessageOutcome, Status};
pub use owner::Pipeline;
pub use registry::all_running;
pub use setup::{Setup, StartLink};
pub(crate) use shared::Shared;
pub use start::StartError;
