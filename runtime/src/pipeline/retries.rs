//! A processor with `retry`: beside its inbox it has a waiting room. What is due goes before what is new; while the room is
//! over, nothing new is taken. A waiting message gives its demand back by itself, because the stage gives back what it took
//! when it takes the next chunk.

use std::{pin::pin, sync::Arc, sync::atomic::Ordering::Relaxed, time::Duration};

use broadway_topology::Retry;
use tokio::time::{Instant, sleep_until};

use super::{
    Shared,
    later::later,
    leases::{Held, hold, is_over},
    pace::Pace,
    processor::{Again, Processor, Round, Way, caught},
    retrying::Retrying,
    stage::Stage,
    waiting_room::{Budget, WaitingRoom},
};
use crate::{
    batch::MessageOf,
    handler::Broadway,
    message::Fate,
    stage::Signal,
    telemetry::{StageCounters, events},
    ticket::Token,
};

pub(crate) struct Retries<P: Broadway> {
    retrying: Retrying,
    room: WaitingRoom<u64, MessageOf<P>>,
    shared: Arc<Shared>,
    draining: Signal,
    /// Whether messages of one partition value stay in order.
    partitioned: bool,
    /// The partition value of each message of the round, in the round's order unless a callback changed it.
    values: Vec<(Token, u64)>,
    /// Values of which one is tried again, or was released, in this round, and what becomes of the others.
    held_back: Vec<(u64, Way)>,
    /// How long each message of the round waits that is tried again.
    waits: Vec<Duration>,
    /// Whether the round is the last attempt of its messages, because the pipeline drains.
    last: bool,
}

impl<P: Broadway> Retries<P> {
    pub(crate) fn new(rules: Retry, budget: Arc<Budget>, shared: Arc<Shared>, partitioned: bool) -> Self {
        Self {
            retrying: Retrying::new(rules),
            room: WaitingRoom::new(budget, |_| 1),
            draining: shared.draining(),
            shared,
            partitioned,
            values: Vec::new(),
            held_back: Vec::new(),
            waits: Vec::new(),
            last: false,
        }
    }

    fn value(&self, place: usize, message: &MessageOf<P>) -> Option<u64> {
        let token = message.ticket.token();
        let value = match self.values.get(place) {
            Some(value) if value.0 == token => Some(value),
            _ => self.values.iter().find(|value| value.0 == token),
        };
        value.map(|(_, value)| *value)
    }

    /// Takes what is due, or what was parked behind messages that are through; what the source has back is released. In a
    /// drain all that waits is due, for the last time.
    fn take(&mut self, most: usize, round: &mut Round<P>) {
        let draining = self.draining.is_raised();
        let by = (!draining).then(Instant::now);
        while round.messages.len() < most
            && let Some((message, value)) = self.room.take_due(by)
        {
            if is_over(&message) {
                value.into_iter().for_each(|value| self.room.go_on(&value));
                continue;
            }
            self.values.extend(value.map(|value| (message.ticket.token(), value)));
            round.messages.push(message);
        }
        self.last = draining && !round.messages.is_empty();
        while !self.last
            && round.messages.len() < most
            && let Some((message, value)) = self.room.take_parked()
        {
            if is_over(&message) {
                continue;
            }
            self.values.push((message.ticket.token(), value));
            round.messages.push(message);
        }
    }

    /// Notes the partition values of what was taken new, and parks what may not overtake. If the user's function panics here
    /// it has panicked before, and the message fails.
    fn admit(&mut self, pipeline: &P, round: &mut Round<P>) {
        if !self.partitioned {
            return;
        }
        let value_of = |message: &MessageOf<P>| caught(|| pipeline.processor_partition(message)).ok();
        if self.room.holds_no_key() {
            let values = round.messages.iter().filter_map(|message| Some((message.ticket.token(), value_of(message)?)));
            self.values.extend(values);
            return;
        }
        for message in std::mem::take(&mut round.messages) {
            match value_of(&message) {
                Some(value) if self.room.holds(&value) => self.room.park(message, &value),
                value => {
                    self.values.extend(value.map(|value| (message.ticket.token(), value)));
                    round.messages.push(message);
                }
            }
        }
    }

    /// Puts what failed into the waiting room, with what may not overtake it, and lets the others go on.
    async fn keep(&mut self, round: &mut Round<P>) {
        if !round.kept.is_empty() {
            self.wait(round).await;
        }
        for (value, way) in self.held_back.drain(..) {
            if way == Way::Released {
                self.room.give_up(&value);
            }
        }
        for (_, value) in self.values.drain(..) {
            self.room.go_on(&value);
        }
        self.room.give_back();
    }

    async fn wait(&mut self, round: &mut Round<P>) {
        let now = Instant::now();
        let mut waiting = Vec::new();
        // The last first, so that each is parked before those that come after it.
        for (message, way) in round.kept.drain(..).rev() {
            let value = self.value(usize::MAX, &message);
            let wait = if way == Way::Again { self.waits.pop() } else { None };
            match (wait, value) {
                (Some(wait), value) => waiting.push((message, value, later(now, wait))),
                (None, Some(value)) => self.room.park_first(message, &value),
                (None, None) => drop(message),
            }
        }
        waiting.reverse();
        let mut leases: Vec<(&mut MessageOf<P>, Instant)> = Vec::new();
        let mut parked = Vec::new();
        for (_, value, due) in &waiting {
            parked.extend(value.map(|value| (value, self.room.parked(&value), *due)));
        }
        for (message, _, due) in &mut waiting {
            leases.push((message, *due));
        }
        for (_, messages, due) in &mut parked {
            leases.extend(messages.iter_mut().map(|message| (message, *due)));
        }
        let held = hold(&self.shared, &mut leases).await;
        for (value, messages, _) in parked {
            self.room.restore(&value, messages);
        }
        for ((message, value, _), held) in waiting.into_iter().zip(held) {
            match held {
                Held::Until(due) => self.room.wait(message, value, due),
                Held::Over => drop(message),
            }
        }
    }
}

impl<P: Broadway> Again<P> for Retries<P> {
    const ON: bool = true;

    fn holds_back(&self, place: usize, message: &MessageOf<P>) -> Option<Way> {
        // It waited for others of its chunk: the source has it back.
        if message.attempt() > 1 && is_over(message) {
            return Some(Way::Released);
        }
        if self.held_back.is_empty() {
            return None;
        }
        let value = self.value(place, message)?;
        self.held_back.iter().find(|(held_back, _)| *held_back == value).map(|(_, way)| *way)
    }

    #[cold]
    fn failed(&mut self, stage: &Stage<P>, place: usize, message: &mut MessageOf<P>) -> Way {
        let attempt = message.attempt();
        let decided = message.fate == Fate::Discarded || message.release_delay().is_some();
        let Some(failure) = &mut message.failure else { return Way::Failed };
        failure.tried(attempt);
        failure.at(&stage.name);
        if decided {
            return Way::Failed;
        }
        let failed_at = message.envelope.as_ref().and_then(|envelope| envelope.failed_at).unwrap_or_else(Instant::now);
        let when = |failure: &_| stage.pipeline.processor_retries(failure);
        let Some(wait) = self.retrying.wait(failure, attempt, failed_at, when) else { return Way::Failed };
        let (way, others) = if self.last { (Way::Released, Way::Released) } else { (Way::Again, Way::Parked) };
        self.waits.extend((way == Way::Again).then_some(wait));
        events::retry(&stage.probe.place(), 1, attempt, wait);
        if let Some(value) = self.value(place, message) {
            self.held_back.push((value, others));
        }
        message.failure = None;
        let envelope = message.envelope.get_or_insert_default();
        envelope.failed_attempts = attempt;
        envelope.failed_at = Some(failed_at);
        way
    }
}

impl<P: Broadway> Processor<P> {
    /// [`run`](Self::run) with retries: until they are through as well.
    pub(super) async fn run_and_retry(mut self, mut retries: Retries<P>) {
        let mut round = Round::default();
        let rouse = self.inbox.rouse();
        let mut pace = Pace::new(self.stage.meter());
        let mut more = true;
        loop {
            retries.take(self.chunk, &mut round);
            if round.messages.is_empty() {
                if retries.room.is_empty() {
                    if !more {
                        return pace.underway.down_to(0).await;
                    }
                    more = pace.wait(pin!(self.inbox.take(self.chunk, pace.is_quick(), &mut round.messages))).await;
                } else {
                    pace.meter.rest();
                    // Out of its place, because that wait may be one in which nothing is taken.
                    let mut underway = pace.underway.take();
                    underway.beside(pin!(self.wait(&mut retries, &mut round, &mut pace, &mut more))).await;
                    pace.underway = underway;
                }
                // Only what is new has waited in the queue; also what may not overtake has left it.
                if let Some(first) = round.messages.first() {
                    pace.meter.waited(first.emitted_at, round.messages.len());
                }
                retries.admit(&self.stage.pipeline, &mut round);
                if round.messages.is_empty() {
                    pace.give_way().await;
                    continue;
                }
            }
            let taken = round.messages.len();
            self.stage.counters.in_hand.store(taken as u64, Relaxed);
            pace.meter.resume();
            let seen = self.stage.probe.processor_start(taken, pace.meter.just_read());
            let span = seen.as_ref().map(|seen| &seen.span);
            pace.work(span, pin!(self.work(&mut round, &mut retries)), || rouse.rouse()).await;
            let mut now = pace.worked(&mut self.stage.settler, span, |told| self.inbox.keep(told)).await;
            if pace.hand_on(pin!(self.hand_on(now, &rouse))).await {
                now = None;
            }
            if let Some(seen) = &seen {
                self.stage.probe.processor_stop(seen, now);
            }
            pace.underway.beside(pin!(retries.keep(&mut round))).await;
            self.stage.counters.in_hand.store(0, Relaxed);
            StageCounters::add(&self.stage.counters.rounds, 1);
            StageCounters::add(&self.stage.counters.processed, taken);
            pace.give_way().await;
        }
    }

    /// Waits for the first of: a message that is due, more to do, room to pay for, the drain.
    async fn wait(&mut self, retries: &mut Retries<P>, round: &mut Round<P>, pace: &mut Pace, more: &mut bool) {
        let budget = retries.room.budget.clone();
        let mut freed = pin!(budget.freed());
        // From here on, so that what is given back while the room is looked at is not missed.
        freed.as_mut().enable();
        let over = retries.room.is_over();
        let due = retries.room.next_due();
        let draining = retries.draining.is_raised();
        let take = pin!(self.inbox.take(self.chunk, pace.is_quick(), &mut round.messages));
        tokio::select! {
            biased;
            () = retries.draining.raised(), if !draining => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            () = freed, if over => {}
            taken = pace.wait(take), if *more && !over => {
                *more = taken;
            }
        }
    }
}
