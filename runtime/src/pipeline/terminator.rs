//! Serves the release lane, and ends the tree: when the last layer has ended it stays until everything that was emitted is
//! settled.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Shared, settler::Settler};
use crate::telemetry::Probe;

pub(crate) struct Terminator {
    shared: Arc<Shared>,
    settler: Settler,
    /// Whether the last layer has ended, and `on_drained` after it.
    worked: watch::Receiver<bool>,
}

impl Terminator {
    pub(crate) fn new(shared: Arc<Shared>, probe: Arc<Probe>, worked: watch::Receiver<bool>) -> Self {
        let settler = Settler::new(shared.clone(), probe);
        Self { shared, settler, worked }
    }

    /// Runs until the last layer has ended and nothing is in flight. Cancel-safe: what it holds goes back to the lane.
    pub(crate) async fn run(mut self) {
        loop {
            let worked = *self.worked.borrow_and_update();
            for unsettled in self.shared.lane.take() {
                self.settler.add(unsettled);
            }
            self.settler.deliver().await;
            if worked && self.shared.in_flight() == 0 {
                return;
            }
            tokio::select! {
                biased;
                () = self.shared.lane.posted() => {}
                changed = self.worked.changed(), if !worked => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
