//! The task of a stage that takes events. Invariant: it takes a chunk only while what it gives is asked for, and asks for as
//! much again when the chunk is handled and what came of it is emitted.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    task::Poll,
};

use futures::FutureExt;
use tokio::sync::watch;

use super::{
    Asking, Cancel, Next, ProducerConsumer, Reason, StageContext, Subscription,
    counts::Counters,
    inlet::{Happening, Inlet},
    instances::Again,
    outlet::Outlet,
    port::Order,
};
use crate::{
    error::{Chain, Result},
    failure::panic_text,
    telemetry::events,
};

pub(crate) struct Flow<H: ProducerConsumer> {
    pub(crate) name: Arc<str>,
    pub(crate) handler: Option<H>,
    pub(crate) again: Option<Again<H>>,
    pub(crate) context: StageContext,
    pub(crate) inlet: Inlet<H::Event>,
    pub(crate) outlet: Outlet<H::Data>,
    pub(crate) counters: Arc<Counters>,
    /// Why it will end when all is handled and given out.
    ending: Option<Reason>,
}

enum Step<T> {
    Next(Happening<T>),
    End(Reason),
    Drain,
}

/// How a stage that cannot go on ends.
struct Ended(Reason);

impl<H: ProducerConsumer> Flow<H> {
    pub(crate) fn new(
        name: Arc<str>,
        handler: H,
        again: Option<Again<H>>,
        context: StageContext,
        inlet: Inlet<H::Event>,
        outlet: Outlet<H::Data>,
        counters: Arc<Counters>,
    ) -> Self {
        Self { name, handler: Some(handler), again, context, inlet, outlet, counters, ending: None }
    }

    pub(crate) async fn start(&mut self) -> Result<()> {
        let Some(handler) = &mut self.handler else { return Ok(()) };
        let init = AssertUnwindSafe(handler.init(&self.context)).catch_unwind().await;
        init.unwrap_or_else(|panic| Err(panic_text(&*panic).into()))
    }

    /// The stage's whole life.
    pub(crate) async fn run(mut self, ended: watch::Sender<Option<Reason>>) {
        events::stage_started(&self.name);
        let life = AssertUnwindSafe(self.live()).catch_unwind().await;
        let Ended(reason) = life.unwrap_or_else(|panic| Ended(Reason::failed(panic_text(&*panic))));
        let unread = self.inlet.close(&reason);
        if unread > 0 {
            self.outlet.discard(unread);
        }
        if let Some(handler) = &mut self.handler {
            let last = AssertUnwindSafe(handler.terminate(&reason)).catch_unwind().await;
            if let Err(panic) = last {
                events::function_panicked(&self.name, "terminate", &panic_text(&*panic));
            }
        }
        self.handler = None;
        self.outlet.close(&reason);
        events::stage_ended(&self.name, &reason);
        ended.send_replace(Some(reason));
    }

    async fn live(&mut self) -> Ended {
        loop {
            let step = match self.next().await {
                Step::Next(happening) => self.happened(happening).await,
                Step::End(reason) => Err(Ended(reason)),
                Step::Drain => {
                    self.ending = Some(Reason::Finished);
                    self.inlet.leave_all(&Reason::Stopped);
                    Ok(())
                }
            };
            if let Err(ended) = step {
                return ended;
            }
            tokio::task::coop::consume_budget().await;
        }
    }

    async fn next(&mut self) -> Step<H::Event> {
        poll_fn(|cx| {
            loop {
                // Where there is something to do, whether more was said can wait until it is done.
                let heard = self.outlet.poll_calls(cx);
                match self.outlet.order() {
                    Order::End(reason) => return Poll::Ready(Step::End(reason.clone())),
                    Order::Drain if self.ending.is_none() => return Poll::Ready(Step::Drain),
                    _ => {}
                }
                if let Some(reason) = &self.ending
                    && self.inlet.is_empty()
                    && self.outlet.waiting() == 0
                {
                    return Poll::Ready(Step::End(reason.clone()));
                }
                if let Poll::Ready(happening) = self.inlet.poll(cx, self.outlet.demand() > 0) {
                    return Poll::Ready(Step::Next(happening));
                }
                if self.can_do_nothing_more() {
                    return Poll::Ready(Step::End(Reason::Stopped));
                }
                if heard.is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Nobody can come any more, and there is nobody to give anything to, or to take anything from.
    fn can_do_nothing_more(&self) -> bool {
        let fed = self.inlet.has_subscriptions() && self.outlet.demand() > 0;
        self.outlet.is_out_of_reach() && !fed
    }

    async fn happened(&mut self, happening: Happening<H::Event>) -> Result<(), Ended> {
        match happening {
            Happening::Events(from, events) => {
                let (n, mut out) = (events.len(), Vec::new());
                Counters::add(&self.counters.handled, n);
                let Self { handler, inlet, outlet, .. } = self;
                // The one is there while the stage lives, the other until its end is seen.
                let (Some(handler), Some(from)) = (handler, inlet.subscription(from)) else { return Ok(()) };
                let id = from.id();
                let call = async { handler.handle_events(events, &mut out, from).await };
                let handled = called(outlet, call).await;
                if !out.is_empty() {
                    self.outlet.emit(out);
                }
                let next = match handled {
                    Ok(next) => next,
                    Err(crash) => {
                        self.outlet.discard(n);
                        self.crashed(crash).await?;
                        Next::More
                    }
                };
                self.inlet.handled(id, n);
                if next == Next::Finished {
                    self.finish();
                }
            }
            Happening::Request(request) => {
                if let Some(subscription) = self.inlet.join(*request) {
                    self.subscribed(&subscription).await?;
                }
            }
            Happening::Left(from, cancel, reason) => {
                self.cancelled(&from, &reason).await?;
                self.left(cancel, reason)?;
            }
            // Who asked for it is told. The stage goes on.
            Happening::Refused(from, reason) => self.cancelled(&from, &reason).await?,
            Happening::Mark(done) => self.outlet.mark(done),
        }
        Ok(())
    }

    /// It wants no more: what it was sent beyond that is of no use.
    fn finish(&mut self) {
        let unread = self.inlet.close(&Reason::Finished);
        if unread > 0 {
            self.outlet.discard(unread);
        }
        self.ending = Some(Reason::Finished);
    }

    async fn cancelled(&mut self, from: &Subscription, reason: &Reason) -> Result<(), Ended> {
        match self.called(async |handler| handler.handle_cancel(from, reason).await).await {
            Ok(()) => Ok(()),
            Err(crash) => self.crashed(crash).await,
        }
    }

    /// A subscription has ended: the stage ends with it, or goes on.
    fn left(&mut self, cancel: Cancel, reason: Reason) -> Result<(), Ended> {
        match cancel {
            Cancel::Temporary => {}
            Cancel::Permanent if reason == Reason::Finished => {
                if !self.inlet.has_subscriptions() && self.ending.is_none() {
                    self.ending = Some(reason);
                }
            }
            Cancel::Transient if !reason.is_failure() => {}
            Cancel::Permanent | Cancel::Transient => return Err(Ended(reason)),
        }
        Ok(())
    }

    async fn subscribed(&mut self, subscription: &Subscription) -> Result<(), Ended> {
        let asking = self.called(async |handler| handler.handle_subscribe(subscription).await).await;
        match asking {
            Ok(Asking::Automatic) => self.inlet.ask_automatically(subscription),
            Ok(Asking::Manual) => self.inlet.ask_manually(subscription),
            // The next instance is told of it with all others.
            Err(crash) => self.crashed(crash).await?,
        }
        Ok(())
    }

    /// Goes on with a new instance, which is told of all subscriptions, or says how the stage ends.
    async fn crashed(&mut self, mut crash: String) -> Result<(), Ended> {
        'instances: loop {
            self.handler = None;
            self.handler = Some(Again::next(&mut self.again, &self.name, &self.counters, &crash).map_err(Ended)?);
            let context = self.context.clone();
            if let Err(next) = self.called(async |handler| handler.init(&context).await).await {
                crash = next;
                continue;
            }
            for subscription in self.inlet.subscriptions() {
                match self.called(async |handler| handler.handle_subscribe(&subscription).await).await {
                    Ok(Asking::Automatic) => self.inlet.ask_automatically(&subscription),
                    Ok(Asking::Manual) => self.inlet.ask_manually(&subscription),
                    Err(next) => {
                        crash = next;
                        continue 'instances;
                    }
                }
            }
            return Ok(());
        }
    }

    /// Calls the instance. `Err` is the text of a crash.
    async fn called<R>(&mut self, call: impl AsyncFnOnce(&mut H) -> Result<R>) -> Result<R, String> {
        let Self { handler: Some(handler), outlet, .. } = self else { return Err("there is no instance".into()) };
        called(outlet, call(handler)).await
    }
}

/// Serves the port during a call of the instance. `Err` is the text of a crash.
async fn called<T, R>(outlet: &mut Outlet<T>, call: impl Future<Output = Result<R>>) -> Result<R, String> {
    let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
    poll_fn(|cx| {
        if let Poll::Ready(result) = call.as_mut().poll(cx) {
            return Poll::Ready(match result {
                Ok(result) => result.map_err(|error| Chain::of(&*error).to_string()),
                Err(panic) => Err(panic_text(&*panic)),
            });
        }
        while outlet.poll_calls(cx).is_ready() {}
        Poll::Pending
    })
    .await
}
