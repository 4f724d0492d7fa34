//! Counts instructions and allocations a message, the same on any machine: valgrind at two lengths, so that start and end
//! do not count. What rises above the committed baseline is an error.

mod baseline;
mod valgrind;

use std::fmt;

use crate::command::{self, cargo};

/// The shapes of `benches/examples/counted.rs` that are judged.
const SHAPES: [&str; 6] = ["seed-deck", "no-batcher", "tuned", "partitioned", "two-stages", "three-stages"];

/// The partitioned shape without its partitions, and the hand-written pipelines of the seed deck's shape and of the stages': printed,
/// for comparison.
const REFERENCES: [&str; 4] = ["unpartitioned", "theirs", "two-tasks", "three-tasks"];

/// Enough for batches of 100 and demands of 20,000.
const LENGTHS: [u64; 2] = [40_000, 120_000];

/// A message.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Count {
    instructions: f64,
    allocations: f64,
}

impl Count {
    /// At most so many times the baseline's instructions.
    const RATIO: f64 = 1.03;

    /// At most so many allocations a message more.
    const MORE: f64 = 0.02;

    fn measure(shape: &str) -> Result<Self, String> {
        let slope = |count: fn(&str, u64) -> Result<u64, String>| {
            let [short, long] = LENGTHS;
            let (less, more) = (count(shape, short)?, count(shape, long)?);
            Ok::<f64, String>((more as f64 - less as f64) / (long - short) as f64)
        };
        Ok(Self { instructions: slope(valgrind::instructions)?, allocations: slope(valgrind::allocations)? })
    }

    fn ratio(self, baseline: Self) -> f64 {
        self.instructions / baseline.instructions
    }

    fn has_risen(self, baseline: Self) -> bool {
        self.ratio(baseline) > Self::RATIO || self.allocations - baseline.allocations > Self::MORE
    }
}

/// As in the baseline's file.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instructions {:.1} allocations {:.3}", self.instructions, self.allocations)
    }
}

/// Prints a line a shape; an error names those that have risen. `--write` makes what is counted the baseline.
pub(crate) fn run(write: bool) -> Result<(), String> {
    valgrind::require()?;
    command::run(&mut cargo(&["build", "--release", "--quiet", "-p", "broadway-benches", "--example", "counted"]))?;
    let mut counts = Vec::new();
    let mut risen = Vec::new();
    for shape in SHAPES {
        let count = Count::measure(shape)?;
        if write {
            println!("{shape:<13} {count}");
        } else {
            let baseline = baseline::read(shape)?;
            let ratio = count.ratio(baseline);
            println!("{shape:<13} {count} (baseline: {baseline}; instructions {ratio:.3} x)");
            if count.has_risen(baseline) {
                risen.push(shape);
            }
        }
        counts.push((shape, count));
    }
    for reference in REFERENCES {
        println!("{reference:<13} {} (not judged)", Count::measure(reference)?);
    }
    if write {
        return baseline::write(&counts);
    }
    if risen.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more than 3 % more instructions, or 0.02 more allocations a message, than {}: {}; if what it buys is worth it, \
         write `cargo xtask instructions --write`, and say in the commit what it buys",
        baseline::PATH,
        risen.join(", ")
    ))
}

/// The same; where valgrind is missing, it is installed first.
pub(crate) fn in_ci() -> Result<(), String> {
    valgrind::install()?;
    run(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_has_risen_above_three_percent_or_a_fiftieth_of_an_allocation() {
        let of = |instructions, allocations| Count { instructions, allocations };
        let baseline = of(1000.0, 0.25);
        for unchanged in [of(1029.0, 0.25), of(1000.0, 0.269), of(500.0, 0.0)] {
            assert!(!unchanged.has_risen(baseline), "{unchanged}");
        }
        for risen in [of(1031.0, 0.25), of(1000.0, 0.271), of(500.0, 1.25)] {
            assert!(risen.has_risen(baseline), "{risen}");
        }
    }
}
