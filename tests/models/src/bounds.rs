//! How far the model checker goes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::Model;

/// How large models are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Seconds for all models together.
    Small,
    /// Minutes, in a release build.
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

/// Runs a model in every order and gives how many there were. Panics at the first order in which something is wrong; a
/// thread that waits for ever is a deadlock there.
pub fn explore(model: &'static Model, size: Size) -> u64 {
    let orders = Arc::new(AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(model.preemptions + usize::from(size == Size::Deep));
    builder.max_branches = 20_000;
    let counted = orders.clone();
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        (model.run)(size);
    });
    orders.load(Ordering::Relaxed)
}
