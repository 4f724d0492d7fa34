//! What the graphs print, and how long they take.

use std::{future::Future, process::Command};

use broadway::Result;
use stages::{Lines, counter, fan_out};
use tokio::{sync::mpsc, time::Instant};

/// The lines of a graph, and the seconds that it took.
async fn lines<F: Future<Output = Result<()>>>(run: impl FnOnce(Lines) -> F) -> (Vec<String>, u64) {
    let (sender, mut lines) = mpsc::unbounded_channel();
    let begun = Instant::now();
    run(sender).await.unwrap();
    let took = begun.elapsed().as_secs();
    let mut all = Vec::new();
    while let Some(line) = lines.recv().await {
        all.push(line);
    }
    (all, took)
}

#[tokio::test(start_paused = true)]
async fn the_printer_sets_the_pace_of_the_counter_500_a_second() {
    let (lines, took) = lines(|lines| counter::run(2_500, lines)).await;
    assert_eq!(took, 5);
    let printed: Vec<_> = lines.iter().filter(|line| line.starts_with("printer")).map(String::as_str).collect();
    assert_eq!(
        printed,
        [
            "printer: 0 to 499",
            "printer: 500 to 999",
            "printer: 1000 to 1499",
            "printer: 1500 to 1999",
            "printer: 2000 to 2499"
        ]
    );
    // The next 500 are there before the printer wants them.
    assert_eq!(
        lines[..4],
        ["counter: asked for 1000", "printer: 0 to 499", "counter: asked for 500", "printer: 500 to 999"]
    );
    assert_eq!(lines.last().unwrap(), "finished: 2500 events");
}

#[tokio::test(start_paused = true)]
async fn the_fan_out_bills_all_at_20_a_second_and_watches_the_large_ones() {
    let (lines, took) = lines(|lines| fan_out::run(60, lines)).await;
    assert_eq!(took, 3);
    let billed: Vec<_> = lines.iter().filter(|line| line.starts_with("billing")).map(String::as_str).collect();
    assert_eq!(
        billed,
        ["billing: 20 orders, 1100 in all", "billing: 20 orders, 2200 in all", "billing: 20 orders, 3300 in all"]
    );
    let watched: Vec<_> = lines.iter().filter(|line| line.starts_with("watch")).cloned().collect();
    let large = (0..60).filter(|number| number % 10 >= 8);
    let large = large.map(|number| format!("watch: order {number} of {}", number % 10 * 10 + 10));
    assert_eq!(watched, large.collect::<Vec<_>>());
    assert_eq!(lines.last().unwrap(), "60 billed, 12 of them large");
}

#[test]
fn the_program_says_what_it_takes() {
    let output = Command::new(env!("CARGO_BIN_EXE_stages")).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "usage: stages counter|fan-out\n");
}
