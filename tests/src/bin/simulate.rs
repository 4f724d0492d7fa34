//! What `cargo xtask simulate` runs: many seeds, or one with all that happens in it.

use std::process::ExitCode;

use broadway_tests::simulation::{Scenario, Sum, many, run, shrink, small};

const USAGE: &str = "usage: simulate --seeds N [--from M] | --seed N | --small [--reorder]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.replace('_', "").parse::<u64>().ok();
    match words.as_slice() {
        ["--seed", seed] => number(seed).map(one),
        ["--seeds", seeds] => number(seeds).map(|seeds| all(&many(0, seeds))),
        ["--small"] => Some(all(&small(1, false))),
        ["--small", "--reorder"] => Some(all(&small(1, true))),
        ["--seeds", seeds, "--from", from] | ["--from", from, "--seeds", seeds] => {
            number(seeds).zip(number(from)).map(|(seeds, from)| all(&many(from, seeds)))
        }
        _ => None,
    }
    .unwrap_or_else(|| {
        eprintln!("{USAGE}");
        ExitCode::FAILURE
    })
}

/// Prints what happens in one run; of one that fails, the smallest that fails in the same way.
fn one(seed: u64) -> ExitCode {
    let mut scenario = Scenario::of(seed);
    let failed = !run(&scenario, false).violations.is_empty();
    if failed {
        scenario = shrink(&scenario, |scenario| run(scenario, false));
    }
    println!("{scenario:#?}");
    let outcome = run(&scenario, true);
    outcome.lines.iter().for_each(|line| println!("{line}"));
    print!("{}", outcome.tally);
    println!("1 seed, {} violations", outcome.violations.len());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn all(sum: &Sum) -> ExitCode {
    sum.failures().iter().take(20).for_each(|line| println!("{line}"));
    print!("{}", sum.tally);
    println!("{}", sum.line());
    if sum.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
