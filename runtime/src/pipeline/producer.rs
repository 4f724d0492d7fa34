//! The stage that asks a producer. It asks for what is open, as far as the rate limit allows, one ask at a time; what the
//! producer has put into its outbox is pushed to the processors whether the ask ended, failed or was cut off.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Poll,
};

use tokio::time::sleep;

use super::{Shared, plan::Plan, rate_limiter::RateLimiter, settler::Settler};
use crate::{
    backoff::Backoff,
    batch::MessageOf,
    error::{Chain, Error, GivesUp, Result},
    handler::{BoxProducer, Broadway},
    message::Message,
    stage::{Emitted, Next, Outbox, Producer as _, ProducerContext, Signal, StageIndex, edge::Feeder},
    telemetry::{Meter, Probe, StageCounters, events},
};

pub(crate) struct Producer<P: Broadway> {
    pub(crate) plan: Arc<Plan<P>>,
    pub(crate) probe: Arc<Probe>,
    pub(crate) counters: Arc<StageCounters>,
    /// Where the layer has a rate limit.
    pub(crate) limiter: Option<Arc<RateLimiter>>,
    pub(crate) index: StageIndex,
    /// Made at start, so that `start_link` can say what is wrong with it; absent after a crash.
    pub(crate) first: Option<Made<P>>,
    pub(crate) outlet: Feeder<Vec<MessageOf<P>>>,
    pub(crate) chunk: usize,
    pub(crate) share: usize,
    /// The most that an ask which prefers more than a chunk waits for.
    pub(crate) full: usize,
    /// Buffers, empty between two pushes.
    pub(crate) chunks: Vec<Vec<MessageOf<P>>>,
    /// One for each processor, if they are partitioned.
    pub(crate) by_partition: Vec<Vec<MessageOf<P>>>,
}

/// A producer with its context.
pub(crate) struct Made<P: Broadway> {
    producer: BoxProducer<P::Data>,
    context: ProducerContext,
    ready: bool,
}

impl<P: Broadway> Made<P> {
    pub(crate) fn new(producer: BoxProducer<P::Data>, index: StageIndex, shared: &Arc<Shared>) -> Self {
        Self { producer, context: ProducerContext::new(index, shared.clone()), ready: false }
    }

    pub(crate) async fn init(&mut self) -> Result<()> {
        if !self.ready {
            (*self.producer).init(&mut self.context).await?;
            self.ready = true;
        }
        Ok(())
    }
}

/// What an ask came to.
enum Asked {
    Done(Result<Next>),
    Cut,
}

impl<P: Broadway> Producer<P> {
    /// Runs until the producer has finished or the pipeline drains.
    pub(crate) async fn run(mut self) {
        let draining = self.plan.shared.draining();
        // One that has connected may hold messages: it is told of a drain even if it was never asked.
        let connected = self.first.as_ref().is_some_and(|made| made.ready);
        self.counters.ready.store(connected, Relaxed);
        let made = if connected { Some(self.make().await) } else { until(&draining, self.make()).await };
        let Some(mut made) = made else { return };
        let mut outbox = made.context.outbox();
        self.ask_while_there_is_more(&mut *made.producer, &mut outbox, &draining).await;
        if draining.is_raised() {
            if let Err(error) = made.producer.prepare_for_draining(&mut outbox).await {
                events::draining_failed(&self.probe.place(), &*error);
            }
            self.push(&mut outbox, usize::MAX, self.plan.shared.now()).await;
        }
        events::producer_ended(&self.probe.place());
    }

    /// Makes and connects the producer, with back-off, for as long as it takes.
    async fn make(&mut self) -> Made<P> {
        let mut backoff = Backoff::new();
        let mut made = self.first.take();
        loop {
            let result = async {
                if made.is_none() {
                    made = Some(self.plan.make(self.index).await?);
                }
                match &mut made {
                    Some(made) => made.init().await,
                    None => Ok(()),
                }
            };
            let result = result.await;
            if let (Ok(()), Some(made)) = (&result, made.take_if(|made| made.ready)) {
                self.counters.ready.store(true, Relaxed);
                return made;
            }
            if let Err(error) = result {
                self.back_off(&mut backoff, error, "producer is not ready, trying again").await;
            }
        }
    }

    /// Waits an error out; for the drain, if there have been nothing but errors for too long.
    async fn back_off(&mut self, backoff: &mut Backoff, error: Error, what: &'static str) {
        let mut wait = backoff.wait();
        StageCounters::add(&self.counters.errors, 1);
        if GivesUp::is(&error) {
            self.give_up(format!("`{}`: {}", self.probe.stage, Chain::of(&*error))).await;
        }
        if let Some(most) = self.plan.topology.producers.give_up_after {
            let failing = backoff.failing_for();
            if failing >= most {
                let reason = format!(
                    "`{}` has failed for {failing:.1?} without a success: {}",
                    self.probe.stage,
                    Chain::of(&*error)
                );
                self.give_up(reason).await;
            }
            wait = wait.min(most - failing);
        }
        self.probe.producer_failed(what, &*error, wait);
        sleep(wait).await;
    }

    /// Wants the pipeline to end, and waits for the drain.
    async fn give_up(&mut self, reason: String) {
        self.plan.shared.give_up(reason);
        std::future::pending().await
    }

    async fn ask_while_there_is_more(
        &mut self,
        producer: &mut dyn crate::stage::Producer<Data = P::Data>,
        outbox: &mut Outbox<P::Data>,
        draining: &Signal,
    ) {
        let paused = self.plan.shared.paused();
        let mut backoff = Backoff::new();
        let mut meter = Meter::new(self.plan.shared.clock, self.counters.clone()).sampled();
        // Waits for the signals last over many asks: a message that comes must not pay for joining and leaving them.
        let (mut drains, mut pauses) = (pin!(draining.raised()), pin!(paused.raised()));
        // Nothing is polled again that has ended: a drain is not undone, and ends the loop.
        while !draining.is_raised() {
            let demand = {
                let mut demand = pin!(self.demand(producer.preferred_demand(), &paused));
                let either = poll_fn(|cx| match demand.as_mut().poll(cx) {
                    Poll::Ready(demand) => Poll::Ready(Some(demand)),
                    Poll::Pending => drains.as_mut().poll(cx).map(|()| None),
                });
                either.await
            };
            // It may have opened in the moment in which the drain began.
            let Some(demand) = demand.filter(|_| !draining.is_raised()) else { return };
            self.probe.asked(demand);
            meter.begin();
            let asked = {
                let mut ask = producer.handle_demand(demand, outbox);
                let either = poll_fn(|cx| match ask.as_mut().poll(cx) {
                    Poll::Ready(result) => Poll::Ready(Asked::Done(result)),
                    Poll::Pending => {
                        meter.waits();
                        match drains.as_mut().poll(cx) {
                            Poll::Ready(()) => Poll::Ready(Asked::Cut),
                            Poll::Pending => pauses.as_mut().poll(cx).map(|()| Asked::Cut),
                        }
                    }
                });
                either.await
            };
            if matches!(asked, Asked::Cut) {
                pauses.set(paused.raised());
            }
            let now = meter.end_now();
            let received = self.push_as_limited(outbox, now, draining).await;
            match asked {
                Asked::Done(Ok(Next::Finished)) => {
                    self.plan.finished[self.index.get()].store(true, Relaxed);
                    return;
                }
                Asked::Done(Ok(Next::More)) => backoff.reset(),
                Asked::Done(Err(error)) => {
                    let wait = self.back_off(&mut backoff, error, "producer failed, asking again");
                    if until(draining, wait).await.is_none() {
                        return;
                    }
                }
                Asked::Cut => {}
            }
            if received == 0 {
                // A producer that has nothing should wait inside its ask; one that does not must not keep a thread.
                tokio::task::yield_now().await;
            } else {
                tokio::task::coop::consume_budget().await;
            }
        }
    }

    /// Reserves demand: what is open, at most what one ask is worth, at most what the rate limit leaves. Waits while the
    /// pipeline is paused, also if that begins while it waits for something else.
    async fn demand(&mut self, preferred: Option<usize>, paused: &Signal) -> usize {
        // What one ask is worth, but no more than a share: else a stage that polls could hold all demand.
        let most = preferred.map_or(self.share, |preferred| preferred.clamp(1, self.share));
        // What an ask is worth is waited for, so that requests are full.
        let least = preferred.map_or(self.chunk, |preferred| preferred.min(self.full).max(self.chunk));
        loop {
            if paused.is_raised() {
                paused.lowered().await;
            }
            let reserved = self.outlet.reserve(least, most).await;
            let demand = match &self.limiter {
                Some(limiter) => limiter.open(reserved).await,
                None => reserved,
            };
            if !paused.is_raised() {
                return demand;
            }
            self.outlet.fill(&mut self.chunks);
        }
    }

    /// Pushes what is in the outbox as the rate limit allows, at once (`now`) if there is none. An ask that waits holds no permits, so they are taken here;
    /// what is left at a drain is pushed without.
    async fn push_as_limited(&mut self, outbox: &mut Outbox<P::Data>, now: u64, draining: &Signal) -> usize {
        let Some(limiter) = self.limiter.clone() else { return self.push(outbox, usize::MAX, now).await };
        let mut received = 0;
        loop {
            let permits = match outbox.len() {
                0 => Some(0),
                waiting => until(draining, limiter.acquire(waiting)).await,
            };
            let Some(permits) = permits else { return received };
            received += self.push(outbox, permits, self.plan.shared.now()).await;
            if outbox.is_empty() {
                return received;
            }
            self.probe.rate_limited(outbox.len());
            // What waits has its demand, unless the producer exceeded it.
            if !self.outlet.has_reserved() && until(draining, self.outlet.reserve(1, outbox.len())).await.is_none() {
                return received;
            }
        }
    }

    /// Pushes up to `most` of what is in the outbox, and frees what was reserved beyond all of it. Settles what the transformer could
    /// not convert.
    async fn push(&mut self, outbox: &mut Outbox<P::Data>, most: usize, emitted_at: u64) -> usize {
        let rejected = std::mem::take(outbox.rejected());
        let most = most.min(outbox.len());
        let received = most + rejected.len();
        StageCounters::add(&self.counters.emitted, received);
        StageCounters::add(&self.counters.rounds, usize::from(received > 0));
        let message = |emitted: Emitted<P::Data>| -> MessageOf<P> {
            let mut message = Message::new(emitted.data, emitted.ticket, emitted.envelope);
            message.emitted_at = emitted_at;
            message
        };
        let emitted = outbox.emitted();
        let mut later = if most < emitted.len() { emitted.split_off(most) } else { Vec::new() };
        // Else others would emit in its place.
        self.outlet.keep(later.len());
        // Both lists are filled before the edge is locked: nothing of the user's runs under the lock.
        if self.plan.topology.processors.partitioned {
            for mut message in emitted.drain(..).map(message) {
                let partition = self.plan.partition(&mut message);
                self.by_partition[partition].push(message);
            }
            self.outlet.fill_partitions(&mut self.by_partition, self.chunk);
        } else {
            // From the end, so that each chunk is a drain of its own, which knows its length.
            while let Some(last) = emitted.len().checked_sub(1) {
                let mut chunk = self.outlet.spare();
                chunk.extend(emitted.drain(last / self.chunk * self.chunk..).map(message));
                self.chunks.push(chunk);
            }
            self.chunks.reverse();
            self.outlet.fill(&mut self.chunks);
        }
        emitted.append(&mut later);
        if !rejected.is_empty() {
            let mut settler = Settler::new(self.plan.shared.clone(), self.probe.clone());
            rejected.into_iter().for_each(|rejected| settler.reject(rejected.ticket, rejected.failure));
            settler.deliver().await;
        }
        received
    }
}

/// The future's output, or `None` as soon as the signal is raised.
async fn until<F: Future>(signal: &Signal, future: F) -> Option<F::Output> {
    tokio::pin!(future);
    if signal.is_raised() {
        return None;
    }
    tokio::select! {
        biased;
        output = &mut future => Some(output),
        () = signal.raised() => None,
    }
}
