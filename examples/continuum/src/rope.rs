//! A collection that the standard library does not have: a text as an editor keeps it, in a tree, so that a line can be
//! put anywhere without moving all others. It can be iterated, and no more is needed: whatever counts the words of a text
//! counts those of a rope, and a stage's producer can be made of it.

use std::vec;

/// As many lines stay together.
const LEAF: usize = 16;

/// Lines in a tree, in order from left to right.
#[derive(Debug, Clone)]
pub enum Rope {
    /// A few lines.
    Leaf(Vec<String>),
    /// What comes first, and what comes then.
    Both(Box<[Rope; 2]>),
}

impl FromIterator<String> for Rope {
    fn from_iter<I: IntoIterator<Item = String>>(lines: I) -> Self {
        let mut left: Vec<String> = lines.into_iter().collect();
        if left.len() <= LEAF {
            return Self::Leaf(left);
        }
        let right = left.split_off(left.len() / 2);
        Self::Both(Box::new([left, right].map(Self::from_iter)))
    }
}

impl IntoIterator for Rope {
    type Item = String;
    type IntoIter = Lines;

    fn into_iter(self) -> Lines {
        Lines { leaf: vec![].into_iter(), rest: vec![self] }
    }
}

/// The lines of a rope, one after the other.
#[derive(Debug, Clone)]
pub struct Lines {
    leaf: vec::IntoIter<String>,
    /// What comes then, from the last to the next.
    rest: Vec<Rope>,
}

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.leaf.next() {
                return Some(line);
            }
            match self.rest.pop()? {
                Rope::Leaf(lines) => self.leaf = lines.into_iter(),
                Rope::Both(both) => self.rest.extend(both.into_iter().rev()),
            }
        }
    }
}
