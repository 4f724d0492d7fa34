//! Starts a supervision tree, watches it, and restarts what its strategies say, within its intensities.

mod intensity;
mod kill;
mod strategy;
mod supervisor;

pub(crate) use kill::Kill;
pub(crate) use supervisor::{GaveUp, Staff, supervise};

#[cfg(test)]
mod tests;
