//! The task of a stage that only gives. It asks its producer for what its dispatcher has demand for, one ask at a time, and
//! listens to its port meanwhile. Invariant: what is in the outbox is emitted, however the ask ends.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    task::Poll,
};

use futures::FutureExt;
use tokio::{sync::watch, time::sleep};

use super::{
    Next, Outbox, Producer, ProducerContext, Reason, StageIndex, counts::Counters, instances::Again, outlet::Outlet,
    port::Order,
};
use crate::{
    backoff::Backoff,
    error::{Chain, Error, GivesUp, Result, ResultExt as _, is_permanent},
    failure::panic_text,
    pipeline::Shared,
    telemetry::{Counters as PipelineCounters, events},
};

pub(crate) struct Source<P: Producer> {
    pub(crate) name: Arc<str>,
    pub(crate) again: Option<Again<P>>,
    pub(crate) outlet: Outlet<P::Data>,
    pub(crate) counters: Arc<Counters>,
    /// Ends when the last consumer leaves.
    pub(crate) ends_with_consumers: bool,
    instance: Option<Instance<P>>,
    backoff: Backoff,
    /// An error to be waited out.
    failed: Option<Error>,
}

/// A producer with what belongs to it.
struct Instance<P: Producer> {
    producer: P,
    shared: Arc<Shared>,
    context: ProducerContext,
    outbox: Option<Outbox<P::Data>>,
}

/// What became of a call of the producer.
enum Called<R> {
    Done(Result<R>),
    Panicked(String),
    /// The stage is to end.
    Cut,
}

impl<P: Producer> Source<P> {
    pub(crate) fn new(
        name: Arc<str>,
        producer: P,
        again: Option<Again<P>>,
        outlet: Outlet<P::Data>,
        counters: Arc<Counters>,
        ends_with_consumers: bool,
    ) -> Self {
        let instance = Some(Instance::new(producer, &name));
        Self { name, again, outlet, counters, ends_with_consumers, instance, backoff: Backoff::new(), failed: None }
    }

    /// Connects for the first time: what cannot be helped by trying again is an error.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let Some(instance) = &mut self.instance else { return Ok(()) };
        match AssertUnwindSafe(instance.init()).catch_unwind().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if is_permanent(&error) => Err(error),
            Ok(Err(error)) => {
                self.failed = Some(error);
                Ok(())
            }
            Err(panic) => Err(panic_text(&*panic).into()),
        }
    }

    /// The stage's whole life.
    pub(crate) async fn run(mut self, ended: watch::Sender<Option<Reason>>) {
        events::stage_started(&self.name);
        let life = AssertUnwindSafe(self.live()).catch_unwind().await;
        let reason = life.unwrap_or_else(|panic| Reason::failed(panic_text(&*panic)));
        self.instance = None;
        self.outlet.close(&reason);
        events::stage_ended(&self.name, &reason);
        ended.send_replace(Some(reason));
    }

    async fn live(&mut self) -> Reason {
        loop {
            if let Some(error) = self.failed.take() {
                self.back_off(error).await;
            }
            let called = match &mut self.instance {
                Some(instance) if instance.outbox.is_none() => {
                    called(&mut self.outlet, instance.init()).await.map(|()| Next::More)
                }
                Some(instance) => {
                    let Some(demand) = demand(&mut self.outlet, self.ends_with_consumers).await else {
                        return self.end().await;
                    };
                    let called = called(&mut self.outlet, instance.handle_demand(demand)).await;
                    if self.push() == 0 {
                        // A producer that has nothing should wait inside its ask; one that does not must not keep a thread.
                        tokio::task::yield_now().await;
                    } else {
                        tokio::task::coop::consume_budget().await;
                    }
                    called
                }
                None => return Reason::Stopped,
            };
            match called {
                Called::Done(Ok(Next::More)) => self.backoff.reset(),
                Called::Done(Ok(Next::Finished)) => return self.emptied().await,
                Called::Done(Err(error)) if GivesUp::is(&error) => {
                    return Reason::failed(Chain::of(&*error).to_string());
                }
                Called::Done(Err(error)) => self.failed = Some(error),
                Called::Cut => return self.end().await,
                Called::Panicked(panic) => match Again::next(&mut self.again, &self.name, &self.counters, &panic) {
                    Ok(producer) => self.instance = Some(Instance::new(producer, &self.name)),
                    Err(reason) => return reason,
                },
            }
        }
    }

    async fn back_off(&mut self, error: Error) {
        Counters::add(&self.counters.errors, 1);
        let wait = self.backoff.wait();
        events::source_failed(&self.name, &*error, wait);
        // If it is to end, the next look at the port says so.
        called(&mut self.outlet, async {
            sleep(wait).await;
            Ok(())
        })
        .await;
    }

    /// The end that was ordered, or that comes because nobody is left to take anything.
    async fn end(&mut self) -> Reason {
        match self.outlet.order() {
            Order::End(reason) => reason.clone(),
            Order::Run => Reason::Stopped,
            Order::Drain => {
                if let Some(instance) = &mut self.instance {
                    instance.shared.drain();
                    let prepared = until_ended(&mut self.outlet, instance.prepare_for_draining()).await;
                    if let Some(Err(error)) = prepared {
                        events::source_draining_failed(&self.name, &*error);
                    }
                    self.push();
                }
                self.emptied().await
            }
        }
    }

    /// Waits until all that was emitted is sent, and finishes; unless somebody orders an end, or nobody takes it.
    async fn emptied(&mut self) -> Reason {
        poll_fn(|cx| {
            while self.outlet.poll_calls(cx).is_ready() {}
            let left_alone = left_alone(&self.outlet, self.ends_with_consumers);
            match self.outlet.order() {
                Order::End(reason) => Poll::Ready(reason.clone()),
                _ if self.outlet.waiting() == 0 || left_alone => Poll::Ready(Reason::Finished),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// Emits what is in the outbox. Nobody is told what becomes of it.
    fn push(&mut self) -> usize {
        let Some(outbox) = self.instance.as_mut().and_then(|instance| instance.outbox.as_mut()) else { return 0 };
        let rejected = std::mem::take(outbox.rejected());
        for rejected in rejected {
            events::untransformed(&self.name, &rejected.failure);
            Counters::add(&self.counters.refused, 1);
        }
        let n = outbox.len();
        if n > 0 {
            // The next ask is likely to be of the same size.
            self.outlet.emit(std::mem::replace(outbox.events(), Vec::with_capacity(n)));
        }
        n
    }
}

impl<P: Producer> Instance<P> {
    fn new(producer: P, name: &Arc<str>) -> Self {
        let shared = Shared::observed(name.to_string(), PipelineCounters::new([]), None);
        let context = ProducerContext::new(StageIndex(0), shared.clone());
        Self { producer, shared, context, outbox: None }
    }

    async fn init(&mut self) -> Result<()> {
        self.producer.init(&mut self.context).await?;
        if self.context.has_acknowledger() {
            let text = "its messages are to be acknowledged, which a stage does not do: use the producer in a pipeline";
            return Err(Err::<(), _>(text).permanent().unwrap_err().into());
        }
        self.outbox = Some(Outbox::without_tickets());
        Ok(())
    }

    async fn handle_demand(&mut self, demand: usize) -> Result<Next> {
        let Some(outbox) = &mut self.outbox else { return Ok(Next::More) };
        let most = self.producer.preferred_demand().unwrap_or(demand);
        self.producer.handle_demand(demand.min(most.max(1)), outbox).await
    }

    async fn prepare_for_draining(&mut self) -> Result<()> {
        let Some(outbox) = &mut self.outbox else { return Ok(()) };
        self.producer.prepare_for_draining(outbox).await
    }
}

impl<R> Called<R> {
    fn map<S>(self, map: impl FnOnce(R) -> S) -> Called<S> {
        match self {
            Self::Done(result) => Called::Done(result.map(map)),
            Self::Panicked(panic) => Called::Panicked(panic),
            Self::Cut => Called::Cut,
        }
    }
}

/// Calls the producer, and serves the port meanwhile; cut as soon as the stage is to end.
async fn called<T, R>(outlet: &mut Outlet<T>, call: impl Future<Output = Result<R>>) -> Called<R> {
    let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
    poll_fn(|cx| {
        if let Poll::Ready(result) = call.as_mut().poll(cx) {
            return Poll::Ready(match result {
                Ok(result) => Called::Done(result),
                Err(panic) => Called::Panicked(panic_text(&*panic)),
            });
        }
        while outlet.poll_calls(cx).is_ready() {}
        if *outlet.order() == Order::Run { Poll::Pending } else { Poll::Ready(Called::Cut) }
    })
    .await
}

/// The same in a drain, which only an end cuts.
async fn until_ended<T, R>(outlet: &mut Outlet<T>, future: impl Future<Output = R>) -> Option<R> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(result) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        while outlet.poll_calls(cx).is_ready() {}
        if matches!(outlet.order(), Order::End(_)) { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// Waits for demand; none if the stage is to end.
async fn demand<T>(outlet: &mut Outlet<T>, ends_with_consumers: bool) -> Option<usize> {
    poll_fn(|cx| {
        loop {
            // Where there is demand, whether more was said can wait for the next ask.
            let heard = outlet.poll_calls(cx);
            if left_alone(outlet, ends_with_consumers) || *outlet.order() != Order::Run {
                return Poll::Ready(None);
            }
            let demand = if outlet.accumulates() { 0 } else { outlet.demand() };
            if demand > 0 {
                return Poll::Ready(Some(demand));
            }
            if heard.is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Whether there is nobody to take anything, and it is not to wait for others.
fn left_alone<T>(outlet: &Outlet<T>, ends_with_consumers: bool) -> bool {
    outlet.is_out_of_reach() || (ends_with_consumers && outlet.is_abandoned())
}
