//! `cargo run -p continuum [FILE]`: counts the words of a text five times, of the Apache license if there is no file, and
//! prints the most frequent ones.

use std::{cmp::Reverse, env, fs, process::ExitCode};

use broadway::Result;
use continuum::{Counts, concurrent, distributed, eager, lazy, rope::Rope};

const LICENSE: &str = include_str!("../../../LICENSE-APACHE");

#[tokio::main]
async fn main() -> ExitCode {
    match run(env::args().nth(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(file: Option<String>) -> Result<()> {
    let text = match file {
        Some(file) => fs::read_to_string(&file).map_err(|error| format!("cannot read `{file}`: {error}"))?,
        None => LICENSE.to_owned(),
    };
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let folder = tempfile::tempdir()?;
    print("eager", eager::count(lines.clone()));
    print("lazy", lazy::count(lines.clone()));
    print("concurrent", concurrent::count(lines.clone()).await?);
    print("distributed", distributed::count(lines.clone(), &folder.path().join("lines.queue")).await?);
    print("concurrent, of a rope", concurrent::count(Rope::from_iter(lines)).await?);
    Ok(())
}

fn print(version: &str, counts: Counts) {
    let (words, different) = (counts.values().sum::<u64>(), counts.len());
    let mut frequent: Vec<_> = counts.into_iter().collect();
    frequent.sort_by_key(|(_, n)| Reverse(*n));
    let frequent: Vec<_> = frequent.iter().take(5).map(|(word, n)| format!("{word} {n}")).collect();
    println!("{version:<22} {words} words, {different} different: {}", frequent.join(", "));
}
