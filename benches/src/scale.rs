//! More of something, and what it does to the throughput.

mod many_batchers;

use broadway_benches::{
    effort::{Effort, Turn},
    hand_written,
    ours::{self, NO_BATCHER, Shape},
    row::Row,
    sample::Sample,
    table::Table,
    targets,
};

use crate::{
    bench::Bench,
    plot::{Axes, Log, Series},
};

const PROCESSORS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
/// Up to so many are judged.
const JUDGED: u64 = 200;
const BATCHERS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    vec![processors(bench), batchers(bench), two_batchers(bench)]
}

fn processors(bench: &Bench) -> Table {
    let about = "No batcher, one producer, default demand, handlers that do nothing. The fall is the deepest from any number to a \
                 greater one, up to 200.";
    let mut table = Table::new("Number of processors", about, ["processors", "M/s", "least to most"]);
    let turn = |processors| {
        Bench::rate(&bench.two, bench.effort.messages, move |n| ours::run(n, Shape { processors, ..NO_BATCHER }))
    };
    let rates = sweep(&mut table, bench.effort, &PROCESSORS, turn);
    let judged = &rates[..PROCESSORS.iter().filter(|processors| **processors <= JUDGED).count()];
    let row = Row::new("deepest fall from 1 to 200").cell(format_args!("{:.1} %", deepest_fall(judged))).cell("");
    table.push(row.target(&targets::PROCESSORS, deepest_fall(judged)));

    let points = PROCESSORS.iter().zip(&rates).map(|(processors, rate)| (*processors as f64, *rate)).collect();
    let axes = Axes { title: "Throughput by number of processors", x: "processors", y: "M/s", log: Log::X };
    bench.plots.lines("processors.svg", &axes, &[Series { name: "no batcher", points }]);
    table.plot("processors.svg");
    table
}

fn batchers(bench: &Bench) -> Table {
    let about = "4 producers, 20 processors, batches of 10, two batch processors for each batcher; messages go to all batchers in turn.";
    let mut table = Table::new("Number of batchers", about, ["batchers", "M/s", "least to most"]);
    sweep(&mut table, bench.effort, &BATCHERS, |batchers| {
        Bench::rate(&bench.two, bench.effort.messages, move |n| many_batchers::run(n, batchers, 10, 10))
    });
    table
}

fn two_batchers(bench: &Bench) -> Table {
    let about = "Odd and even numbers to a batcher each, beside `mpsc` channels of chunks that do the same.";
    let mut table = Table::new("Two batchers", about, Table::SIDE_BY_SIDE);
    let (n, two) = (bench.effort.messages, &bench.two);
    for (what, max_demand, batch_size) in [("seed sizes", 10, 10), ("tuned 1000/100", 1000, 100)] {
        let ours = Bench::rate(two, n, move |n| many_batchers::run(n, 2, max_demand, batch_size));
        let theirs = Bench::rate(two, n, move |n| {
            hand_written::chunks_to_batchers(n, 20, max_demand / 2, Some(batch_size as usize), 2)
        });
        let values = bench.effort.in_turns(&[ours, theirs]);
        table.push(Row::side_by_side(format!("odd and even / `mpsc` of chunks, {what}"), &values[0], &values[1]));
    }
    table
}

/// A row for each number; their medians.
pub(crate) fn sweep<'a>(
    table: &mut Table,
    effort: Effort,
    numbers: &[u64],
    turn: impl Fn(u64) -> Turn<'a>,
) -> Vec<f64> {
    let turns: Vec<_> = numbers.iter().map(|number| turn(*number)).collect();
    let rates = effort.in_turns(&turns).into_iter().map(Sample::new);
    let rows = numbers.iter().zip(rates).map(|(number, rate)| {
        table.push(Row::new(grouped(*number)).cell(format_args!("{rate:.2}")).cell(rate.spread(2)));
        rate.median()
    });
    rows.collect()
}

/// In per cent.
fn deepest_fall(rates: &[f64]) -> f64 {
    let mut highest: f64 = 0.0;
    rates.iter().fold(0.0, |deepest: f64, rate| {
        highest = highest.max(*rate);
        deepest.max((1.0 - rate / highest) * 100.0)
    })
}

/// `1,000,000`
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_fall_is_from_any_rate_to_a_later_one() {
        assert_eq!(deepest_fall(&[1.0, 4.0, 3.0, 5.0, 4.5]), 25.0);
        assert_eq!(deepest_fall(&[1.0, 2.0]), 0.0);
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!([1, 1000, 1_000_000].map(grouped), ["1", "1,000", "1,000,000"]);
    }
}
