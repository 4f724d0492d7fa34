//! What the benches are made of: the pipelines that are measured, ours and those that others would write, and the words in
//! which a result is said. The programs that measure are `main.rs`, and the bench crates beside this one.
//!
//! - [`effort`], [`threads`]: how long, in whose turns and on how many threads is measured
//! - [`sample`], [`target`], [`targets`], [`row`], [`table`]: what it came to
//! - [`ours`], [`hand_written`], [`events`]: the shapes that are compared

pub mod effort;
pub mod events;
pub mod hand_written;
pub mod row;
pub mod sample;
pub mod table;
pub mod target;
pub mod targets;
pub mod threads;

pub use whole::ours;

/// The pipelines on the runtime as it is.
#[path = "."]
mod whole {
    use broadway as runtime;
    #[path = "ours.rs"]
    pub mod ours;
}

/// The same on a runtime without telemetry.
#[expect(clippy::duplicate_mod, reason = "the same file on another runtime")]
#[path = "."]
pub mod bare {
    use broadway_without_telemetry as runtime;
    #[path = "ours.rs"]
    pub mod ours;
}
