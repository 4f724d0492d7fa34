//! The progress bar, on standard error; hidden where that is no terminal.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::AbortHandle;

use crate::database::Database;

const TEMPLATE: &str = "{spinner} [{elapsed_precise}] {wide_bar} {human_pos} of {human_len} rows, {per_sec} {msg}";

/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);

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
            bar.set_style(style);
        }
        // The speed is that of this run.
        bar.reset_eta();
        let follow = tokio::spawn({
            let (bar, database) = (bar.clone(), database.clone());
            async move {
                loop {
                    bar.set_position(database.accounted());
                    bar.tick();
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
        self.bar.set_position(database.accounted());
        self.bar.abandon();
    }
}
