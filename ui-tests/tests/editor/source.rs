//! A source text with named places.

use std::collections::HashMap;

/// A line and a column, from 0.
pub(crate) type Place = (usize, usize);

pub(crate) struct Source {
    pub(crate) text: String,
    places: HashMap<String, Place>,
}

impl Source {
    /// `|name|` is a place, and not part of the text.
    pub(crate) fn marked(marked: &str) -> Self {
        let (mut text, mut places) = (String::new(), HashMap::new());
        for (number, line) in marked.lines().enumerate() {
            let mut plain = String::new();
            for (index, part) in line.split('|').enumerate() {
                match index % 2 {
                    0 => plain += part,
                    _ => drop(places.insert(part.to_owned(), (number, plain.len()))),
                }
            }
            text += &(plain + "\n");
        }
        Self { text, places }
    }

    pub(crate) fn place(&self, name: &str) -> Place {
        self.places[name]
    }

    /// The line of a place.
    pub(crate) fn line(&self, name: &str) -> &str {
        self.text.lines().nth(self.places[name].0).unwrap_or_default().trim()
    }

    /// The word at a place.
    pub(crate) fn word(&self, name: &str) -> &str {
        let (line, column) = self.places[name];
        let rest = &self.text.lines().nth(line).unwrap_or_default()[column..];
        rest.split(|sign: char| !sign.is_alphanumeric() && sign != '_').next().unwrap_or_default()
    }

    /// The same with another attribute, and the place `cursor` in it.
    pub(crate) fn with_attribute(&self, before: &str, after: &str) -> Self {
        let (head, rest) = self.text.split_once("#[broadway(").unwrap();
        let (_, tail) = rest.split_once("\n)]").unwrap();
        Self::marked(&format!("{head}#[broadway({before}|cursor|{after})]{tail}"))
    }
}
