//! What every measurement needs.

use std::{future::Future, path::PathBuf};

use broadway_benches::{
    effort::{Effort, Turn},
    threads,
};
use tokio::runtime::Runtime;

use crate::plot::Plots;

/// How long is measured, on which runtimes, and where pictures go.
pub(crate) struct Bench {
    pub(crate) effort: Effort,
    pub(crate) plots: Plots,
    /// A runtime of one thread.
    pub(crate) one: Runtime,
    /// A runtime of two threads, as many as the machine of `docs/performance.md` has cores.
    pub(crate) two: Runtime,
}

impl Bench {
    pub(crate) fn new(effort: Effort, plots: PathBuf) -> Self {
        Self { effort, plots: Plots(plots), one: threads::runtime(1), two: threads::runtime(2) }
    }

    /// Runs a pipeline of so many messages; millions a second.
    pub(crate) fn rate<'a, F>(on: &'a Runtime, messages: u64, pipeline: impl Fn(u64) -> F + 'a) -> Turn<'a>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Box::new(move || threads::rate(on, messages, pipeline(messages)))
    }
}
