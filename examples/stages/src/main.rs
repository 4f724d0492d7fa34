//! `cargo run -p stages -- counter`: five seconds of 500 events each. `cargo run -p stages -- fan-out`: three seconds of
//! orders for two consumers.

use std::process::ExitCode;

use broadway::Result;
use stages::{counter, fan_out};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> ExitCode {
    let graph = std::env::args().nth(1);
    let (lines, mut told) = mpsc::unbounded_channel();
    let printing = tokio::spawn(async move {
        while let Some(line) = told.recv().await {
            println!("{line}");
        }
    });
    let ran: Result<()> = match graph.as_deref() {
        Some("counter") => counter::run(2_500, lines).await,
        Some("fan-out") => fan_out::run(60, lines).await,
        _ => {
            drop(lines);
            Err("usage: stages counter|fan-out".into())
        }
    };
    let printed = printing.await;
    match ran.and(printed.map_err(Into::into)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
