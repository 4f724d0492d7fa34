//! Stages: what produces, and what lies between two layers.

pub(crate) mod edge;
mod iter;
mod outbox;
mod producer;
mod transform;

pub use iter::{FromIter, from_iter};
pub(crate) use outbox::Emitted;
pub use outbox::{Incoming, Outbox};
pub use producer::{InFlight, Next, Producer, ProducerContext, Signal, StageIndex};
pub use transform::transform;
