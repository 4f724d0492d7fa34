//! The stage that calls `handle_message`. It takes a chunk, works on its messages one after the other, settles what ends
//! here, and only then hands the rest to the batchers and asks for more (Broadway's order). It waits for no answer that comes
//! later, but asks for no more in the place of those messages. A chunk that goes to one batcher as a whole is handed on as it is.

use std::{any::Any, panic::AssertUnwindSafe, pin::pin, sync::atomic::Ordering::Relaxed, time::Duration};

use futures::FutureExt;
use tracing::{Instrument, Span};

use super::{
    handled::Handled,
    leases::is_over,
    pace::Pace,
    permits::Permits,
    retries::Retries,
    stage::{Stage, guarded, within},
};
use crate::{
    batch::MessageOf,
    error::Error,
    failure::{Failure, FailureKind},
    handler::{Batcher, Broadway},
    message::{Done, Fate, Message},
    stage::edge::{Cargo, Consumer, Feeder, Rouse},
    telemetry::{Clock, Probe, StageCounters, events},
    ticket::Token,
};

pub(crate) struct Processor<P: Broadway> {
    pub(crate) stage: Stage<P>,
    pub(crate) inbox: Consumer<Vec<MessageOf<P>>>,
    pub(crate) outlets: Vec<Outlet<P>>,
    pub(crate) chunk: usize,
    pub(crate) rules: Rules,
    /// Only where `retry` is declared.
    pub(crate) retries: Option<Retries<P>>,
}

/// What the topology says about the messages of a processor.
pub(crate) struct Rules {
    /// Where the layer has a rate limit.
    pub(crate) permits: Option<Permits>,
    pub(crate) timeout: Option<Duration>,
    /// A message that was delivered more often fails without being handled.
    pub(crate) max_deliveries: Option<u64>,
    /// Which batchers there are, and whether each is partitioned.
    pub(crate) partitioned: Vec<bool>,
    /// Whether messages that were not routed fail, even if the batchers have a default (`unrouted = fail`).
    pub(crate) unrouted_fail: bool,
}

/// The way to one batcher, with what is about to go there.
pub(crate) struct Outlet<P: Broadway> {
    pub(crate) feeder: Feeder<Box<Handled<P>>>,
    pub(crate) waiting: Box<Handled<P>>,
    /// Chunks that went there since one got the time.
    pub(crate) unstamped: u32,
}

/// Of so many chunks, at least one gets the time on its way to a batcher.
const STAMPED: u32 = 32;

impl<P: Broadway> Outlet<P> {
    /// A time that was just read costs nothing.
    fn stamp(&mut self, just_read: Option<u64>, clock: Clock) {
        self.unstamped += 1;
        let now = if self.unstamped >= STAMPED { Some(just_read.unwrap_or_else(|| clock.now())) } else { just_read };
        self.waiting.entered_at = now.map_or(0, |now| {
            self.unstamped = 0;
            now.max(1)
        });
    }
}

/// What became of a message in `handle_message`. Small, so that it stays in registers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the batcher of that index; its output is the next in line, and its partition if the batcher has some.
    Batcher(usize),
    /// It ends here, successfully; its output is the next in line.
    Done,
    /// It ended here with `done()`, without an output.
    DoneEarly,
    /// It failed.
    Failed,
    /// It is not the message that was lent, or it came too late to be handled, or to be retried, or there is no permit for it
    /// before the end.
    Released,
    /// It failed, and is tried again.
    Again,
    /// It may not overtake one that is tried again.
    Parked,
}

/// A chunk at work, in buffers that are used again.
pub(super) struct Round<P: Broadway> {
    pub(super) messages: Vec<MessageOf<P>>,
    outputs: Vec<P::Output>,
    /// Of those messages that go to a partitioned batcher.
    partitions: Vec<u64>,
    /// As many as messages were handled.
    ways: Vec<Way>,
    /// Which message is lent right now.
    lent: Token,
    failed: Vec<MessageOf<P>>,
    /// What waits for another attempt, or is parked behind it.
    pub(super) kept: Vec<(MessageOf<P>, Way)>,
    /// Whether anybody listens to single messages.
    heard: bool,
    /// Whether messages are handled with more around them than most need.
    apart: bool,
}

/// What becomes of failed messages besides failing: nothing, or another attempt.
pub(super) trait Again<P: Broadway> {
    /// Whether there is any: code for another attempt is left out where there is none.
    const ON: bool;

    /// What becomes of the message at that place instead of being handled, because another of its partition is tried again, or
    /// because its lease is over.
    fn holds_back(&self, place: usize, message: &MessageOf<P>) -> Option<Way>;

    /// What becomes of the message at that place, which has failed.
    fn failed(&mut self, stage: &Stage<P>, place: usize, message: &mut MessageOf<P>) -> Way;
}

/// Without `retry`.
struct Never;

impl<P: Broadway> Again<P> for Never {
    const ON: bool = false;

    fn holds_back(&self, _place: usize, _message: &MessageOf<P>) -> Option<Way> {
        None
    }

    fn failed(&mut self, _stage: &Stage<P>, _place: usize, _message: &mut MessageOf<P>) -> Way {
        Way::Failed
    }
}

/// Why there is no output.
enum Fault {
    Error(Error),
    TimedOut(Duration),
    Panic(Box<dyn Any + Send>),
    /// It was not called, and cannot be before the end, or its lease was over before the permit came.
    NoPermit,
}

impl<P: Broadway> Processor<P> {
    /// Runs until the producers have ended and all that they emitted is through.
    pub(crate) async fn run(mut self) {
        if let Some(retries) = self.retries.take() {
            return self.run_and_retry(retries).await;
        }
        let mut round = Round::default();
        let rouse = self.inbox.rouse();
        let meter = self.stage.meter();
        // A wait for a permit is no work, which a meter has to know at once.
        let mut pace = Pace::new(if self.rules.permits.is_none() { meter.sampled() } else { meter });
        while pace.wait(pin!(self.inbox.take(self.chunk, pace.is_quick(), &mut round.messages))).await {
            let taken = round.messages.len();
            self.stage.counters.in_hand.store(taken as u64, Relaxed);
            pace.meter.waited(round.messages[0].emitted_at, taken);
            let seen = self.stage.probe.processor_start(taken, pace.meter.just_read());
            let span = seen.as_ref().map(|seen| &seen.span);
            pace.work(span, pin!(self.work(&mut round, &mut Never)), || rouse.rouse()).await;
            let mut now = pace.worked(&mut self.stage.settler, span, |told| self.inbox.keep(told)).await;
            if !self.outlets.is_empty() && pace.hand_on(pin!(self.hand_on(now, &rouse))).await {
                now = None;
            }
            if let Some(seen) = &seen {
                self.stage.probe.processor_stop(seen, now);
            }
            self.stage.counters.in_hand.store(0, Relaxed);
            StageCounters::add(&self.stage.counters.rounds, 1);
            StageCounters::add(&self.stage.counters.processed, taken);
            pace.give_way().await;
        }
        pace.underway.down_to(0).await;
    }

    pub(super) async fn work(&mut self, round: &mut Round<P>, again: &mut impl Again<P>) {
        if let Some(most) = self.rules.max_deliveries {
            self.refuse(round, most);
        }
        if P::PREPARES && !round.messages.is_empty() {
            self.prepare(&mut round.messages).await;
        }
        // One guard for the chunk, set up again after each panic, costs less than one for each message.
        while let Err(panic) = AssertUnwindSafe(handle_all(&self.stage, &self.rules, round, again)).catch_unwind().await
        {
            round.judge(&self.stage, &self.rules, Err(Fault::Panic(panic)), again);
        }
        match round.ways.first() {
            Some(way @ Way::Batcher(batcher))
                if round.failed.is_empty() && round.ways.iter().all(|other| other == way) =>
            {
                let waiting = &mut self.outlets[*batcher].waiting;
                std::mem::swap(&mut waiting.messages, &mut round.messages);
                std::mem::swap(&mut waiting.outputs, &mut round.outputs);
                waiting.partitions.append(&mut round.partitions);
                round.ways.clear();
            }
            _ => {
                self.take_apart(round);
                if !round.failed.is_empty() {
                    self.stage.fail(&mut round.failed, None).await;
                }
                self.stage.settler.set_aside();
                self.stage.settler.deliver().await;
            }
        }
    }

    /// Sends to the batchers what goes there. Others are not roused for a batcher that is only busy: they would have to wait
    /// for it as well.
    pub(super) async fn hand_on(&mut self, just_read: Option<u64>, rouse: &Rouse<Vec<MessageOf<P>>>) {
        for outlet in &mut self.outlets {
            if !outlet.waiting.is_empty() {
                outlet.stamp(just_read, self.stage.probe.clock);
                StageCounters::add(&self.stage.counters.forwarded, outlet.waiting.messages.len());
                outlet.feeder.send(&mut outlet.waiting, || rouse.rouse()).await;
            }
        }
    }

    /// Settles what succeeded and ends here; puts the rest on its way.
    fn take_apart(&mut self, round: &mut Round<P>) {
        if round.ends_here() && self.stage.settler.settle_successes(&mut round.messages) {
            round.messages.clear();
            round.outputs.clear();
            round.ways.clear();
        } else {
            self.sort(round);
        }
    }

    /// Settles what succeeded one by one, and puts the rest on its way.
    fn sort(&mut self, round: &mut Round<P>) {
        let (mut outputs, mut partitions) = (round.outputs.drain(..), round.partitions.drain(..));
        for (mut message, way) in round.messages.drain(..).zip(round.ways.drain(..)) {
            match way {
                Way::Batcher(batcher) => {
                    let waiting = &mut self.outlets[batcher].waiting;
                    waiting.messages.push(message);
                    waiting.outputs.extend(outputs.next());
                    if self.rules.partitioned[batcher] {
                        waiting.partitions.extend(partitions.next());
                    }
                }
                Way::Done => self.stage.settler.settle::<P>(&mut message, outputs.next(), None),
                Way::DoneEarly => self.stage.settler.settle::<P>(&mut message, None, None),
                Way::Failed => round.failed.push(message),
                // A message of a test that took the place of the lent one has nothing to be released.
                Way::Released => drop(message),
                Way::Again | Way::Parked => round.kept.push((message, way)),
            }
        }
    }

    /// Fails what was delivered too often before any callback sees it.
    fn refuse(&self, round: &mut Round<P>, most: u64) {
        for mut message in round.messages.extract_if(.., |message| u64::from(message.delivery()) > most) {
            message.failure = Some(Failure::delivered_too_often(message.delivery(), most, &self.stage.name));
            note_failure(&self.stage.probe, &mut message);
            round.failed.push(message);
        }
    }

    async fn prepare(&mut self, messages: &mut Vec<MessageOf<P>>) {
        self.stage.lent.note(messages);
        let result = guarded(&self.stage.name, None, async { self.stage.pipeline.prepare(messages).await }).await;
        self.stage.lent.check(messages, &self.stage.probe, |_| {});
        if let Err(failure) = result {
            events::callback_failed(&self.stage.probe.place(), "prepare_messages", messages.len(), &failure);
            // One that had failed before keeps its reason.
            for message in messages.iter_mut().filter(|message| message.failure.is_none()) {
                message.failure = Some(failure.clone());
            }
        }
    }
}

/// `handle_message` for the messages that were not handled yet, one after the other.
async fn handle_all<P: Broadway, A: Again<P>>(stage: &Stage<P>, rules: &Rules, round: &mut Round<P>, again: &mut A) {
    round.heard = stage.probe.hears_messages();
    round.apart = round.heard || rules.permits.is_some();
    while let Some(message) = round.messages.get_mut(round.ways.len()) {
        // After a callback that blocked its thread beyond a drain's deadline, the rest of its take is released.
        if stage.settler.is_fenced() {
            round.ways.push(Way::Released);
            continue;
        }
        if A::ON
            && let Some(way) = again.holds_back(round.ways.len(), message)
        {
            // It has not been tried: what `prepare_messages` made of it is not counted, and is done again.
            message.failure = None;
            round.ways.push(way);
            continue;
        }
        if message.failure.is_some() {
            let way = again.failed(stage, round.ways.len(), message);
            round.ways.push(way);
            continue;
        }
        round.lent = message.ticket.token();
        let result = match rules.timeout {
            _ if round.apart => {
                let (waiting, heard) = (round.messages.len() - round.ways.len(), round.heard);
                let Some(message) = round.messages.get_mut(round.ways.len()) else { return };
                Box::pin(handle_apart(stage, rules, waiting, heard, message)).await
            }
            // Pinned where it is made: awaited by value, it is moved once more.
            None => pin!(stage.pipeline.process(message)).await.map_err(Fault::Error),
            timeout => judge_time(within(timeout, stage.pipeline.process(message)).await),
        };
        round.judge(stage, rules, result, again);
    }
}

/// `handle_message` for one message with what most have not: a permit to wait for, a span.
async fn handle_apart<P: Broadway>(
    stage: &Stage<P>,
    rules: &Rules,
    waiting: usize,
    heard: bool,
    message: &mut MessageOf<P>,
) -> Result<P::Output, Fault> {
    if let Some(permits) = &rules.permits
        && (!permits.take(waiting).await || message.attempt() > 1 && is_over(message))
    {
        return Err(Fault::NoPermit);
    }
    let span = if heard { stage.probe.message_start(message.id(), message.delivery()) } else { Span::none() };
    judge_time(within(rules.timeout, stage.pipeline.process(message).instrument(span)).await)
}

fn judge_time<T>(handled: Result<Result<T, Error>, Duration>) -> Result<T, Fault> {
    handled.map_err(Fault::TimedOut)?.map_err(Fault::Error)
}

impl<P: Broadway> Round<P> {
    /// Says what becomes of the message that was lent. An output is pushed where there is one, in the messages' order.
    #[inline(always)]
    fn judge(&mut self, stage: &Stage<P>, rules: &Rules, result: Result<P::Output, Fault>, again: &mut impl Again<P>) {
        let Some(message) = self.messages.get_mut(self.ways.len()) else { return };
        if message.ticket.token() != self.lent {
            stage.probe.violation(1);
            self.ways.push(Way::Released);
            return;
        }
        let mut way = match result {
            Ok(output) if message.failure.is_none() => {
                let way = route(stage, rules, message, &mut self.partitions);
                if way != Way::Failed {
                    self.outputs.push(output);
                }
                way
            }
            Ok(_) => Way::Failed,
            Err(fault) => judge_fault(stage, message, fault),
        };
        if way == Way::Failed {
            note_failure(&stage.probe, message);
            way = again.failed(stage, self.ways.len(), message);
        } else if self.heard && way != Way::Released {
            stage.probe.message_stop(message.id());
        }
        self.ways.push(way);
    }
}

#[cold]
fn judge_fault<P: Broadway>(stage: &Stage<P>, message: &mut MessageOf<P>, fault: Fault) -> Way {
    message.failure = Some(match fault {
        Fault::Error(error) if message.fate == Fate::Done && is_done(&error) => match message.failure.take() {
            None => return Way::DoneEarly,
            Some(failure) => failure,
        },
        Fault::Error(error) => Failure::new(FailureKind::Error, error, &stage.name),
        Fault::TimedOut(timeout) => Failure::timed_out(timeout, &stage.name),
        Fault::Panic(panic) => Failure::panicked(panic, &stage.name),
        Fault::NoPermit => return Way::Released,
    });
    Way::Failed
}

fn note_failure<T, B>(probe: &Probe, message: &mut Message<T, B>) {
    // What failed is not done, whatever it said before.
    if message.fate == Fate::Done {
        message.fate = Fate::Open;
    }
    let Some(failure) = &message.failure else { return };
    if matches!(failure.kind(), FailureKind::Panic | FailureKind::TimedOut) {
        events::message_crashed(&probe.place(), message.id(), failure);
    }
    if probe.hears_messages() {
        probe.message_exception(message.id(), failure);
    }
}

/// Where a message goes that succeeded. One that should be batched and has no batcher fails.
#[inline(always)]
fn route<P: Broadway>(stage: &Stage<P>, rules: &Rules, message: &mut MessageOf<P>, partitions: &mut Vec<u64>) -> Way {
    if rules.partitioned.is_empty() || message.fate == Fate::Done {
        return Way::Done;
    }
    let batcher = if rules.unrouted_fail { message.batcher } else { message.batcher() };
    let known = batcher.and_then(|batcher| Some((batcher, *rules.partitioned.get(batcher.index())?)));
    let Some((batcher, partitioned)) = known else { return fail_unrouted::<P>(stage, message, batcher) };
    message.batcher = Some(batcher);
    if partitioned {
        // If it panics, so does the guard's chunk, and the message fails as after a panic of its callback.
        partitions.push(stage.pipeline.batcher_partition(batcher, message));
    }
    Way::Batcher(batcher.index())
}

#[cold]
fn fail_unrouted<P: Broadway>(stage: &Stage<P>, message: &mut MessageOf<P>, batcher: Option<P::Batcher>) -> Way {
    let reason = match batcher {
        None => "`handle_message` chose no batcher, and the pipeline has no default".into(),
        Some(batcher) => format!("the topology has no batcher {batcher:?}"),
    };
    message.failure = Some(Failure::new(FailureKind::Unrouted, reason.into(), &stage.name));
    Way::Failed
}

impl<P: Broadway> Default for Round<P> {
    fn default() -> Self {
        let (messages, outputs, partitions, ways) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (failed, kept) = (Vec::new(), Vec::new());
        Self { messages, outputs, partitions, ways, lent: Token::NONE, failed, kept, heard: false, apart: false }
    }
}

impl<P: Broadway> Round<P> {
    /// Whether all messages end here, and succeeded.
    fn ends_here(&self) -> bool {
        self.ways.iter().all(|way| matches!(way, Way::Done | Way::DoneEarly))
    }
}

/// Calls a plain function of the user's.
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
}

/// Whether the error is what `done()` returned. An error type of the user's may have wrapped it beyond recognition but
/// for its text.
fn is_done(error: &Error) -> bool {
    error.is::<Done>() || error.to_string() == Done::TEXT
}
