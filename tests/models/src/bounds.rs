//! How far the model checker goes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::Model;

/// How large models are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Seconds for all models together.
    Small,
    /// Five minutes at most, in a release build.
    Deep,
}

impl Size {
    /// Messages in all.
    pub(crate) fn messages(self) -> u32 {
        match self {
            Self::Small => 2,
            Self::Deep => 3,
        }
    }
}

/// A deep model is left after this, so that all end within five minutes: there are more orders than anybody waits for.
const LONGEST: Duration = Duration::from_secs(15);

/// What was run of a model.
#[derive(Debug)]
pub struct Explored {
    /// Orders, each with all its steps.
    pub orders: u64,
    /// Whether there are no more; otherwise time was up.
    pub all: bool,
}

/// Runs a model in every order, a deep one in those for which there is time. Panics at the first order in which something
/// is wrong; a thread that waits for ever is a deadlock there.
pub fn explore(model: &'static Model, size: Size) -> Explored {
    let orders = Arc::new(AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(model.preemptions + usize::from(size == Size::Deep));
    builder.max_branches = 20_000;
    builder.max_duration = (size == Size::Deep).then_some(LONGEST);
    let counted = orders.clone();
    let begun = Instant::now();
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        (model.run)(size);
    });
    let all = size == Size::Small || begun.elapsed() < LONGEST;
    Explored { orders: orders.load(Ordering::Relaxed), all }
}
