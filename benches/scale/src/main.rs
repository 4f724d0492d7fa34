//! What the edge between two layers would do on more cores than this machine has: costs that were measured here, put into a
//! simulation, which is held against whole pipelines on one thread and on two before it is asked about more.

#[expect(dead_code, unused_imports, reason = "a part of it is measured")]
#[path = "../../../runtime/src/stage/edge/mod.rs"]
mod edge;
mod measure;
#[expect(dead_code, unreachable_pub, reason = "one shape is measured")]
#[path = "../../src/ours.rs"]
mod ours;
mod report;
mod sync {
    //! What the edge locks with. Nothing here waits, so no turn has to end.
    pub(crate) use std::sync::{Mutex, MutexGuard};

    pub(crate) fn end_turn(_cx: &mut std::task::Context<'_>) {}

    pub(crate) fn has_other_threads() -> bool {
        false
    }
}

use broadway as runtime;

fn main() {
    let costs = measure::costs();
    report::costs(&costs);
    report::check(&costs);
    report::cores(&costs);
}
