//! `on_start`, `on_drained` and `on_stop`: each is called once, in its place, and what goes wrong in it harms nothing.

use broadway::{Report, Result};

use super::{Book, Dice};

/// What each hook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hooks {
    /// `on_start`, which never hangs.
    pub start: Does,
    /// `on_drained`.
    pub drained: Does,
    /// `on_stop`.
    pub stop: Does,
}

/// What a hook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Does {
    /// It returns.
    #[default]
    Well,
    /// It fails.
    Fails,
    /// It panics.
    Panics,
    /// It never returns.
    Hangs,
}

impl Hooks {
    /// Where there is a deadline, some hang.
    pub(super) fn random(dice: &mut Dice, deadline: bool) -> Self {
        let mut does = |percent| match dice.rarely(percent, 1, if deadline { 3 } else { 2 }) {
            0 => Does::Well,
            1 => Does::Fails,
            2 => Does::Panics,
            _ => Does::Hangs,
        };
        let (drained, stop, start) = (does(15), does(15), does(3));
        Self { start: if start == Does::Hangs { Does::Panics } else { start }, drained, stop }
    }

    /// How many lines of the report are about hooks, if none was cut.
    pub(super) fn errors(&self) -> usize {
        [self.drained, self.stop].iter().filter(|does| **does != Does::Well).count()
    }
}

impl Does {
    async fn this(self, book: &Book, hook: &'static str) -> Result<()> {
        book.note("hook", 0, hook);
        let called = {
            let mut entries = book.open();
            let called = entries.hooks.entry(hook).or_default();
            *called += 1;
            *called
        };
        book.open().check(called == 1, || format!("`{hook}` is called again"));
        if self != Self::Well {
            book.open().tally.fault(match hook {
                "on_start" => "on_start",
                "on_drained" => "on_drained",
                _ => "on_stop",
            });
        }
        match self {
            Self::Well => Ok(()),
            Self::Fails => Err("told to fail".into()),
            Self::Panics => panic!("told to panic"),
            Self::Hangs => std::future::pending().await,
        }
    }
}

pub(super) async fn start(book: &Book) -> Result<()> {
    let does = {
        let mut entries = book.open();
        let asks: u64 = entries.sources.iter().map(|source| source.asks).sum();
        entries.check(asks == 0, || "a producer is asked before `on_start`".into());
        entries.scenario.hooks.start
    };
    does.this(book, "on_start").await
}

pub(super) async fn drained(book: &Book, report: &Report) -> Result<()> {
    let does = {
        let mut entries = book.open();
        let at_work = entries.handling + entries.batching.values().sum::<u64>();
        entries.check(at_work == 0, || format!("`on_drained` is called while {at_work} callbacks are at work"));
        entries
            .check(report.hook_errors.is_empty(), || format!("a report has errors of hooks before them: {report:?}"));
        entries.scenario.hooks.drained
    };
    // The rooms of all stages are gone.
    let waiting = book.pipeline().as_ref().map(broadway::Handle::waiting).unwrap_or_default();
    book.open().check(waiting.iter().all(|waiting| *waiting == 0), || {
        format!("bounded: {waiting:?} places of the waiting rooms are taken, and nothing waits")
    });
    does.this(book, "on_drained").await
}

pub(super) async fn stop(book: &Book) -> Result<()> {
    let does = book.open().scenario.hooks.stop;
    does.this(book, "on_stop").await
}
