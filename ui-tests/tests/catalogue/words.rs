//! The words of every rule, read where they are made: the constructors of `macros/src/errors/`, the rulebook's `Display`,
//! `on_unimplemented` beside traits. So a rule's id is the name of what makes its words.

use std::{collections::BTreeMap, fs, path::Path};

use super::fixtures::root;

/// Rules that rustc words, on spans of ours.
pub(crate) const COMPILER: &[(&str, &[&str])] = &[
    ("borrowed-items-in-a-stream", &["implementation of `FnOnce` is not general enough"]),
    ("duplicate-callback", &["duplicate definitions with name {}"]),
    ("function-of-other-types", &["type mismatch in function arguments"]),
    ("function-returns-another-type", &["expected {} to return {}, but it returns {}"]),
    ("future-is-not-send", &["future cannot be sent between threads safely"]),
    ("borrow-escapes", &["borrowed data escapes outside of method"]),
    ("match-is-not-exhaustive", &["non-exhaustive patterns: {} not covered"]),
    ("name-is-taken", &["the name {} is defined multiple times"]),
    ("never-routed-to", &["variant {} is never constructed"]),
    ("not-send-or-sync", &["{} cannot be shared between threads safely", "{} cannot be sent between threads safely"]),
    ("other-type", &["mismatched types"]),
    ("private-type", &["private type {} in public interface"]),
    ("removed-callback", &["no function or associated item named `handle_message` found for struct {}"]),
    ("second-impl", &["conflicting implementations of trait {} for type {}", "multiple applicable items in scope"]),
    ("syntax-error-in-a-body", &["unexpected token: {}"]),
    (
        "unknown-route",
        &[
            "no variant or associated item named {} found for enum {}",
            "no associated item named {} found for struct {}",
        ],
    ),
    ("unsafe-impl", &["inherent impls cannot be unsafe"]),
    ("negative-impl", &["inherent impls cannot be negative"]),
    ("default-callback", &["specialization is unstable"]),
    ("vis-of-another-module", &["visibilities can only be restricted to ancestor modules"]),
    ("missing-type-parameter", &["missing generics for struct {}"]),
    ("default-of-a-parameter", &["defaults for generic parameters are not allowed here"]),
    ("unused-pipeline", &["unused {} that must be used"]),
    ("unknown-value", &["cannot find value {} in this scope"]),
];

/// The words of each rule; `{..}` stands for what differs.
pub(crate) fn of_rules() -> BTreeMap<String, Vec<String>> {
    let mut words = of_ours();
    for (rule, texts) in COMPILER {
        let before = words.insert((*rule).to_owned(), texts.iter().map(ToString::to_string).collect());
        assert!(before.is_none(), "`{rule}` has words of ours");
    }
    words
}

/// The rules that we word.
pub(crate) fn of_ours() -> BTreeMap<String, Vec<String>> {
    let mut words = of_the_macro();
    for source in ["runtime/src", "topology/src"].into_iter().flat_map(sources) {
        let marks = source.matches("#[diagnostic::on_unimplemented").count();
        let ruled = source.split("// docs/errors.md: ").skip(1);
        assert_eq!(marks, ruled.clone().count(), "an `on_unimplemented` without its rule above it");
        for text in ruled {
            let (rule, rest) = text.split_once('\n').unwrap();
            add(&mut words, rule, rest.split("message = ").nth(1).and_then(literal).into_iter().collect());
        }
    }
    words
}

/// The rules that the macro reports; rustc adds nothing to them.
pub(crate) fn of_the_macro() -> BTreeMap<String, Vec<String>> {
    let mut words = BTreeMap::new();
    for source in sources("macros/src/errors") {
        for function in source.split("pub(crate) fn ").skip(1) {
            let (head, body) = function.split_once('{').unwrap();
            if head.contains("-> Text") {
                let name = head.split(['(', '<']).next().unwrap();
                let body = body.split("\n}").next().unwrap();
                let texts = body.split("Text::new(").skip(1).filter_map(literal);
                add(&mut words, &name.replace('_', "-"), texts.collect());
            }
        }
    }
    for (variant, texts) in rulebook() {
        add(&mut words, &variant, texts);
    }
    words
}

fn add(words: &mut BTreeMap<String, Vec<String>>, rule: &str, texts: Vec<String>) {
    assert!(!texts.is_empty(), "`{rule}` has no words");
    assert!(words.insert(rule.to_owned(), texts).is_none(), "`{rule}` is worded twice");
}

/// The rulebook's variants as ids, with the texts of `Display`.
fn rulebook() -> Vec<(String, Vec<String>)> {
    let source = fs::read_to_string(root().join("topology/src/rules/words.rs")).unwrap();
    let display = source.split("impl fmt::Display for Rule").nth(1).unwrap().split("\n}").next().unwrap();
    let mut rules: Vec<(String, Vec<String>)> = Vec::new();
    for arm in display.split("Self::").skip(1) {
        let variant = arm.split(|c: char| !c.is_alphanumeric()).next().unwrap();
        let id = variant.chars().fold(String::new(), |id, c| match c.is_uppercase() && !id.is_empty() {
            true => format!("{id}-{}", c.to_lowercase()),
            false => format!("{id}{}", c.to_lowercase()),
        });
        let text = literal(arm).unwrap_or_else(|| panic!("`{variant}` has no words"));
        match rules.iter_mut().find(|(rule, _)| *rule == id) {
            Some((_, texts)) => texts.push(text),
            None => rules.push((id, vec![text])),
        }
    }
    rules
}

/// The first string literal of a piece of source.
fn literal(source: &str) -> Option<String> {
    let mut chars = source[source.find('"')? + 1..].chars();
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
}

/// The sources in a folder and its folders.
fn sources(folder: &str) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found
}

/// The rule that an error's first line is of: of those whose words fit, the one that says most.
pub(crate) fn rule_of<'a>(error: &str, words: &'a BTreeMap<String, Vec<String>>) -> Option<&'a str> {
    let error = error.strip_prefix("evaluation panicked: ").unwrap_or(error);
    let error = error.strip_prefix("use of deprecated constant ").map_or(error, |rest| {
        // The compiler names the constant before our words.
        rest.split_once("`: ").map_or(rest, |(_, words)| words)
    });
    let fitting = words.iter().flat_map(|(rule, texts)| texts.iter().map(move |text| (rule, text)));
    let fitting = fitting.filter(|(_, text)| fits(text, error));
    fitting.max_by_key(|(_, text)| fixed(text).iter().map(|part| part.len()).sum::<usize>()).map(|(rule, _)| &**rule)
}

/// Whether the error is the text with something in place of each `{..}`. What rustc adds at the end may follow.
fn fits(text: &str, error: &str) -> bool {
    let parts = fixed(text);
    let Some(mut rest) = error.strip_prefix(parts[0]) else { return false };
    for (i, part) in parts.iter().enumerate().skip(1) {
        let last = i == parts.len() - 1;
        let Some(at) = (if last { rest.rfind(part) } else { rest.find(part) }) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || rest.starts_with(" in the current scope")
}

/// What stands between the `{..}` of a text.
fn fixed(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((open, close)) = placeholder(rest) {
        parts.push(&rest[..open]);
        rest = &rest[close..];
    }
    parts.push(rest);
    parts
}

fn placeholder(text: &str) -> Option<(usize, usize)> {
    let open = text.find('{')?;
    Some((open, open + text[open..].find('}')? + 1))
}

#[test]
fn the_text_that_says_most_is_the_rule() {
    let words = BTreeMap::from([
        ("unknown".to_owned(), vec!["unknown option `{name}`".to_owned()]),
        ("unknown-in".to_owned(), vec!["unknown option `{name}` in `{}`".to_owned()]),
    ]);
    assert_eq!(rule_of("unknown option `a`", &words), Some("unknown"));
    assert_eq!(rule_of("unknown option `a` in `b`", &words), Some("unknown-in"));
    assert_eq!(rule_of("an unknown option `a`", &words), None);
    assert_eq!(rule_of("unknown option `a` at all", &words), None);
}
