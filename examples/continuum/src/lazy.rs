//! A line, its words, the next line: as large in memory as one line.

use crate::{Counts, tally, words};

/// Counts the words of a text's lines.
pub fn count(text: impl IntoIterator<Item = String>) -> Counts {
    let lines = text.into_iter();
    let words = lines.flat_map(words);
    words.fold(Counts::new(), tally)
}
