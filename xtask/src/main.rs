//! The doors of the house, the same for a person, a test and CI. Standard library only, so that it builds in a moment.

mod bench;
mod ci;
mod command;
mod conformance;
mod editor;
mod fuzz;
mod instructions;
mod macro_cost;
mod markdown;
mod models;
mod mutants;
mod scale;
mod servers;
mod simulate;
mod soak;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  bench [--quick] measure everything that has a target; without `--quick` writes docs/performance.md
  bench --connectors [--quick]
                  the same for the connectors beside their clients used by hand; SQS if its server answers
  ci              run what `.ci/run` runs
  conformance     count what is proven of Broadway's behaviour; fails if a row is missing
  editor          ask rust-analyzer about the attribute, as an editor does; writes docs/editor.md
  instructions [--write]
                  count instructions and allocations a message; fails if one rises above benches/instructions.txt
  macro-cost [--quick]
                  measure what the attribute costs a build; without `--quick` writes docs/macro.md
  mutants [NAME]  apply each deliberate bug of tests/mutants/ to a copy; all must be found
  fuzz [NAME] --minutes N
                  run each fuzzer of tests/fuzz so long, or one; needs a nightly compiler
  models [--deep] run the edge, the lane and the stage layer in every order of their lock operations
  scale           simulate more cores than there are, with costs that are measured here; writes docs/performance.md
  soak memory|processes --minutes N
                  run the test of that name for so long
  servers up      install and start what the tests need and is missing
  servers down    stop what `servers up` started
  servers status  say what answers
  simulate --seeds N [--from M]
                  run N random pipelines, from seed M on
  simulate --small [--reorder]
                  run every small case with an event at every step, and in other orders
  simulate --seed N
                  run one, and print all that happens in it";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["bench"] => bench::run(false),
        ["bench", "--quick"] => bench::run(true),
        ["bench", "--connectors"] => bench::connectors(false),
        ["bench", "--connectors", "--quick"] => bench::connectors(true),
        ["ci"] => ci::run(),
        ["conformance"] => conformance::run(),
        ["editor"] => editor::run(),
        ["instructions"] => instructions::run(false),
        ["instructions", "--write"] => instructions::run(true),
        ["macro-cost"] => macro_cost::run(false),
        ["macro-cost", "--quick"] => macro_cost::run(true),
        ["mutants"] => mutants::run(""),
        ["mutants", only] => mutants::run(only),
        ["simulate", arguments @ ..] => simulate::simulate(arguments),
        ["fuzz", "--minutes", minutes] => number(minutes).and_then(|minutes| fuzz::run_for(minutes, None)),
        ["fuzz", only, "--minutes", minutes] => number(minutes).and_then(|minutes| fuzz::run_for(minutes, Some(only))),
        ["models"] => models::all(false),
        ["models", "--deep"] => models::all(true),
        ["scale"] => scale::run(),
        ["soak", what, "--minutes", minutes] => number(minutes).and_then(|minutes| soak::soak(what, minutes)),
        ["servers", "up"] => servers::up(),
        ["servers", "down"] => servers::down(),
        ["servers", "status"] => servers::status(),
        ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        [] => Err(USAGE.into()),
        unknown => Err(format!("there is no command `{}`\n{USAGE}", unknown.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("`{word}` is no number"))
}
