//! Every compile error of the attribute, and what must compile.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests` writes the `.stderr` files anew; a person reads the difference. The texts in
//! `types/` are rendered by the compiler, so they belong to the toolchain of `rust-toolchain.toml`.

use std::{fs, path::PathBuf};

const THEMES: [&str; 7] = ["attribute", "sections", "options", "batchers", "callbacks", "types", "recovery"];

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    for theme in THEMES {
        cases.compile_fail(format!("tests/ui/{theme}/*.rs"));
    }
}

/// A fixture's first lines name the errors that it is about: there are these, in this order, and no others.
#[test]
fn every_fixture_gets_the_errors_that_it_expects() {
    let mut wrong = String::new();
    let fixtures: Vec<PathBuf> = THEMES.iter().flat_map(fixtures).collect();
    for fixture in &fixtures {
        let source = fs::read_to_string(fixture).unwrap();
        let expected: Vec<_> = source.lines().map_while(|line| line.strip_prefix("// expect: ")).collect();
        let stderr = fs::read_to_string(fixture.with_extension("stderr")).unwrap_or_default();
        let found: Vec<_> = stderr.lines().filter_map(error).collect();
        if expected != found || expected.is_empty() {
            wrong += &format!("{}\n  expects {expected:#?}\n  finds {found:#?}\n", fixture.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(fixtures.len() >= 40);
}

fn fixtures(theme: &&str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(theme);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut fixtures: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect();
    fixtures.sort();
    fixtures
}

/// The text of an error's first line.
fn error(line: &str) -> Option<&str> {
    let (code, text) = line.split_once(": ")?;
    (code == "error" || code.starts_with("error[")).then_some(text)
}
