//! A consumer as a producer-consumer that gives nothing: the two live in the same task.

use super::{Asking, Consumer, Next, ProducerConsumer, Reason, StageContext, Subscription};
use crate::error::Result;

/// What a consumer gives.
#[derive(Debug)]
pub(crate) enum Nothing {}

/// A consumer as a stage that gives nothing.
pub(crate) struct Sink<C>(pub(crate) C);

impl<C: Consumer> ProducerConsumer for Sink<C> {
    type Event = C::Event;
    type Data = Nothing;

    fn init(&mut self, context: &StageContext) -> impl Future<Output = Result<()>> + Send {
        self.0.init(context)
    }

    fn handle_subscribe(&mut self, subscription: &Subscription) -> impl Future<Output = Result<Asking>> + Send {
        self.0.handle_subscribe(subscription)
    }

    fn handle_events(
        &mut self,
        events: Vec<C::Event>,
        _: &mut Vec<Nothing>,
        from: &Subscription,
    ) -> impl Future<Output = Result<Next>> + Send {
        self.0.handle_events(events, from)
    }

    fn handle_cancel(&mut self, from: &Subscription, reason: &Reason) -> impl Future<Output = Result<()>> + Send {
        self.0.handle_cancel(from, reason)
    }

    fn terminate(&mut self, reason: &Reason) -> impl Future<Output = ()> + Send {
        self.0.terminate(reason)
    }
}
