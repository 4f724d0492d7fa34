//! Callbacks around a pipeline's life: with a `Result`, with nothing, and under a `#[cfg]`; names that only sound like them.
#![deny(warnings)]
use std::sync::atomic::{AtomicUsize, Ordering};

use ui_tests::prelude::*;

type Summary = Report;

#[derive(Default)]
struct Orders(AtomicUsize);

#[broadway(
    producers(default(module = Numbers)),
    processors(default(stages = 1)),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage<u64>) {}

    async fn on_start(&self) -> Result<()> {
        self.step(0);
        Ok(())
    }

    async fn on_drained(&self, report: &Summary) -> std::result::Result<(), String> {
        self.step(1);
        if report.emitted == 0 { Err("nothing came".into()) } else { Ok(()) }
    }

    #[cfg(all())]
    async fn on_stop(&self) {
        self.step(2);
    }

    #[cfg(any())]
    async fn on_stop(&self) -> Result<()> {
        unreachable!()
    }

    fn step(&self, expected: usize) {
        assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), expected);
    }

    #[allow(dead_code)]
    async fn on_shutdown(&self) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let report = Orders::default().start_link().await.unwrap().wait().await.unwrap();
    assert_eq!(report.hook_errors, ["`on_drained` failed: nothing came"]);
}
