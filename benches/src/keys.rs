//! Batch keys: how many batches fill at the same time.

pub(crate) mod keyed;

use std::time::Duration;

use broadway_benches::{effort::Effort, row::Row, sample::Sample, table::Table, targets};

use crate::{
    bench::Bench,
    plot::{Axes, Log, Series},
    scale::{grouped, sweep},
};

const KEYS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
const MANY: u64 = 100_000;
/// Messages a second.
const OFFERED: u64 = 1_000_000;

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    vec![at_full_speed(bench), offered(bench)]
}

fn at_full_speed(bench: &Bench) -> Table {
    let about = "The seed deck, where each message has one of so many batch keys, without a pattern. With more keys than \
                 `max_pending` (1,000) batches leave before they are full: the sink gets smaller ones.";
    let mut table = Table::new("Number of batch keys", about, ["keys", "M/s", "least to most"]);
    // Far below the seed deck's rate there is no need for as many messages.
    let effort = Effort { messages: bench.effort.messages / 10, rounds: bench.effort.rounds.div_ceil(2) };
    let rates =
        sweep(&mut table, effort, &KEYS, |keys| Bench::rate(&bench.two, effort.messages, move |n| keyed::run(n, keys)));
    let points = KEYS.iter().zip(&rates).map(|(keys, rate)| (*keys as f64, *rate)).collect();
    let axes = Axes { title: "Throughput by number of batch keys", x: "batch keys", y: "M/s", log: Log::X };
    bench.plots.lines("keys.svg", &axes, &[Series { name: "seed deck", points }]);
    table.plot("keys.svg");
    table
}

fn offered(bench: &Bench) -> Table {
    let about = "The same, where the source has a message for every microsecond that has passed, whether it was asked or not. What \
                 waits in the batcher is looked at every millisecond.";
    let heads = ["keys, 1 M/s offered", "M/s", "most that waits, of `max_pending`"];
    let mut table = Table::new("100,000 batch keys", about, heads);
    let time = Duration::from_secs_f64(bench.effort.messages as f64 / 1e6);
    let (mut rates, mut waited) = ([Vec::new(), Vec::new()], [0.0f64, 0.0]);
    for _ in 0..bench.effort.rounds.div_ceil(2) {
        for (at, keys) in [1, MANY].into_iter().enumerate() {
            let seen = keyed::run_offered(bench, keys, OFFERED, time);
            rates[at].push(seen.rate);
            waited[at] = waited[at].max(seen.waited);
        }
    }
    for (at, keys) in [1, MANY].into_iter().enumerate() {
        let rate = Sample::new(rates[at].clone());
        let row = Row::new(grouped(keys)).cell(format_args!("{rate:.3} ({})", rate.spread(3)));
        let row = row.cell(format_args!("{:.0} %", waited[at]));
        table.push(if keys == MANY { row.target(&targets::KEYS_PENDING, waited[at]) } else { row });
    }
    let ratio = Sample::ratio(&rates[1], &rates[0]);
    let row = Row::new("100,000 keys / one key").cell(format_args!("{ratio:.2} x ({})", ratio.spread(2))).cell("");
    table.push(row.target(&targets::KEYS_RATE, ratio.median()));
    table
}
