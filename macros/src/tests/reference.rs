//! The option reference in the documentation and the option table say the same.

use broadway_topology::{Section, options::OPTIONS};

#[test]
fn the_reference_has_every_option_in_order() {
    let rows: Vec<_> = include_str!("../lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("/// | "))
        .skip(1)
        .map(|row| row.trim_end_matches(" |").split(" | ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let expected: Vec<_> = OPTIONS
        .iter()
        .map(|spec| {
            let place = match (spec.section, spec.name) {
                (Section::Root, _) => "the top",
                (Section::Producers, _) => "`producers(default(..))`",
                (Section::ProducerLimit | Section::ProcessorLimit | Section::BatcherLimit, _) => {
                    "its `rate_limiting(..)`"
                }
                (Section::Processors, _) => "`processors(default(..))`",
                (Section::Batchers, "default" | "unrouted" | "enum") => "`batchers(..)`",
                (Section::Retry, _) => "`retry(..)`",
                (Section::Backoff, _) => "`backoff(..)`",
                (Section::Batchers, _) => "a group of `batchers(..)`",
            };
            vec![place.to_owned(), format!("`{}`", spec.name), spec.default.to_owned(), spec.about.to_owned()]
        })
        .collect();
    assert_eq!(rows, expected);
}
