//! Runs all models and says how many orders each has; with `--deep`, larger ones.

use std::{process::ExitCode, time::Instant};

use broadway_models::{MODELS, Size, explore};

fn main() -> ExitCode {
    let size = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => Size::Small,
        [deep] if deep == "--deep" => Size::Deep,
        _ => {
            eprintln!("usage: broadway-models [--deep]");
            return ExitCode::FAILURE;
        }
    };
    let mut orders = 0;
    for model in MODELS {
        let begun = Instant::now();
        let explored = explore(model, size);
        println!("{:<60} {explored:>10} orders, {:.1?}", model.name, begun.elapsed());
        orders += explored;
    }
    println!("{} models, {orders} orders, 0 violations", MODELS.len());
    ExitCode::SUCCESS
}
