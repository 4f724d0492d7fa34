//! What `cargo xtask instructions` counts, which does not depend on the machine: taken from its baseline, which CI holds the
//! code to.

use broadway_benches::{row::Row, table::Table, targets};

use crate::bench::Bench;

const BASELINE: &str = include_str!("../instructions.txt");

pub(crate) fn measure(_bench: &Bench) -> Vec<Table> {
    let about = "A message, on one thread: the baseline of `cargo xtask instructions`, above which a count may not rise by more \
                 than 3 %.";
    let mut table = Table::new("Instructions and allocations", about, ["shape", "instructions", "allocations"]);
    for line in BASELINE.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [shape, "instructions", instructions, "allocations", allocations] = words[..] else {
            panic!("`{line}` is no line of the baseline");
        };
        let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("`{word}` is no number"));
        let row = Row::new(shape).cell(instructions).cell(allocations);
        table.push(match shape {
            "seed-deck" => row.target(&targets::COUNTED, number(instructions)),
            "no-batcher" => row.target(&targets::ALLOCATIONS, number(allocations)),
            _ => row,
        });
    }
    vec![table]
}
