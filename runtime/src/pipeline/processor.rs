//! The stage that calls `handle_message`. It takes a chunk, works on its messages one after the other, settles what ends
//! here, and only then hands the rest to the batchers and asks for more (Broadway's order).

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use tracing::Instrument;

use super::stage::{Stage, guarded};
use crate::{
    batch::MessageOf,
    failure::{Failure, FailureKind},
    handler::{Batcher, Broadway},
    message::{Done, Fate},
    stage::edge::{Consumer, Feeder},
    telemetry::StageCounters,
};

/// A message on its way to a batcher, with what `handle_message` made of it.
pub(crate) struct Handled<P: Broadway> {
    pub(crate) message: MessageOf<P>,
    pub(crate) output: P::Output,
    pub(crate) partition: Option<u64>,
}

pub(crate) struct Processor<P: Broadway> {
    pub(crate) stage: Stage<P>,
    pub(crate) inbox: Consumer<MessageOf<P>>,
    pub(crate) outlets: Vec<Outlet<P>>,
    pub(crate) chunk: usize,
    pub(crate) timeout: Option<Duration>,
}

/// The way to one batcher.
pub(crate) struct Outlet<P: Broadway> {
    pub(crate) feeder: Feeder<Handled<P>>,
    pub(crate) partitioned: bool,
    pub(crate) waiting: Vec<Handled<P>>,
}

/// What a chunk is taken apart into, in buffers that are used again.
struct Round<P: Broadway> {
    messages: Vec<MessageOf<P>>,
    outputs: Vec<Option<P::Output>>,
    failed: Vec<MessageOf<P>>,
}

impl<P: Broadway> Processor<P> {
    /// Runs until the producers have ended and all that they emitted is through.
    pub(crate) async fn run(mut self) {
        let mut round = Round {
            messages: Vec::with_capacity(self.chunk),
            outputs: Vec::with_capacity(self.chunk),
            failed: Vec::new(),
        };
        while self.inbox.take(self.chunk, &mut round.messages).await {
            let counters = self.stage.counters.clone();
            counters.in_hand.store(round.messages.len() as u64, Relaxed);
            let span = tracing::debug_span!("processor", stage = &*self.stage.name, messages = round.messages.len());
            self.work(&mut round).instrument(span).await;
            counters.in_hand.store(0, Relaxed);
            StageCounters::add(&counters.rounds, 1);
            // The edge is no resource of tokio's: without this a busy stage would never let others run.
            tokio::task::coop::consume_budget().await;
        }
    }

    async fn work(&mut self, round: &mut Round<P>) {
        self.prepare(&mut round.messages).await;
        for message in &mut round.messages {
            let output =
                if message.failure.is_none() { handle(&self.stage, self.timeout, message).await } else { None };
            round.outputs.push(output);
        }
        self.stage.settler.round();
        for (message, output) in round.messages.drain(..).zip(round.outputs.drain(..)) {
            match (&message.failure, output) {
                (Some(_), _) => round.failed.push(message),
                // A message that took the place of another was counted when it was found; here it is released.
                (None, None) if message.fate != Fate::Done => drop(message),
                (None, Some(output)) if !self.outlets.is_empty() && message.fate != Fate::Done => {
                    if let Err(unrouted) = self.route(message, output) {
                        round.failed.push(unrouted);
                    }
                }
                (None, output) => self.stage.settler.settle::<P>(message, output, None),
            }
        }
        self.stage.fail(&mut round.failed, None).await;
        self.stage.settler.deliver().await;
        for outlet in &mut self.outlets {
            outlet.feeder.send(&mut outlet.waiting).await;
        }
    }

    async fn prepare(&mut self, messages: &mut Vec<MessageOf<P>>) {
        self.stage.lent.note(messages);
        let result = guarded(&self.stage.name, None, async { self.stage.pipeline.prepare(messages).await }).await;
        self.stage.lent.check(messages, &self.stage.counters, |_| {});
        if let Err(failure) = result {
            tracing::error!(stage = &*self.stage.name, messages = messages.len(), %failure, "prepare_messages failed");
            messages.iter_mut().for_each(|message| message.failure = Some(failure.clone()));
        }
    }

    /// Puts the message on its way to its batcher; one that has none fails.
    fn route(&mut self, mut message: MessageOf<P>, output: P::Output) -> Result<(), MessageOf<P>> {
        let name = &self.stage.name;
        let batcher = message.batcher();
        let outlet = batcher.and_then(|batcher| Some((batcher, self.outlets.get_mut(batcher.index())?)));
        let Some((batcher, outlet)) = outlet else {
            let reason = match batcher {
                None => "`handle_message` chose no batcher, and the pipeline has no default".into(),
                Some(batcher) => format!("the topology has no batcher {batcher:?}"),
            };
            message.failure = Some(Failure::new(FailureKind::Unrouted, reason.into(), name));
            return Err(message);
        };
        message.batcher = Some(batcher);
        let mut partition = None;
        if outlet.partitioned {
            match caught(|| self.stage.pipeline.batcher_partition(batcher, &message)) {
                Ok(value) => partition = Some(value),
                Err(panic) => {
                    message.failure = Some(Failure::panicked(panic, name));
                    return Err(message);
                }
            }
        }
        outlet.waiting.push(Handled { message, output, partition });
        Ok(())
    }
}

/// Calls a plain function of the user's.
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
}

/// `handle_message` for one message: its output, or `None` when it failed, is done, or is not the one that was lent.
async fn handle<P: Broadway>(
    stage: &Stage<P>,
    timeout: Option<Duration>,
    message: &mut MessageOf<P>,
) -> Option<P::Output> {
    let token = message.ticket.token();
    tracing::trace!(target: "broadway::message", stage = &*stage.name, id = message.id(), "start");
    let result = guarded(&stage.name, timeout, async { stage.pipeline.process(message).await }).await;
    if message.ticket.token() != token {
        super::lent::violation(&stage.counters.violations, 1);
        message.failure = None;
        message.fate = Fate::Open;
        return None;
    }
    match result {
        Ok(output) if message.failure.is_none() => {
            tracing::trace!(target: "broadway::message", stage = &*stage.name, id = message.id(), "stop");
            return Some(output);
        }
        Ok(_) => {}
        Err(failure) if message.fate == Fate::Done && is_done(&failure) => return None,
        Err(failure) => {
            if matches!(failure.kind(), FailureKind::Panic | FailureKind::TimedOut) {
                tracing::error!(stage = &*stage.name, id = message.id(), %failure, "handle_message failed");
            }
            message.failure = Some(failure);
        }
    }
    // What failed is neither done nor discarded before `handle_failed` says so.
    message.fate = if message.fate == Fate::Done { Fate::Open } else { message.fate };
    let failure = message.failure.as_ref().map(tracing::field::display);
    tracing::trace!(target: "broadway::message", stage = &*stage.name, id = message.id(), failure, "exception");
    None
}

/// Whether the error is what `done()` returned. An error type of the user's may have wrapped it beyond recognition but
/// for its text.
fn is_done(failure: &Failure) -> bool {
    failure.kind() == FailureKind::Error
        && (failure.reason().is::<Done>() || failure.reason().to_string() == Done::TEXT)
}
