//! Four sets are one: the rules that have words, the fixtures that break them, the catalogue of mistakes, and the table in
//! `docs/errors.md`. And what a fixture says of its errors is so.

#[allow(dead_code, reason = "`ui` compiles the rest")]
mod document;
mod fixtures;
mod rows;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use fixtures::{COMPILER, Fixture, OURS};
use rows::{Answer, ROWS};

fn all() -> Vec<Fixture> {
    fixtures::of(&[&OURS[..], &COMPILER[..]].concat())
}

#[test]
fn the_four_sets_are_equal() {
    let mut worded: BTreeSet<String> = words::of_rules().into_keys().collect();
    let fixtures = all();
    let broken: BTreeSet<String> = fixtures.iter().filter_map(Fixture::rule_alone).map(str::to_owned).collect();
    let documented: BTreeSet<String> = document::examples().into_iter().map(|example| example.rule).collect();
    let mut catalogue = BTreeSet::new();
    for row in ROWS {
        match row.answer {
            Answer::Rules(rules) => catalogue.extend(rules.iter().map(|(rule, _)| (*rule).to_owned())),
            // It has words, and no fixture can show them alone.
            Answer::Unit(rule, _) => assert!(worded.remove(rule), "`{rule}` has no words"),
            Answer::Void(_) => {}
        }
    }
    let sets = [("words", worded), ("a fixture", broken), ("the document", documented), ("the catalogue", catalogue)];
    let mut missing = String::new();
    for (set, rules) in &sets {
        for rule in sets.iter().flat_map(|(_, rules)| rules).collect::<BTreeSet<_>>() {
            if !rules.contains(rule) {
                missing += &format!("`{rule}` is not in {set}\n");
            }
        }
    }
    assert!(missing.is_empty(), "{missing}");
    println!("{} rules, {} fixtures, {} rows", sets[0].1.len(), fixtures.len(), ROWS.len());
}

/// A fixture's first lines name the errors that it is about: there are these, in this order, and no others.
#[test]
fn every_fixture_gets_the_errors_that_it_expects() {
    let mut wrong = String::new();
    for fixture in all() {
        let expected: Vec<_> = fixture.expected().iter().map(|expected| expected.words).collect();
        let found = fixture.found();
        if expected != found || expected.is_empty() {
            wrong += &format!("{}\n  expects {expected:#?}\n  finds {found:#?}\n", fixture.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// So no fixture pins another error than the one that it was written for.
#[test]
fn the_words_of_every_error_are_those_of_its_rule() {
    let words = words::of_rules();
    let mut wrong = String::new();
    for fixture in all() {
        for expected in fixture.expected() {
            let rule = words::rule_of(expected.words, &words);
            if rule != Some(expected.rule) {
                wrong += &format!(
                    "{}: `{}` is said to be of {}, and is of {rule:?}\n",
                    fixture.name, expected.words, expected.rule
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_row_of_the_catalogue_has_its_fixtures_or_a_reason() {
    let numbers: Vec<_> = ROWS.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=ROWS.len() as u16).collect::<Vec<_>>());
    let fixtures: BTreeMap<_, _> = all().into_iter().map(|fixture| (fixture.name.clone(), fixture)).collect();
    for row in ROWS {
        assert!(!row.mistake.is_empty());
        match row.answer {
            Answer::Rules(rules) => {
                assert!(!rules.is_empty(), "row {} has no rule", row.number);
                for (rule, name) in rules {
                    let fixture =
                        fixtures.get(*name).unwrap_or_else(|| panic!("row {}: no fixture {name}", row.number));
                    assert_eq!(fixture.rule(), *rule, "row {}: {name}", row.number);
                }
            }
            Answer::Unit(_, test) => {
                let (file, name) = test.split_once("::").unwrap();
                let source = fs::read_to_string(fixtures::root().join(file)).unwrap();
                assert!(source.contains(&format!("fn {name}()")), "row {}: no test {test}", row.number);
            }
            Answer::Void(reason) => assert!(!reason.is_empty()),
        }
    }
}

/// The document's examples are pieces of fixtures, and what it says of them is what the compiler says.
#[test]
fn every_example_of_the_document_is_a_fixture_s() {
    let fixtures = all();
    for example in document::examples() {
        let fixture = example.fixture(&fixtures);
        assert_ne!(example.wrong, example.right, "{}", fixture.name);
    }
}

/// The outputs are the compiler's, to the letter, and each is followed by what to write.
#[test]
fn the_first_mistakes_are_shown_in_full() {
    let fixtures = fixtures::of(&["first_mistakes"]);
    let mistakes = document::first_mistakes();
    let shown: BTreeSet<_> = mistakes.iter().map(|mistake| mistake.fixture.as_str()).collect();
    assert_eq!(shown, fixtures.iter().map(|fixture| fixture.name.as_str()).collect());
    assert_eq!(mistakes.len(), 20);
    for mistake in &mistakes {
        let fixture = fixtures.iter().find(|fixture| fixture.name == mistake.fixture).unwrap();
        assert_eq!(mistake.output, fixture.stderr, "{}", fixture.name);
        assert_eq!(fixture.code().matches(&mistake.wrong).count(), 1, "{}", fixture.name);
        assert_ne!(mistake.wrong, mistake.right, "{}", fixture.name);
    }
}

/// Themes of ours have no error that the compiler words, so they are the same under every compiler.
#[test]
fn our_themes_have_only_words_of_ours() {
    let ours = words::of_the_macro();
    for fixture in fixtures::of(&OURS) {
        assert!(!fixture.stderr.contains("error["), "{}", fixture.name);
        for expected in fixture.expected() {
            assert!(ours.contains_key(expected.rule), "{}: {}", fixture.name, expected.rule);
        }
    }
}

/// Longer than that is not read: 15 lines of ours, 30 where rustc writes. A fixture with several errors has as much for
/// each.
#[test]
fn no_error_is_long() {
    let (ours, mut wrong) = (words::of_the_macro(), String::new());
    for fixture in all() {
        let expected = fixture.expected();
        let limit: usize = expected.iter().map(|expected| if ours.contains_key(expected.rule) { 15 } else { 30 }).sum();
        let lines = fixture.stderr.lines().count();
        if lines > limit {
            wrong += &format!("{}: {lines} lines, at most {limit}\n", fixture.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
