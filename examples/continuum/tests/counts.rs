//! All versions give the same counts, and they are the right ones.

use std::process::Command;

use continuum::{Counts, concurrent, distributed, eager, lazy, rope::Rope};

const LICENSE: &str = include_str!("../../../LICENSE-APACHE");

fn lines() -> Vec<String> {
    LICENSE.lines().map(str::to_owned).collect()
}

/// Counted in another way: the words in order, and how long each run of equal ones is. The text is ASCII.
fn expected() -> Counts {
    let mut words = vec![];
    let mut word = String::new();
    for byte in LICENSE.bytes().chain(*b"\n") {
        if byte.is_ascii_alphabetic() {
            word.push(byte.to_ascii_lowercase().into());
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.sort();
    words.chunk_by(|a, b| a == b).map(|run| (run[0].clone(), run.len() as u64)).collect()
}

#[test]
fn the_expected_counts_are_those_that_another_program_finds() {
    assert!(LICENSE.is_ascii());
    let counts = expected();
    // What `grep -oiw WORD LICENSE-APACHE | wc -l` prints.
    assert_eq!(["the", "licensor", "warranties"].map(|word| counts[word]), [100, 10, 3]);
}

#[test]
fn the_eager_one_counts_all() {
    assert_eq!(eager::count(lines()), expected());
}

#[test]
fn the_lazy_one_counts_all() {
    assert_eq!(lazy::count(lines()), expected());
}

#[tokio::test]
async fn the_concurrent_one_counts_all() {
    assert_eq!(concurrent::count(lines()).await.unwrap(), expected());
}

#[tokio::test]
async fn the_distributed_one_counts_all() {
    let folder = tempfile::tempdir().unwrap();
    let counts = distributed::count(lines(), &folder.path().join("lines.queue")).await.unwrap();
    assert_eq!(counts, expected());
}

#[tokio::test]
async fn a_collection_of_ones_own_is_counted_like_any_other() {
    let rope = Rope::from_iter(lines());
    assert_eq!(rope.clone().into_iter().collect::<Vec<_>>(), lines(), "in order");
    assert_eq!(eager::count(rope.clone()), expected());
    assert_eq!(lazy::count(rope.clone()), expected());
    assert_eq!(concurrent::count(rope.clone()).await.unwrap(), expected());
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(distributed::count(rope, &folder.path().join("lines.queue")).await.unwrap(), expected());
}

#[test]
fn the_program_prints_the_same_line_five_times() {
    let output = Command::new(env!("CARGO_BIN_EXE_continuum")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let counts: Vec<_> = printed.lines().map(|line| &line[23..]).collect();
    let (words, different) = (expected().values().sum::<u64>(), expected().len());
    assert!(counts[0].starts_with(&format!("{words} words, {different} different: the 100, ")), "{printed}");
    assert_eq!(counts, [counts[0]; 5]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_continuum")).arg("no-such-file").output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("cannot read `no-such-file`: "));
}

/// The lines of the README's block of that language and number, without what is in front of them.
fn block(language: &str, number: usize, sign: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let block = include_str!("../README.md").split(&fence).nth(number + 1).unwrap();
    let (lines, _) = block.split_once("```").unwrap();
    lines.lines().filter_map(|line| line.strip_prefix(sign)).collect()
}

#[test]
fn the_readme_shows_the_lines_that_change() {
    let sources = [
        include_str!("../src/eager.rs"),
        include_str!("../src/lazy.rs"),
        include_str!("../src/concurrent.rs"),
        include_str!("../src/distributed.rs"),
    ];
    let is_shown = |lines: &[&str], source: &str| {
        let source: Vec<_> = source.lines().map(str::trim_start).collect();
        assert!(!lines.is_empty() && source.windows(lines.len()).any(|window| window == lines), "{lines:?}");
    };
    is_shown(&block("rust", 0, ""), sources[0]);
    for (number, versions) in sources.windows(2).enumerate() {
        is_shown(&block("diff", number, "-"), versions[0]);
        is_shown(&block("diff", number, "+"), versions[1]);
    }
}
