//! How much memory a pipeline takes, in a process of its own: what others have left behind would count otherwise.

use std::{
    env, fs,
    process::{Command, Stdio},
    time::Duration,
};

use broadway::{prelude::*, stage::from_iter};
use broadway_benches::{row::Row, sample::Sample, table::Table, targets, threads};
use tokio::time::sleep;

use crate::bench::Bench;

const PAYLOAD: usize = 100;

struct Memory;

#[broadway(
    vis = pub(crate),
    producers(default(module = from_iter((0u64..).map(|n| vec![n as u8; PAYLOAD])), stages = 4)),
    processors(default(stages = 20)),
    batchers(default(batch_size = 10, batch_timeout = 1500, stages = 2)),
)]
impl Memory {
    async fn handle_message(&self, _message: &mut MemoryMessage<Vec<u8>>) {}

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        std::hint::black_box(batch.messages());
    }
}

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    let about = "Resident memory, the program included: the most that the kernel saw of a process that runs the seed deck at full speed \
                 with payloads of 100 bytes, beside the same process before the pipeline starts.";
    let mut table = Table::new("Memory", about, ["what", "MB", "least to most"]);
    let seconds = bench.effort.messages as f64 / 1e6;
    let seen: Vec<_> = (0..3).map(|_| child(seconds)).collect();
    let figures = |at: usize| Sample::new(seen.iter().map(|seen| seen[at]).collect());
    let row = |what: &str, sample: &Sample| Row::new(what).cell(format_args!("{sample:.1}")).cell(sample.spread(1));
    table.push(row("before the start", &figures(0)));
    table.push(row("at full speed", &figures(1)).target(&targets::MEMORY, figures(1).median()));
    vec![table]
}

/// Megabytes before the start, and at most.
fn child(seconds: f64) -> [f64; 2] {
    let program = env::current_exe().expect("the program has a path");
    let output = Command::new(program).args(["--memory", &seconds.to_string()]).stderr(Stdio::inherit()).output();
    let output = output.expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    figures.try_into().unwrap_or_else(|_| panic!("two figures are expected, not `{said}`"))
}

/// What the child does: prints both figures.
pub(crate) fn run(seconds: f64) {
    let runtime = threads::runtime(2);
    let before = resident("VmRSS:");
    threads::block_on(&runtime, async move {
        let pipeline = Memory.start_link().await.expect("the pipeline starts");
        sleep(Duration::from_secs_f64(seconds)).await;
        let report = pipeline.stop().await.expect("the pipeline ends");
        assert!(report.acknowledged > 0, "{report}");
    });
    println!("{before} {}", resident("VmHWM:"));
}

/// In megabytes.
fn resident(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says what is resident");
    let kib = status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.expect("the field is there") * 1024.0 / 1e6
}
