//! Handlers that take time: how much of what is possible is reached.

pub(crate) mod computing;
mod idling;
mod waiting;

use broadway_benches::{effort::Effort, row::Row, sample::Sample, table::Table, targets};

use crate::bench::Bench;

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    let about = "20 processors and no batcher. The ideal of a handler that awaits 1 ms is 20 plain tasks that await the same as \
                 often, so the timer's own resolution is in both; that of one that computes is as many plain threads as there \
                 are cores.";
    let mut table = Table::new("Efficiency", about, ["handler", "ours", "ideal", "share (least to most)"]);
    let effort = Effort { rounds: bench.effort.rounds / 2, ..bench.effort };

    let values = effort.in_turns(&[
        Box::new(|| waiting::ours(bench, effort.messages / 200)),
        Box::new(|| waiting::ideal(bench, effort.messages / 200)),
    ]);
    let (awaiting, share) = row("awaits 1 ms, messages a second", &values);
    table.push(awaiting.target(&targets::AWAITING, share));

    for micros in [10.0, 2.0, 0.5] {
        let n = (effort.messages as f64 / (micros * 5.0)) as u64;
        let (_, expected) = computing::ideal(n, micros);
        let checked = |(rate, sum)| {
            assert_eq!(sum, expected, "every message is computed once");
            rate
        };
        let values = effort.in_turns(&[
            Box::new(|| checked(computing::ours(bench, n, micros))),
            Box::new(|| checked(computing::ideal(n, micros))),
        ]);
        table.push(row(&format!("computes for some {micros} µs, messages a second on 2 cores"), &values).0);
    }

    let mut times: Vec<f64> = (0..=bench.effort.rounds).map(|_| idling::ten_at_twenty(bench)).collect();
    times.remove(0);
    let time = Sample::new(times);
    let row = Row::new("ten messages at twenty idle processors, 10 ms each");
    let row = row.cell(format_args!("{time:.2} ms")).cell("10 ms").cell(time.spread(2) + " ms");
    table.push(row.target(&targets::TEN_AT_TWENTY, time.median()));
    vec![table]
}

/// The row, and the share in per cent.
fn row(what: &str, values: &[Vec<f64>]) -> (Row, f64) {
    let shares = values[0].iter().zip(&values[1]).map(|(ours, ideal)| ours / ideal * 100.0);
    let share = Sample::new(shares.collect());
    let rate = |at: usize| format!("{:.0}", Sample::new(values[at].clone()));
    let row = Row::new(what).cell(rate(0)).cell(rate(1));
    (row.cell(format_args!("{share:.1} % ({})", share.spread(1))), share.median())
}
