//! The asks of the pipeline, and what they become.

use std::{future::poll_fn, sync::Arc, task::Poll};

use async_trait::async_trait;

use super::{FromStage, link::Link, release::release};
use crate::{
    error::Result,
    stage::{
        Incoming, Next, Outbox, Producer, ProducerContext, Reason,
        inbox::Inbox,
        inlet::{Happening, Inlet},
    },
};

impl<T, F, D> FromStage<T, F>
where
    F: FnMut(T) -> Incoming<D>,
{
    /// Gives on what is held, up to `demand` in all. One by one: should `incoming` panic, the others are still there.
    fn give(&mut self, demand: usize, out: &mut Outbox<D>) {
        while out.len() < demand
            && let Some(event) = self.held.pop_front()
        {
            out.push((self.incoming)(event));
        }
    }
}

#[async_trait]
impl<T, D, F> Producer for FromStage<T, F>
where
    T: Send + 'static,
    D: Send + 'static,
    F: FnMut(T) -> Incoming<D> + Send + 'static,
{
    type Data = D;

    /// Subscribes, and asks for nothing yet.
    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        if let Some(acknowledger) = self.acknowledger.take() {
            context.acknowledger(acknowledger);
        }
        self.context = Some(context.clone());
        self.release = Some(release::<T, D, F>);
        self.subscribe().await.map(drop)
    }

    fn preferred_demand(&self) -> Option<usize> {
        Some(self.max_demand)
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<D>) -> Result<Next> {
        loop {
            self.give(demand, out);
            if out.len() >= demand {
                return Ok(Next::More);
            }
            let Link::Subscribed(subscription) = &self.link else {
                // What came before goes first.
                if !out.is_empty() {
                    return Ok(Next::More);
                }
                if self.subscribe().await? {
                    continue;
                }
                return Ok(Next::Finished);
            };
            let missing = (demand - out.len()).saturating_sub(self.open);
            self.open += missing;
            subscription.ask(missing);
            let has_nothing = out.is_empty();
            let happening = poll_fn(|cx| match self.inlet.poll(cx, true) {
                Poll::Ready(happening) => Poll::Ready(Some(happening)),
                Poll::Pending if has_nothing => Poll::Pending,
                Poll::Pending => Poll::Ready(None),
            });
            match happening.await {
                Some(happening) => self.happened(happening),
                None => return Ok(Next::More),
            }
        }
    }

    /// Cancels the subscription, and gives on what was sent before the stage heard of that.
    async fn prepare_for_draining(&mut self, out: &mut Outbox<D>) -> Result<()> {
        match std::mem::replace(&mut self.link, Link::Finished) {
            Link::Subscribed(subscription) => subscription.cancel(Reason::Stopped),
            // It has asked for nothing.
            _ => self.inlet = Inlet::new(Arc::new(Inbox::new())),
        }
        loop {
            self.give(usize::MAX, out);
            if !self.inlet.has_subscriptions() {
                return Ok(());
            }
            let happening = poll_fn(|cx| self.inlet.poll(cx, true)).await;
            self.happened(happening);
        }
    }
}

impl<T: Send + 'static, F> FromStage<T, F> {
    fn happened(&mut self, happening: Happening<T>) {
        match happening {
            Happening::Events(_, events) => {
                // A dispatcher of somebody else's may send more than was asked for.
                self.open = self.open.saturating_sub(events.len());
                if self.held.is_empty() {
                    self.held = events.into();
                } else {
                    self.held.extend(events);
                }
            }
            Happening::Left(from, _, reason) => self.left(&from, &reason),
            // Who waits for the answer says so.
            Happening::Refused(..) => {}
            // Nobody has a handle to ask with.
            Happening::Request(_) | Happening::Mark(_) => {}
        }
    }
}
