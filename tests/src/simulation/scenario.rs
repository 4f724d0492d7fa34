//! All that is decided before a run, as plain data. What a message, a batch, an ask or an acknowledgement does is thrown
//! for each by its own number, so a scenario that is made smaller leaves the rest as it was.

use super::{Dice, Shape};

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What everything is thrown with that is not written here.
    pub seed: u64,
    /// The stages and their options.
    pub shape: Shape,
    /// What each producer stage does.
    pub sources: Vec<Source>,
    /// What callbacks do, in percent of their calls.
    pub callbacks: Callbacks,
    /// What acknowledgers do, in percent of their calls.
    pub acknowledgers: Acknowledgers,
    /// After how many steps which stage is killed.
    pub kills: Vec<(u64, String)>,
    /// The pipeline is paused at that time, for that long.
    pub pauses: Vec<(u64, u64)>,
    /// How it ends.
    pub ending: Ending,
    /// It is stopped after so many steps, if that is earlier.
    pub stop_step: Option<u64>,
    /// Who runs next.
    pub order: Order,
    /// At these steps so many whose turn it is are left out.
    pub skips: Vec<(u64, usize)>,
    /// Whether time also passes while tasks can run.
    pub jitter: bool,
}

/// A producer stage. Times are milliseconds, faults are in percent of the asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// How many messages it has.
    pub messages: u64,
    /// Whether it ends then, or waits for ever.
    pub finishes: bool,
    /// An ask takes up to this long.
    pub delay: u64,
    /// What one ask is worth.
    pub preferred: Option<usize>,
    /// Asks that put a part into the outbox, wait, and go on.
    pub halves: u64,
    /// Asks that fail.
    pub errors: u64,
    /// Asks that panic.
    pub panics: u64,
    /// What it hands over at a drain.
    pub holds: u64,
    /// Into how many partitions its messages fall.
    pub partitions: u64,
}

/// Faults of callbacks, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Callbacks {
    /// `handle_message` takes up to so many milliseconds.
    pub delay: u64,
    /// Returns an error.
    pub error: u64,
    /// Panics.
    pub panic: u64,
    /// Never returns.
    pub hang: u64,
    /// Calls `done()`.
    pub done: u64,
    /// Calls `fail(..)`.
    pub fail: u64,
    /// Exchanges the message for another and drops it.
    pub steal: u64,
    /// Asks its batch to leave.
    pub flush: u64,
    /// Chooses a batcher that there is not, or none.
    pub unrouted: u64,
    /// How many batch keys there are.
    pub keys: u64,
    /// `partition_by` panics.
    pub partition_panic: u64,
    /// `prepare_messages` fails.
    pub prepare: u64,
    /// `handle_batch` takes up to so many milliseconds.
    pub batch_delay: u64,
    /// Returns an error.
    pub batch_error: u64,
    /// Panics.
    pub batch_panic: u64,
    /// Never returns.
    pub batch_hang: u64,
    /// Fails some of its messages.
    pub batch_fail: u64,
    /// Exchanges messages of the batch with one another.
    pub batch_swap: u64,
    /// `handle_failed` fails or panics.
    pub failed: u64,
    /// Discards a message.
    pub discard: u64,
    /// Releases a message later.
    pub later: u64,
}

/// Faults of acknowledgers, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acknowledgers {
    /// A call takes up to so many milliseconds.
    pub delay: u64,
    /// Some of a call's verdicts do not arrive.
    pub refuse: u64,
    /// Of those, that never will.
    pub permanent: u64,
    /// Panics.
    pub panic: u64,
}

impl Acknowledgers {
    /// Whether a verdict may need more than one call.
    pub fn fail(&self) -> bool {
        self.refuse > 0 || self.panic > 0
    }
}

/// How a run ends. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The sources finish.
    Finish,
    /// It is stopped, and has all the time that it needs.
    Ample {
        /// When.
        at: u64,
    },
    /// It is stopped, and what is not done by then is released.
    Stop {
        /// When.
        at: u64,
        /// How long the drain may take.
        within: u64,
    },
    /// It is stopped twice.
    Twice {
        /// When.
        at: u64,
        /// How long the drain may take.
        within: u64,
        /// How much later the second order comes.
        after: u64,
        /// How long the rest of the drain may take.
        sooner: u64,
    },
    /// A signal, and a second one, which releases what is left at once.
    Signals {
        /// When.
        at: u64,
        /// How much later the second one comes.
        after: u64,
    },
    /// Its owner is dropped.
    Dropped {
        /// When.
        at: u64,
    },
}

/// Who runs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Anybody.
    Any,
    /// Who is most important, by priorities that change now and then.
    Priority,
    /// One after the other.
    Turns,
}

const SHAPE: u64 = 1;
const SOURCES: u64 = 2;
const CALLBACKS: u64 = 3;
const ENDING: u64 = 4;
const KILLS: u64 = 5;

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed, SHAPE, 0);
        let shape = Shape::random(&mut dice);
        let ending = ending(&mut Dice::of(seed, ENDING, 0));
        let mut dice = Dice::of(seed, SOURCES, 0);
        let sources: Vec<Source> =
            (0..dice.between(1, 4)).map(|_| Source::random(&mut dice, ending == Ending::Finish)).collect();
        let mut dice = Dice::of(seed, CALLBACKS, 0);
        let mut callbacks = Callbacks::random(&mut dice);
        let acknowledgers = Acknowledgers::random(&mut dice);
        // What hangs needs a time-out or a deadline.
        if !ending.cuts() {
            callbacks.hang *= u64::from(shape.timeout.is_some());
            callbacks.batch_hang *= u64::from(shape.batchers.iter().all(|batcher| batcher.time_limit.is_some()));
        }
        let mut dice = Dice::of(seed, KILLS, 0);
        let stages = shape.stages(sources.len());
        let kinds = stages.len() as u64;
        let messages: u64 = sources.iter().map(|source| source.messages).sum();
        // A burst is more than supervisors allow.
        let burst = dice.percent(15).then(|| dice.below(kinds));
        let (n, window) =
            if burst.is_some() { (dice.between(4, 12), 80) } else { (dice.maybe(1, 2), 8 * messages + 20) };
        let first = dice.below(2 * messages + 1);
        let kills = (0..n).map(|_| {
            let of_kind = &stages[burst.unwrap_or_else(|| dice.below(kinds)) as usize];
            (first + dice.below(window), of_kind[dice.below(of_kind.len() as u64) as usize].clone())
        });
        let mut kills: Vec<(u64, String)> = kills.collect();
        kills.sort();
        let pauses = (0..dice.maybe(1, 2)).map(|_| (dice.below(80), dice.between(1, 60))).collect();
        let order = dice.pick(&[Order::Any, Order::Any, Order::Priority, Order::Turns]);
        let jitter = dice.percent(25);
        let stop_step = if dice.percent(40) { Some(first + dice.below(8 * messages + 20)) } else { None };
        let skips = Vec::new();
        Self { seed, shape, sources, callbacks, acknowledgers, kills, pauses, ending, stop_step, order, skips, jitter }
    }

    /// How many messages there are to emit.
    pub fn messages(&self) -> u64 {
        self.sources.iter().map(|source| source.messages).sum()
    }
}

impl Ending {
    /// Whether it may end before all is done.
    pub fn cuts(&self) -> bool {
        matches!(self, Self::Stop { .. } | Self::Twice { .. } | Self::Signals { .. })
    }
}

fn ending(dice: &mut Dice) -> Ending {
    let (at, within) = (dice.below(150), dice.between(20, 400));
    match dice.below(10) {
        0..=2 => Ending::Finish,
        3 | 4 => Ending::Ample { at },
        5 | 6 => Ending::Stop { at, within },
        7 => Ending::Twice { at, within, after: dice.below(100), sooner: dice.between(20, 200) },
        8 => Ending::Signals { at, after: dice.below(100) },
        _ => Ending::Dropped { at },
    }
}

impl Source {
    fn random(dice: &mut Dice, must_finish: bool) -> Self {
        let messages = match dice.below(10) {
            0 => dice.below(3),
            1..=7 => dice.between(3, 25),
            _ => dice.between(25, 80),
        };
        Self {
            messages,
            finishes: must_finish || dice.percent(40),
            delay: dice.maybe(1, 20),
            preferred: if dice.percent(30) { Some(dice.between(1, 10) as usize) } else { None },
            halves: dice.maybe(10, 40),
            errors: dice.maybe(5, 20),
            panics: if dice.percent(80) { 0 } else { dice.between(2, 10) },
            holds: if dice.percent(80) { 0 } else { dice.between(1, 5) },
            partitions: dice.between(1, 5),
        }
    }
}

impl Callbacks {
    fn random(dice: &mut Dice) -> Self {
        Self {
            delay: dice.maybe(1, 15),
            error: dice.maybe(2, 20),
            panic: dice.maybe(1, 10),
            hang: dice.maybe(1, 5),
            done: dice.maybe(2, 20),
            fail: dice.maybe(2, 10),
            steal: if dice.percent(85) { 0 } else { dice.between(1, 5) },
            flush: dice.maybe(2, 20),
            unrouted: if dice.percent(80) { 0 } else { dice.between(1, 5) },
            keys: dice.pick(&[1, 1, 2, 5, 30]),
            partition_panic: if dice.percent(85) { 0 } else { dice.between(1, 5) },
            prepare: if dice.percent(85) { 0 } else { dice.between(2, 10) },
            batch_delay: dice.maybe(1, 40),
            batch_error: dice.maybe(2, 20),
            batch_panic: dice.maybe(1, 10),
            batch_hang: dice.maybe(1, 5),
            batch_fail: dice.maybe(5, 30),
            batch_swap: dice.maybe(5, 30),
            failed: if dice.percent(70) { 0 } else { dice.between(5, 20) },
            discard: dice.maybe(10, 40),
            later: dice.maybe(10, 40),
        }
    }
}

impl Acknowledgers {
    fn random(dice: &mut Dice) -> Self {
        let faulty = dice.percent(35);
        Self {
            delay: if dice.percent(60) { 0 } else { dice.between(1, 8) },
            refuse: if faulty { dice.maybe(5, 30) } else { 0 },
            permanent: dice.maybe(10, 40),
            panic: if faulty { dice.maybe(2, 15) } else { 0 },
        }
    }
}
