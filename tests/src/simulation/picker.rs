//! Chooses who runs next, by the scenario's order, and kills stages when their time has come.

use std::collections::BTreeMap;

use broadway::{
    Handle,
    testing::{Choose, Step},
};

use super::{Book, Dice, Order, Scenario, Tally};

/// More steps are a run that goes round in circles.
const MOST_STEPS: u64 = 200_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Picker {
    book: Book,
    dice: Dice,
    order: Order,
    skips: Vec<(u64, usize)>,
    stop_step: Option<u64>,
    jitter: bool,
    kills: Vec<(u64, String)>,
    steps: u64,
    last: u32,
    priorities: BTreeMap<u32, u64>,
}

const ORDER: u64 = 51;

impl Picker {
    pub(super) fn new(scenario: &Scenario, book: &Book) -> Self {
        let mut kills = scenario.kills.clone();
        kills.sort_by(|a, b| b.cmp(a));
        Self {
            book: book.clone(),
            dice: Dice::of(scenario.seed, ORDER, 0),
            order: scenario.order,
            skips: scenario.skips.clone(),
            stop_step: scenario.stop_step,
            jitter: scenario.jitter,
            kills,
            steps: 0,
            last: 0,
            priorities: BTreeMap::new(),
        }
    }

    fn first(&mut self) -> Option<Step> {
        if self.kills.last().is_some_and(|(at, _)| *at <= self.steps)
            && let Some((_, stage)) = self.kills.pop()
        {
            let book = self.book.clone();
            return Some(Step::First(Box::pin(async move { kill(&book, book.pipeline().as_ref(), stage) })));
        }
        if self.stop_step.take_if(|step| *step <= self.steps).is_some() {
            let book = self.book.clone();
            return Some(Step::First(Box::pin(async move { book.stop_now() })));
        }
        if self.jitter && self.dice.percent(2) {
            self.book.open().spent += 1;
            return Some(Step::First(Box::pin(tokio::time::advance(crate::ms(1)))));
        }
        None
    }

    fn priority(&mut self, runnable: &[u32]) -> usize {
        if self.dice.percent(12) {
            return self.dice.below(runnable.len() as u64) as usize;
        }
        let (dice, priorities) = (&mut self.dice, &mut self.priorities);
        if dice.percent(3) {
            priorities.insert(dice.pick(runnable), dice.any());
        }
        let most =
            runnable.iter().enumerate().max_by_key(|(_, task)| *priorities.entry(**task).or_insert_with(|| dice.any()));
        most.map_or(0, |(place, _)| place)
    }
}

/// Has a stage or a supervisor crash at its next await.
fn kill(book: &Book, pipeline: Option<&Handle>, stage: String) {
    // One that has ended cannot be killed. The signal wakes the stage, which is a choice of its own.
    let Some(pipeline) =
        pipeline.filter(|pipeline| Tally::kind(&stage) == "supervisors" || pipeline.is_running(&stage))
    else {
        return;
    };
    pipeline.kill(&stage);
    book.note("kill", 0, &stage);
    let mut entries = book.open();
    entries.tally.kill(&stage);
    entries.kills.push(stage);
}

impl Choose for Picker {
    fn choose(&mut self, runnable: &[u32]) -> Step {
        self.steps += 1;
        assert!(self.steps < MOST_STEPS, "{MOST_STEPS} steps: it goes round in circles");
        if let Some(first) = self.first() {
            return first;
        }
        let place = match self.order {
            Order::Any => self.dice.below(runnable.len() as u64) as usize,
            Order::Turns => {
                let turn = runnable.iter().position(|task| *task > self.last).unwrap_or(0);
                let skip = self.skips.iter().find(|(step, _)| *step == self.steps).map_or(0, |(_, skip)| *skip);
                (turn + skip) % runnable.len()
            }
            Order::Priority => self.priority(runnable),
        };
        self.book.open().steps = self.steps;
        self.last = runnable[place];
        self.book.note("run", self.last.into(), "");
        Step::Run(place)
    }

    fn random(&mut self) -> u64 {
        self.dice.any()
    }
}
