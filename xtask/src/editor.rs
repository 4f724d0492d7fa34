//! Asks rust-analyzer about the attribute: the test does it, and writes the transcript into `docs/editor.md`.

use crate::command::{self, cargo};

pub(crate) fn run() -> Result<(), String> {
    command::run(cargo(&["test", "-p", "ui-tests", "--test", "editor", "--", "--nocapture"]).env("BLESS", "1"))
}
