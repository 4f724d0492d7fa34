//! How long a message takes from the moment at which its source has it until it is acknowledged: alone, and under load.

mod idle;
mod offered;
mod timed;

use std::time::Duration;

use broadway_benches::{row::Row, sample::Sample, table::Table, targets};
use hdrhistogram::Histogram;

use crate::{
    bench::Bench,
    plot::{Axes, Log, Series},
};
use idle::{Rest, Through};

/// A pipeline whose latency is of interest.
const SHAPES: [(&str, Option<u64>); 2] = [("no batcher", None), ("batches of 10", Some(10))];
/// Shares of the saturation.
const LOADS: [f64; 3] = [0.1, 0.5, 0.9];

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    vec![alone(bench), under_load(bench)]
}

fn alone(bench: &Bench) -> Table {
    let about = "One message through a pipeline in which nothing else is under way, from the `send` into its channel to the \
                 acknowledger, 20 processors; the next one after a pause of 1 ms, in which the thread and its core go to sleep, or as \
                 soon as all tasks have come to rest. Beside it plain tasks with an `mpsc` channel before each, the last of which \
                 acknowledges: what tokio and the machine take.";
    let mut table = Table::new("Latency of one message", about, ["through", "p50, µs", "p99, µs", "p99.9, µs"]);
    let ways = [
        ("no batcher", Through::Pipeline { batch_size: None }),
        ("a plain task", Through::Tasks(1)),
        ("two plain tasks", Through::Tasks(2)),
        ("a batcher of size 1", Through::Pipeline { batch_size: Some(1) }),
        ("four plain tasks", Through::Tasks(4)),
    ];
    for (threads, on) in [("2 threads", &bench.two), ("1 thread", &bench.one)] {
        for (rest, messages, pause) in [
            (Rest::Asleep, bench.effort.messages / 1000, "after 1 ms"),
            (Rest::Awake, bench.effort.messages / 20, "at once"),
        ] {
            for (what, through) in ways {
                let latency = idle::measure(on, messages, through, rest);
                let row = Row::new(format!("{what}, {threads}, {pause}"));
                let row = [0.5, 0.99, 0.999]
                    .iter()
                    .fold(row, |row, share| row.cell(format_args!("{:.1}", micros(&latency, *share))));
                let is_judged = (what, threads, pause) == ("no batcher", "2 threads", "after 1 ms");
                table.push(if is_judged { row.target(&targets::IDLE_LATENCY, micros(&latency, 0.5)) } else { row });
            }
        }
    }
    table
}

fn under_load(bench: &Bench) -> Table {
    let about = "Messages come at even intervals, whether the pipeline asks for them or not, and each is timed from the moment at which \
                 it was due: what has to wait because others are slow counts. One runtime thread and 20 processors; the clock that \
                 says what is due has the other core. The saturation is what the same pipeline takes when all is due at once. Late \
                 is how late the clock itself was.";
    let heads = ["pipeline", "offered, M/s", "p50, µs", "p99, µs", "p99.9, µs", "late, p99, µs"];
    let mut table = Table::new("Latency under load", about, heads);
    let length = Duration::from_secs_f64(bench.effort.messages as f64 / 1e6);
    let mut series = Vec::new();
    for (what, batch_size) in SHAPES {
        let rates =
            (0..bench.effort.rounds).map(|_| offered::saturation(&bench.one, bench.effort.messages, batch_size));
        let saturation = Sample::new(rates.collect()).median();
        let (mut middle, mut high) = (Vec::new(), Vec::new());
        for load in LOADS {
            let rate = saturation * load;
            let seen = offered::measure(&bench.one, rate, length, batch_size);
            let row = Row::new(format!("{what}, {:.0} % of saturation", load * 100.0))
                .cell(format_args!("{:.2}", rate / 1e6));
            let shares = [0.5, 0.99, 0.999];
            let row =
                shares.iter().fold(row, |row, share| row.cell(format_args!("{:.1}", micros(&seen.latency, *share))));
            table.push(row.cell(format_args!("{:.1}", micros(&seen.late, 0.99))));
            middle.push((load * 100.0, micros(&seen.latency, 0.5)));
            high.push((load * 100.0, micros(&seen.latency, 0.99)));
        }
        series.push((format!("{what}, p50"), middle));
        series.push((format!("{what}, p99"), high));
    }
    let series: Vec<_> = series.iter().map(|(name, points)| Series { name, points: points.clone() }).collect();
    let axes = Axes { title: "Latency by load", x: "% of saturation", y: "µs", log: Log::Y };
    bench.plots.lines("latency.svg", &axes, &series);
    table.plot("latency.svg");
    table
}

fn micros(nanoseconds: &Histogram<u64>, share: f64) -> f64 {
    nanoseconds.value_at_quantile(share) as f64 / 1e3
}
