//! The README's example is compiled and run as it stands there, and its diagram is what the example's topology prints.

use broadway_tests::{markdown, within_real};

include!("readme/example.rs");

#[test]
fn the_example_is_the_one_that_is_compiled_here() {
    let written = markdown::blocks(&markdown::read("README.md"), "rust,no_run");
    assert_eq!(written, [include_str!("readme/example.rs")]);
}

#[tokio::test]
async fn the_diagram_is_what_the_example_prints() {
    let folder = tempfile::tempdir().unwrap();
    let queue = SqliteQueue::open(folder.path().join("orders.queue")).await.unwrap();
    let printed = Orders { queue }.topology().diagram().to_string();
    assert_eq!(markdown::blocks(&markdown::read("README.md"), "text"), [printed]);
}

#[tokio::test]
async fn the_example_does_what_it_says() {
    within_real(async {
        let folder = tempfile::tempdir().unwrap();
        let queue = SqliteQueue::open(folder.path().join("orders.queue")).await.unwrap();
        for order in ["42", "no number", "8"] {
            queue.send(order).await.unwrap();
        }
        let pipeline = Orders { queue: queue.clone() }.start_link().await.unwrap();
        pipeline.wait_until(|stats| stats.emitted == 3).await;
        let report = pipeline.stop().await.unwrap();
        assert_eq!((report.acknowledged, report.failed, report.batches), (2, 1, 1), "{report}");
        let depth = queue.depth().await.unwrap();
        assert_eq!((depth.ready, depth.leased), (0, 1), "the failed one is delivered again when its lease ends");
    })
    .await;
}
