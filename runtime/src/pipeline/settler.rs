//! Gathers the verdicts of a round, groups them by acknowledger, and delivers them. Each group is isolated; what does not
//! arrive is tried again. Verdicts that are cut off on the way (the stage was killed) go to the release lane as they are:
//! a message never gets a second, other verdict.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures::future::{join, join_all};
use tracing::Span;

use super::{Shared, outcome, processor::caught};
use crate::{
    acknowledger::{AckRef, AckReport, Acknowledger, Settled, Settlement},
    batch::{BatchInfo, MessageOf},
    chain::Link,
    failure::{Failure, panic_text},
    handler::Broadway,
    message::{Fate, Message},
    telemetry::{Latencies, Probe, StageCounters, events},
    ticket::{ReleaseLane, Ticket, Unsettled, Verdict},
};

/// How often a verdict is sent, and how long the waits between are.
const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(50);

pub(crate) struct Settler {
    shared: Arc<Shared>,
    probe: Arc<Probe>,
    counters: Arc<StageCounters>,
    groups: Vec<Group>,
    /// The group that was added to last.
    last: usize,
    /// Whether an acknowledger of theirs answers later.
    later: bool,
    /// What was set aside.
    aside: Vec<Group>,
    /// Of what was settled in this round.
    latencies: Latencies,
}

/// The verdicts for one acknowledger, in buffers that are used again.
pub(super) struct Group {
    ack_ref: AckRef,
    acknowledger: Option<Arc<dyn Acknowledger>>,
    /// Whether the acknowledger answers later.
    later: bool,
    successful: Vec<Settlement>,
    failed: Vec<Settlement>,
    released: Vec<Settlement>,
    /// Whether one of the successful or released ones carries a failure: it counts as failed, whatever the source is told.
    mixed: bool,
}

impl Settler {
    pub(crate) fn new(shared: Arc<Shared>, probe: Arc<Probe>) -> Self {
        let counters = probe.counters.clone();
        let (groups, aside) = (Vec::new(), Vec::new());
        Self { shared, probe, counters, groups, last: 0, later: false, aside, latencies: Latencies::default() }
    }

    /// The latencies of what was settled and not measured, for the meter of the stage.
    #[inline]
    pub(crate) fn latencies(&mut self) -> &mut Latencies {
        &mut self.latencies
    }

    /// Measures the latency of what was settled up to here, before something that may last.
    pub(crate) fn measure(&mut self) {
        self.latencies.measure(&self.counters, self.shared.clock);
    }

    /// Whether a drain's deadline has passed: from here on everything is released.
    #[inline]
    pub(crate) fn is_fenced(&self) -> bool {
        self.shared.is_fenced()
    }

    /// Settles a message as its failure and fate say. After the fence it is left unsettled, so that it is released when it
    /// is dropped: the verdict is late.
    #[inline]
    pub(crate) fn settle<P: Broadway>(
        &mut self,
        message: &mut MessageOf<P>,
        output: Option<P::Output>,
        batch: Option<&BatchInfo<P::Batcher>>,
    ) {
        if self.shared.is_fenced() {
            StageCounters::add(&self.counters.late, usize::from(!message.ticket.is_told()));
            return;
        }
        self.latencies.note(message.emitted_at, 1);
        let ack_ref = message.ticket.ack_ref();
        if message.ticket.is_special() {
            self.tell::<P>(message, output, batch);
        } else if message.failure.is_none() {
            let settlement = message.ticket.settle().into();
            self.group(ack_ref).successful.push(settlement);
        } else {
            self.settle_failed(message);
        }
    }

    /// [`settle`](Self::settle) for messages that all succeeded, a run of those that were emitted together at a time; false,
    /// with nothing settled, if one of them failed, is awaited by who pushed it, or was told before.
    pub(crate) fn settle_successes<T, B>(&mut self, messages: &mut [Message<T, B>]) -> bool {
        let plain = |message: &Message<T, B>| message.failure.is_none() && !message.ticket.is_special();
        if !messages.iter().all(plain) {
            return false;
        }
        if self.shared.is_fenced() {
            StageCounters::add(&self.counters.late, messages.len());
            return true;
        }
        let together = |a: &Message<T, B>, b: &Message<T, B>| {
            a.emitted_at == b.emitted_at && a.ticket.ack_ref() == b.ticket.ack_ref()
        };
        for run in messages.chunk_by_mut(together) {
            self.latencies.note(run[0].emitted_at, run.len());
            let group = self.group(run[0].ticket.ack_ref());
            group.successful.extend(run.iter_mut().map(|message| message.ticket.settle().into()));
        }
        true
    }

    #[cold]
    fn tell<P: Broadway>(
        &mut self,
        message: &mut MessageOf<P>,
        output: Option<P::Output>,
        batch: Option<&BatchInfo<P::Batcher>>,
    ) {
        // A message that was acknowledged before has its verdict; one that others were chained to waits for theirs.
        if message.ticket.is_told() {
            if let Some(link) = message.ticket.data().get::<Link>() {
                let (verdict, release_after) = message.verdict();
                link.settle(verdict, message.failure.clone(), release_after);
            }
            return;
        }
        let failed = message.failure.is_some();
        StageCounters::add(&self.counters.discarded, usize::from(failed && message.fate == Fate::Discarded));
        outcome::tell::<P>(message, output, batch);
        let verdict = if failed { Verdict::Failed } else { Verdict::Successful };
        self.add(Unsettled { ack_ref: outcome::ACK_REF, verdict, settlement: Settlement::default() });
    }

    #[cold]
    fn settle_failed<T, B>(&mut self, message: &mut Message<T, B>) {
        let (verdict, release_after) = message.verdict();
        StageCounters::add(&self.counters.discarded, usize::from(verdict == Verdict::Successful));
        let (ack_ref, failure) = (message.ticket.ack_ref(), message.failure.take());
        let settlement = Settlement { data: message.ticket.settle(), failure, release_after };
        self.add(Unsettled { ack_ref, verdict, settlement });
    }

    /// Settles a message that failed before it had data to be a message with.
    pub(crate) fn reject(&mut self, mut ticket: Ticket, failure: Box<Failure>) {
        let (ack_ref, data) = (ticket.ack_ref(), ticket.settle());
        let settlement = Settlement { data, failure: Some(failure), release_after: None };
        self.add(Unsettled { ack_ref, verdict: Verdict::Failed, settlement });
    }

    /// Adds a verdict to the round.
    pub(crate) fn add(&mut self, unsettled: Unsettled) {
        let Unsettled { ack_ref, verdict, settlement } = unsettled;
        self.group(ack_ref).add(verdict, settlement);
    }

    #[inline]
    fn group(&mut self, ack_ref: AckRef) -> &mut Group {
        // Neighbours mostly come from the same producer.
        let last = self.last;
        if self.groups.get(last).is_none_or(|group| group.ack_ref != ack_ref) {
            self.last = self.find_or_open(ack_ref);
        }
        &mut self.groups[self.last]
    }

    fn find_or_open(&mut self, ack_ref: AckRef) -> usize {
        let found = self.groups.iter().position(|group| group.ack_ref == ack_ref);
        found.unwrap_or_else(|| {
            let group = Group::new(ack_ref, self.shared.acknowledger(ack_ref));
            self.later |= group.later;
            self.groups.push(group);
            self.groups.len() - 1
        })
    }

    /// Sets aside what acknowledgers answer later, for a stage that goes on meanwhile. The next
    /// [`deliver`](Self::deliver) is for the rest.
    #[inline]
    pub(crate) fn set_aside(&mut self) {
        if self.later {
            self.set_late_ones_aside();
        }
    }

    #[cold]
    fn set_late_ones_aside(&mut self) {
        let later = self.groups.iter_mut().filter(|group| group.later && !group.is_empty());
        self.aside.extend(later.map(Group::take));
    }

    /// Whether anything was set aside.
    #[inline]
    pub(crate) fn has_aside(&self) -> bool {
        !self.aside.is_empty()
    }

    /// What was set aside, to be delivered beside the stage; none if nothing was.
    pub(super) fn take_aside(&mut self) -> Option<Aside> {
        let groups = std::mem::take(&mut self.aside);
        (!groups.is_empty()).then(|| Aside { groups, shared: self.shared.clone(), probe: self.probe.clone() })
    }

    /// Delivers the round, each group by itself: one that hangs or is told again holds up no other. Cancel-safe: what was
    /// not delivered goes to the release lane with the settler.
    pub(crate) async fn deliver(&mut self) {
        let probe = &*self.probe;
        let mut groups = self.groups.iter_mut().filter(|group| !group.is_empty());
        while let Some(group) = groups.next() {
            let mut delivery = pin!(group.deliver(probe));
            let delivered = futures::poll!(&mut delivery);
            self.latencies.just_read(if let Poll::Ready(now) = delivered { now } else { None });
            if delivered.is_pending() {
                // The latency ends where the verdict is known, not where it has arrived.
                self.latencies.measure(&self.counters, self.shared.clock);
                let others = Box::pin(join_all(groups.map(|group| group.deliver(probe))));
                join(delivery, others).await;
                break;
            }
        }
        // A stage meets few incarnations of its producers; those that are gone must not pile up.
        if self.groups.len() > 64 {
            self.groups.clear();
        }
    }
}

impl Drop for Settler {
    fn drop(&mut self) {
        self.groups.iter_mut().chain(&mut self.aside).for_each(|group| group.post(&self.shared.lane));
    }
}

/// The verdicts of a round that are delivered while their stage goes on. Dropped before that they go to the release lane as
/// they are.
pub(super) struct Aside {
    groups: Vec<Group>,
    shared: Arc<Shared>,
    probe: Arc<Probe>,
}

impl Aside {
    /// How many verdicts.
    pub(super) fn len(&self) -> usize {
        self.groups.iter().map(Group::len).sum()
    }

    /// Delivers them, each group by itself. Cancel-safe: what was not delivered goes to the release lane.
    pub(super) async fn deliver(mut self) {
        let probe = &*self.probe;
        match &mut *self.groups {
            [group] => drop(group.deliver(probe).await),
            groups => drop(join_all(groups.iter_mut().map(|group| group.deliver(probe))).await),
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.groups.iter_mut().for_each(|group| group.post(&self.shared.lane));
    }
}

impl Group {
    pub(super) fn new(ack_ref: AckRef, acknowledger: Option<Arc<dyn Acknowledger>>) -> Self {
        let (successful, failed, released) = (Vec::new(), Vec::new(), Vec::new());
        let later =
            acknowledger.as_ref().is_some_and(|acknowledger| caught(|| acknowledger.answers_later()).unwrap_or(false));
        Self { ack_ref, acknowledger, later, successful, failed, released, mixed: false }
    }

    /// Takes all verdicts into a group of their own.
    fn take(&mut self) -> Self {
        Self {
            ack_ref: self.ack_ref,
            acknowledger: self.acknowledger.clone(),
            later: self.later,
            successful: std::mem::take(&mut self.successful),
            failed: std::mem::take(&mut self.failed),
            released: std::mem::take(&mut self.released),
            mixed: std::mem::take(&mut self.mixed),
        }
    }

    /// Small as a future: what is rare lies in a box. Says when it was through, if that was read for who listens.
    async fn deliver(&mut self, probe: &Probe) -> Option<u64> {
        let seen = probe.is_heard().then(|| probe.ack_start(self.len(), 1));
        let report = call(self, seen.as_ref().map(|(span, _)| span)).await;
        let mut now = seen.as_ref().map(|seen| self.called(probe, seen, &report, 1));
        if !report.is_delivered() {
            now = None;
            Box::pin(self.tell_again(report, probe)).await;
        }
        self.count_and_clear(&probe.counters);
        now
    }

    /// Tells who listens what a call of the acknowledger came to.
    fn called(&self, probe: &Probe, seen: &(Span, u64), report: &AckReport, attempt: u32) -> u64 {
        let told = [&self.successful, &self.failed, &self.released].map(Vec::len);
        probe.ack_stop(seen, told, report.undelivered.len(), attempt)
    }

    /// Tells the source again what did not reach it, `ATTEMPTS` times in all.
    async fn tell_again(&mut self, mut report: AckReport, probe: &Probe) {
        let counters = &*probe.counters;
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            self.keep(&report, counters);
            let reason = report.undelivered.first().map(|(_, reason)| reason.to_string()).unwrap_or_default();
            if attempt == ATTEMPTS || report.is_permanent() {
                events::undelivered(&probe.place(), self.len(), &reason);
                StageCounters::add(&counters.undelivered, self.len());
                return;
            }
            events::told_again(&probe.place(), self.len(), &reason, attempt);
            tokio::time::sleep(wait).await;
            wait *= 2;
            let seen = probe.ack_start(self.len(), attempt + 1);
            report = call(self, Some(&seen.0)).await;
            self.called(probe, &seen, &report, attempt + 1);
            if report.is_delivered() {
                return;
            }
        }
    }

    pub(super) fn ack_ref(&self) -> AckRef {
        self.ack_ref
    }

    pub(super) fn add(&mut self, verdict: Verdict, settlement: Settlement) {
        self.mixed |= verdict != Verdict::Failed && settlement.failure.is_some();
        match verdict {
            Verdict::Successful => self.successful.push(settlement),
            Verdict::Failed => self.failed.push(settlement),
            Verdict::Released => self.released.push(settlement),
        }
    }

    /// Hands all that is in it to the release lane.
    pub(super) fn post(&mut self, lane: &ReleaseLane) {
        let ack_ref = self.ack_ref;
        for (verdict, settlements) in [
            (Verdict::Successful, &mut self.successful),
            (Verdict::Failed, &mut self.failed),
            (Verdict::Released, &mut self.released),
        ] {
            settlements.drain(..).for_each(|settlement| lane.post(Unsettled { ack_ref, verdict, settlement }));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.successful.len() + self.failed.len() + self.released.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn settled(&self) -> Settled<'_> {
        Settled { successful: &self.successful, failed: &self.failed, released: &self.released }
    }

    /// Counts what was delivered, and keeps what was not.
    pub(super) fn keep(&mut self, report: &AckReport, counters: &StageCounters) {
        let mut undelivered: Vec<usize> = report.undelivered.iter().map(|(position, _)| *position).collect();
        undelivered.sort_unstable();
        let mut position = 0;
        for (settlements, counter) in [
            (&mut self.successful, &counters.successful),
            (&mut self.failed, &counters.failed),
            (&mut self.released, &counters.released),
        ] {
            let before = settlements.len();
            let mut discarded = 0;
            settlements.retain(|settlement| {
                let keep = undelivered.binary_search(&position).is_ok();
                discarded += usize::from(!keep && settlement.failure.is_some());
                position += 1;
                keep
            });
            let delivered = before - settlements.len();
            count(counters, counter, delivered, discarded);
        }
    }

    pub(super) fn count_and_clear(&mut self, counters: &StageCounters) {
        for (settlements, counter) in [
            (&mut self.successful, &counters.successful),
            (&mut self.failed, &counters.failed),
            (&mut self.released, &counters.released),
        ] {
            if !settlements.is_empty() {
                let failures = if self.mixed {
                    settlements.iter().filter(|settlement| settlement.failure.is_some()).count()
                } else {
                    0
                };
                count(counters, counter, settlements.len(), failures);
                settlements.clear();
            }
        }
        self.mixed = false;
    }
}

/// What carries a failure counts as failed, whatever the source was told.
fn count(counters: &StageCounters, counter: &std::sync::atomic::AtomicU64, settled: usize, failures: usize) {
    if std::ptr::eq(counter, &counters.failed) {
        StageCounters::add(counter, settled);
    } else {
        StageCounters::add(counter, settled - failures);
        StageCounters::add(&counters.failed, failures);
    }
}

/// One call, in a span if there is one; a panic is a report of its own.
pub(super) fn call<'a>(group: &'a Group, span: Option<&'a Span>) -> impl Future<Output = AckReport> + 'a {
    let settled = group.settled();
    let mut ack = None;
    poll_fn(move |cx| {
        let Some(acknowledger) = &group.acknowledger else { return Poll::Ready(AckReport::delivered()) };
        let _entered = span.map(Span::enter);
        // Made where a panic is caught, and dropped there.
        let polled = caught(|| {
            let poll = ack.get_or_insert_with(|| acknowledger.ack(group.ack_ref, settled)).as_mut().poll(cx);
            if poll.is_ready() {
                ack = None;
            }
            poll
        });
        polled.unwrap_or_else(|panic| {
            let reason = format!("the acknowledger panicked: {}", panic_text(&*panic));
            Poll::Ready(AckReport::all_undelivered(&settled, reason))
        })
    })
}
