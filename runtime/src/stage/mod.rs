//! Stages that exchange events on demand, for pipelines whose shape Broadway's does not fit.
//!
//! A **producer** gives events when it is asked, a **consumer** takes them, and a **producer-consumer** does both. Who takes
//! events subscribes to who gives them, and asks for as many as it can hold; nothing is sent that was not asked for, so the
//! slowest stage sets the pace and nothing piles up. `docs/stages.md` is the introduction, `docs/demand.md` the contract.
//!
//! ```
//! use broadway::{
//!     Next, Result,
//!     stage::{self, Consumer, ProducerConsumer, Subscription, from_iter, to},
//! };
//!
//! struct Doubler;
//!
//! impl ProducerConsumer for Doubler {
//!     type Event = u64;
//!     type Data = u64;
//!
//!     async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
//!         out.extend(events.iter().map(|n| n * 2));
//!         Ok(Next::More)
//!     }
//! }
//!
//! struct Printer;
//!
//! impl Consumer for Printer {
//!     type Event = u64;
//!
//!     async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
//!         println!("{events:?}");
//!         Ok(Next::More)
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     let counter = stage::producer(from_iter(0..1_000)).name("counter").start().await?;
//!     let doubler = stage::producer_consumer(Doubler).subscribe_to(&counter).start().await?;
//!     let printer = stage::consumer(Printer).subscribe_to(to(&doubler).max_demand(10)).start().await?;
//!     printer.ended().await;
//!     assert_eq!(printer.counts().handled, 1_000);
//!     Ok(())
//! }
//! ```
//!
//! A producer's stage and a pipeline's producer are of the same trait, [`Producer`]. What tells them apart is what becomes of
//! a message: a pipeline settles it with its source, whatever happens; a stage's events are values that are gone when they
//! are dropped. **What a crash of a stage, or of the process, has in hand is lost.**

mod asking;
mod buffer;
mod builder;
mod cancel;
mod consumer;
mod context;
mod counts;
mod dispatch;
pub(crate) mod edge;
mod events;
mod flow;
mod from_iter;
mod from_stage;
mod from_stream;
mod handle;
mod inbox;
mod incoming;
mod inlet;
mod instances;
mod next;
mod not_started;
mod outbox;
mod outlet;
mod port;
mod producer;
mod producer_consumer;
mod producer_context;
mod reason;
mod signal;
mod sink;
mod source;
mod stage_index;
mod subscribe_error;
mod subscription;
mod supervisor;
mod to;
mod transform;

pub use asking::Asking;
pub use buffer::Keep;
pub use builder::{ConsumerBuilder, ProducerBuilder, ProducerConsumerBuilder, consumer, producer, producer_consumer};
pub use cancel::Cancel;
pub use consumer::Consumer;
pub use context::StageContext;
pub use counts::Counts;
pub use dispatch::{
    Broadcast, Deliveries, Demand, Dispatcher, Fair, Partition, Refused, Selector, SubscriptionId, Terms,
};
pub use events::{Events, stream};
pub use from_iter::{FromIter, from_iter};
pub use from_stage::{FromStage, from_stage};
pub use from_stream::{FromStream, from_stream};
pub use handle::{Gives, Stage, Subscribing, Takes, TakesAndGives};
pub use incoming::Incoming;
pub use next::Next;
pub use not_started::NotStarted;
pub(crate) use outbox::Emitted;
pub use outbox::Outbox;
pub use producer::Producer;
pub use producer_consumer::ProducerConsumer;
pub use producer_context::{InFlight, ProducerContext};
pub use reason::Reason;
pub(crate) use signal::Flag;
pub use signal::Signal;
pub use stage_index::StageIndex;
pub use subscribe_error::SubscribeError;
pub use subscription::Subscription;
pub use supervisor::{ChildCounts, ChildId, Children, ConsumerSupervisor};
pub use to::{To, to};
pub use transform::transform;
