//! The files of the runtime's stage layer that lock or wait: ports and inboxes, and what a stage's task does with them.

#[path = "../../../runtime/src/stage/buffer.rs"]
mod buffer;
#[path = "../../../runtime/src/stage/cancel.rs"]
mod cancel;
#[path = "../../../runtime/src/stage/counts.rs"]
mod counts;
#[path = "../../../runtime/src/stage/dispatch/mod.rs"]
mod dispatch;
#[path = "../../../runtime/src/stage/inbox.rs"]
mod inbox;
#[path = "../../../runtime/src/stage/inlet.rs"]
mod inlet;
#[path = "../../../runtime/src/stage/outlet.rs"]
mod outlet;
#[path = "../../../runtime/src/stage/port.rs"]
mod port;
#[path = "../../../runtime/src/stage/reason.rs"]
mod reason;
#[path = "../../../runtime/src/stage/subscribe_error.rs"]
mod subscribe_error;
#[path = "../../../runtime/src/stage/subscription.rs"]
mod subscription;
#[path = "../../../runtime/src/stage/to.rs"]
mod to;

pub(crate) use buffer::{Buffer, Keep};
pub(crate) use cancel::Cancel;
pub(crate) use counts::Counters;
pub(crate) use dispatch::{Demand, Dispatcher, Refused, SubscriptionId};
pub(crate) use inbox::Inbox;
pub(crate) use inlet::{Happening, Inlet, Request};
pub(crate) use outlet::Outlet;
pub(crate) use port::{Order, Port, Standing};
pub(crate) use reason::Reason;
pub(crate) use subscribe_error::SubscribeError;
pub(crate) use subscription::Subscription;
pub(crate) use to::To;
