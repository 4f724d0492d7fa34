//! Broadway's own test suite, and in `stages` GenStage's, in our words: each test carries the number of its row. `cargo xtask conformance` counts them,
//! and checks that `docs/semantics.md` explains every row that has none.

mod acknowledging;
mod acknowledging_early;
mod batch_keys;
mod crashing;
mod draining;
mod failing;
mod failing_batches;
mod introspection;
mod names;
mod observing;
mod options;
mod partitioning;
mod preparing;
mod processing;
mod producers;
mod pushing;
mod rate_limiting;
mod restarting;
mod routing;
mod splitters;
mod stages;
mod starting;
mod transforming;
mod without_batchers;
