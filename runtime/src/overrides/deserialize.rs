//! Overrides out of any format that serde reads: maps as deep as the sections, with a value at each end.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

use super::{Overrides, Raw};

/// A map of sections and options, as in the example at [`Overrides`].
impl<'de> Deserialize<'de> for Overrides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut values = Vec::new();
        match Tree::deserialize(deserializer)? {
            Tree::Map(entries) => flatten(entries, &mut Vec::new(), &mut values),
            Tree::Value(value) => {
                return Err(D::Error::custom(format!("expected sections and options, found `{value}`")));
            }
            Tree::Nothing => {}
        }
        Self::collect(values).map_err(D::Error::custom)
    }
}

enum Tree {
    Map(Vec<(String, Tree)>),
    Value(Raw),
    /// `null`: as if it were not there.
    Nothing,
}

fn flatten(entries: Vec<(String, Tree)>, path: &mut Vec<String>, values: &mut Vec<(Vec<String>, Raw, String)>) {
    for (name, tree) in entries {
        path.push(name);
        match tree {
            Tree::Map(entries) => flatten(entries, path, values),
            Tree::Value(raw) => values.push((path.clone(), raw, "a file".to_owned())),
            Tree::Nothing => {}
        }
        path.pop();
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("options, a number, a text, `true` or `false`")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Value(Raw::Flag(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Value(u64::try_from(value).map_or(Raw::Negative(value), Raw::Number)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Value(Raw::Number(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Value(Raw::Decimal(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Value(Raw::Text(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Map(entries))
    }
}
