//! One word count, written four times: eager, lazy, concurrent, distributed. From one to the next the program keeps its
//! shape, lines to words to counts, and changes what it is made of. `README.md` shows the lines that change.

pub mod concurrent;
pub mod distributed;
pub mod eager;
pub mod lazy;
pub mod rope;

use std::collections::BTreeMap;

/// How often each word is there.
pub type Counts = BTreeMap<String, u64>;

/// The words of a line, in small letters.
pub fn words(line: String) -> Vec<String> {
    let words = line.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// One word more.
pub fn tally(mut counts: Counts, word: String) -> Counts {
    *counts.entry(word).or_default() += 1;
    counts
}
