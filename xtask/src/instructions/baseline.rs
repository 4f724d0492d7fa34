//! The committed counts: a line a shape, as they are printed.

use std::fs;

use super::Count;
use crate::{command::workspace, markdown};

pub(super) const PATH: &str = "benches/instructions.txt";

const HEAD: &str = "\
# Instructions and allocations a message, counted by valgrind: see docs/performance.md, \"Instructions\".
# `cargo xtask instructions` compares; `cargo xtask instructions --write` writes this file anew. Renew it when a change
# makes a count fall, so that it does not rise again unseen; where one rises, say in the commit what that buys.
";

pub(super) fn read(shape: &str) -> Result<Count, String> {
    find(&markdown::read(PATH)?, shape)
        .ok_or_else(|| format!("{PATH} has no line `{shape} instructions N allocations N`; `--write` writes it"))
}

fn find(text: &str, shape: &str) -> Option<Count> {
    text.lines().find_map(|line| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        [name, "instructions", instructions, "allocations", allocations] if *name == shape => {
            Some(Count { instructions: instructions.parse().ok()?, allocations: allocations.parse().ok()? })
        }
        _ => None,
    })
}

pub(super) fn write(counts: &[(&str, Count)]) -> Result<(), String> {
    fs::write(workspace().join(PATH), text(counts)).map_err(|error| format!("cannot write {PATH}: {error}"))
}

fn text(counts: &[(&str, Count)]) -> String {
    let lines = counts.iter().map(|(shape, count)| format!("{shape} {count}\n"));
    HEAD.to_owned() + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_again() {
        let (one, two) =
            (Count { instructions: 1062.5, allocations: 0.125 }, Count { instructions: 600.0, allocations: 0.0 });
        let text = text(&[("one", one), ("two", two)]);
        assert_eq!((find(&text, "one"), find(&text, "two"), find(&text, "three")), (Some(one), Some(two), None));
    }
}
