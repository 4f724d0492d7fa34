//! Who drops `run_until_signal` hears no signals, and the process does not end by one either. The one test of this process,
//! which signals itself.
#![cfg(unix)]

use broadway::{Builder, EndReason, Status, testing::TestProducer};
use broadway_tests::{assert_settled, ms, within_real};
use futures::FutureExt;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

/// SIGTERM, to this process.
fn terminate() {
    let id = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
}

#[tokio::test]
async fn a_signal_after_the_listener_was_dropped_does_nothing_and_the_next_one_listens_again() {
    within_real(async {
        let source = TestProducer::<u64>::new();
        let pipeline =
            Builder::new("unheard", move |_| source.clone(), |_| async { Ok(()) }.boxed()).start_link().await.unwrap();
        assert!(timeout(ms(10), pipeline.run_until_signal()).await.is_err());

        // The process is still there after this one; the next has arrived when we hear it ourselves.
        terminate();
        let mut own = signal(SignalKind::terminate()).unwrap();
        terminate();
        own.recv().await.unwrap();
        assert!(pipeline.health().running);
        assert_eq!(pipeline.test_message(1u64).await.status, Status::Successful);

        let (report, ()) = tokio::join!(pipeline.run_until_signal(), async { terminate() });
        let report = report.unwrap();
        assert_settled(&report);
        assert_eq!((report.reason, report.acknowledged), (EndReason::Signalled, 1));
    })
    .await;
}
