//! All that is decided before a run, as plain data. What a message, a batch, an ask or an acknowledgement does is thrown
//! for each by its own number, so a scenario that is made smaller leaves the rest as it was.

use super::{Acknowledgers, Callbacks, Dice, Ending, Hooks, LimitChange, Push, Shape, Source};

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
    /// What `on_start`, `on_drained` and `on_stop` do.
    pub hooks: Hooks,
    /// What is pushed past the producers.
    pub pushes: Vec<Push>,
    /// How the rate limit changes.
    pub limits: Vec<LimitChange>,
    /// After how many steps which stage is killed.
    pub kills: Vec<(u64, String)>,
    /// The pipeline is paused at that time, for that long.
    pub pauses: Vec<(u64, u64)>,
    /// When its statistics are looked at.
    pub looks: Vec<u64>,
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
const AROUND: u64 = 6;
const LATER: u64 = 7;

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let shape = Shape::random(&mut Dice::of(seed, SHAPE, 0));
        let ending = Ending::random(&mut Dice::of(seed, ENDING, 0));
        let mut dice = Dice::of(seed, SOURCES, 0);
        let (finishes, gives_up) = (ending == Ending::Finish, shape.give_up_after.is_some());
        let sources: Vec<Source> =
            (0..dice.between(1, 4)).map(|_| Source::random(&mut dice, finishes, gives_up)).collect();
        let mut dice = Dice::of(seed, CALLBACKS, 0);
        let mut callbacks = Callbacks::random(&mut dice);
        let later = Dice::of(seed, LATER, 0).percent(40);
        let acknowledgers = Acknowledgers { later, ..Acknowledgers::random(&mut dice) };
        // What hangs needs a time-out or a deadline.
        if !ending.cuts() {
            callbacks.hang *= u64::from(shape.timeout.is_some());
            callbacks.batch_hang *= u64::from(shape.batchers.iter().all(|batcher| batcher.time_limit.is_some()));
        }
        let mut dice = Dice::of(seed, KILLS, 0);
        let messages: u64 = sources.iter().map(|source| source.messages).sum();
        let first = dice.below(2 * messages + 1);
        let kills = kills(&mut dice, &shape.stages(sources.len()), first, messages);
        let pauses = (0..dice.maybe(1, 2)).map(|_| (dice.below(80), dice.between(1, 60))).collect();
        let order = dice.pick(&[Order::Any, Order::Any, Order::Priority, Order::Turns]);
        let jitter = dice.percent(25);
        let stop_step = if dice.percent(40) { Some(first + dice.below(8 * messages + 20)) } else { None };
        let mut dice = Dice::of(seed, AROUND, 0);
        Self {
            seed,
            hooks: Hooks::random(&mut dice, ending.deadline().is_some()),
            pushes: (0..dice.maybe(1, 4)).map(|_| Push::random(&mut dice)).collect(),
            limits: (0..dice.maybe(1, 3)).map(|_| LimitChange::random(&mut dice)).collect(),
            looks: (0..dice.below(4)).map(|_| dice.below(200)).collect(),
            skips: Vec::new(),
            shape,
            sources,
            callbacks,
            acknowledgers,
            kills,
            pauses,
            ending,
            stop_step,
            order,
            jitter,
        }
    }

    /// How many messages there are to emit.
    pub fn messages(&self) -> u64 {
        self.sources.iter().map(|source| source.messages).sum()
    }
}

/// Few kills of any stages, or a burst of one kind's, which is more than supervisors allow.
fn kills(dice: &mut Dice, stages: &[Vec<String>], first: u64, messages: u64) -> Vec<(u64, String)> {
    let kinds = stages.len() as u64;
    let burst = dice.percent(15).then(|| dice.below(kinds));
    let (n, window) = if burst.is_some() { (dice.between(4, 12), 80) } else { (dice.maybe(1, 2), 8 * messages + 20) };
    let kills = (0..n).map(|_| {
        let of_kind = &stages[burst.unwrap_or_else(|| dice.below(kinds)) as usize];
        (first + dice.below(window), of_kind[dice.below(of_kind.len() as u64) as usize].clone())
    });
    let mut kills: Vec<(u64, String)> = kills.collect();
    kills.sort();
    kills
}
