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
    let (mut orders, mut cut_off) = (0, 0);
    for model in MODELS {
        let begun = Instant::now();
        let explored = explore(model, size);
        let rest = if explored.all { "" } else { ", time was up" };
        println!("{:<60} {:>10} orders, {:.1?}{rest}", model.name, explored.orders, begun.elapsed());
        orders += explored.orders;
        cut_off += usize::from(!explored.all);
    }
    println!("{} models, {cut_off} of them until time was up, {orders} orders, 0 violations", MODELS.len());
    ExitCode::SUCCESS
}
