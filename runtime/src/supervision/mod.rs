//! Starts a supervision tree, watches it, and restarts what its strategies say, within its intensities.

#[cfg(feature = "testing")]
mod faults;
mod intensity;
mod kill;
mod strategy;
mod supervisor;

#[cfg(feature = "testing")]
pub(crate) use faults::Faults;
pub(crate) use intensity::Restarts;
pub(crate) use kill::Kill;
pub(crate) use supervisor::{Ending, Staff, supervise};

#[cfg(test)]
mod tests;
