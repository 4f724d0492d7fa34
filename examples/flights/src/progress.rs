//! The progress bar, on standard error; hidden where that is no terminal.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use tokio::task::AbortHandle;

use crate::database::Database;

const TEMPLATE: &str =
    "{spinner} [{elapsed_precise}] {wide_bar} {human_pos} of {human_len} rows, {speed} a second{msg}";

/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);

/// Without a row for this long, the bar says what it waits for.
const IDLE: Duration = Duration::from_secs(1);

/// Follows what is written to the database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    follow: Arc<AbortHandle>,
}

impl Progress {
    /// Begins to draw; needs a tokio runtime.
    pub(crate) fn new(rows: u64, database: &Database) -> Self {
        let bar = ProgressBar::new(rows).with_position(database.accounted());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            // The speed of this run: what earlier ones did is not counted.
            let before = database.accounted();
            let speed = move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let rows = state.pos().saturating_sub(before) as f64;
                let _ = write!(out, "{:.0}", rows / state.elapsed().as_secs_f64().max(0.001));
            };
            bar.set_style(style.with_key("speed", speed));
        }
        let follow = tokio::spawn({
            let (bar, database) = (bar.clone(), database.clone());
            async move {
                let mut changed = Instant::now();
                loop {
                    let accounted = database.accounted();
                    if bar.position() != accounted {
                        changed = Instant::now();
                    }
                    // A killed run may hold the last rows: they come back when its leases end.
                    bar.set_message(if changed.elapsed() > IDLE { ", waiting for the queue" } else { "" });
                    bar.set_position(accounted);
                    tokio::time::sleep(TICK).await;
                }
            }
        });
        Self { bar, follow: Arc::new(follow.abort_handle()) }
    }

    /// Prints a line above the bar.
    pub(crate) fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Draws the bar for the last time.
    pub(crate) fn finish(&self, database: &Database) {
        self.follow.abort();
        self.bar.set_message("");
        self.bar.set_position(database.accounted());
        self.bar.abandon();
        if !self.bar.is_hidden() {
            // The cursor stays behind the bar.
            eprintln!();
        }
    }
}
