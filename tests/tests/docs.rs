//! What the documents say of the code is so: tests that they name exist, links lead to files, diagrams are what is printed.

use std::{fs, path::Path};

use broadway::topology::{Topology, Tree};
use broadway_tests::markdown;

const DOCUMENTS: [&str; 14] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/conformance.md",
    "docs/semantics.md",
    "docs/demand.md",
    "docs/errors.md",
    "docs/stages.md",
    "docs/editor.md",
    "docs/macro.md",
    "docs/performance.md",
    "docs/telemetry.md",
];

#[test]
fn every_test_that_is_named_exists() {
    let mut named = 0;
    for document in DOCUMENTS {
        let text = markdown::read(document);
        for (path, test) in text.split('`').filter_map(|span| span.split_once(".rs::")) {
            let file = markdown::root().join(format!("{path}.rs"));
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{document}: {path}.rs: {error}"));
            let lines: Vec<_> = source.lines().map(str::trim).collect();
            let starts = [format!("fn {test}("), format!("async fn {test}(")];
            let is_test =
                |at: usize| lines[..at].last().is_some_and(|line| line.ends_with("test]") || line.contains("test("));
            let exists =
                (0..lines.len()).any(|at| starts.iter().any(|start| lines[at].starts_with(start)) && is_test(at));
            assert!(exists, "{document} names `{path}.rs::{test}`, which is no test");
            named += 1;
        }
    }
    assert!(named >= 80, "only {named} tests are named");
}

#[test]
fn every_link_leads_to_a_file() {
    let mut links = 0;
    for document in DOCUMENTS {
        let text = markdown::read(document);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://")) {
            let folder = markdown::root().join(document);
            let file = folder.parent().unwrap_or(Path::new("")).join(target.split('#').next().unwrap_or_default());
            assert!(file.exists(), "{document} links to `{target}`, which is not there");
            links += 1;
        }
    }
    assert!(links >= 20, "only {links} links");
}

#[test]
fn every_file_that_the_architecture_names_exists() {
    let text = markdown::read("ARCHITECTURE.md");
    let is_path = |span: &&str| span.contains('/') && !span.contains(char::is_whitespace) && !span.contains("::");
    let paths: Vec<_> = text.split('`').filter(is_path).filter(|span| !span.contains('*')).collect();
    for path in &paths {
        assert!(markdown::root().join(path).exists(), "`{path}` is not there");
    }
    assert!(paths.len() >= 20, "only {} paths", paths.len());
}

#[test]
fn the_diagrams_of_the_architecture_are_what_the_code_prints() {
    let mut topology = Topology::new("Orders");
    topology.producers.stages(2).module("SqsProducer::new(\"..\")").rate_limiting(1_000, 60_000);
    topology.processors.stages(4);
    topology.batcher("default").batch_size(10).stages(2);
    topology.batcher("archive").batch_size(500).batch_timeout(5_000);
    let printed = [topology.diagram().to_string(), Tree::of(&topology).to_string()];
    assert_eq!(markdown::blocks(&markdown::read("ARCHITECTURE.md"), "text"), printed);
}
