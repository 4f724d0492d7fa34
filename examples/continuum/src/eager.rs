//! All lines, then all words, then the counts: simple, and as large in memory as the text.

use crate::{Counts, tally, words};

/// Counts the words of a text's lines.
pub fn count(text: impl IntoIterator<Item = String>) -> Counts {
    let lines: Vec<String> = text.into_iter().collect();
    let words: Vec<String> = lines.into_iter().flat_map(words).collect();
    words.into_iter().fold(Counts::new(), tally)
}
