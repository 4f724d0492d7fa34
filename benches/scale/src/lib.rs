//! The simulation of `cargo xtask scale`: what a pipeline's edge does on any number of cores, from costs that were measured.

pub mod model;
