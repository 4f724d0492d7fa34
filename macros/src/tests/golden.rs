//! What is generated, as a reader sees it: golden files, formatted as this repository is, without the user's impl.
//!
//! `BLESS=1 cargo test -p broadway-macros golden` writes them anew; a person reads the difference.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use quote::ToTokens;

use super::valid::{self, Pipeline};
use crate::entry::expand;

/// The pipeline that this project began with: every layer, plain numbers, both callbacks.
const SEED_DECK: &str = include_str!("golden/seed_deck.input.rs");

/// What is generated beside the impl, formatted.
fn generated(source: &str) -> String {
    let Pipeline { attribute, item } = valid::search(source).remove(0);
    let mut file: syn::File = syn::parse2(expand(attribute, item.clone())).unwrap();
    let first = file.items.remove(0).into_token_stream().to_string();
    let item: syn::Item = syn::parse2(item).unwrap();
    assert_eq!(first, item.into_token_stream().to_string(), "the impl comes first, as it was written");
    let text: String = file.items.iter().map(|item| item.to_token_stream().to_string() + "\n\n").collect();
    formatted(&text).lines().map(|line| tidy(line) + "\n").collect()
}

fn formatted(text: &str) -> String {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../rustfmt.toml");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path", config])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`rustfmt` is a component of the toolchain");
    rustfmt.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = rustfmt.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Attributes as a person writes them: `#[doc = " text"]` and `#[doc = r" text"]` as comments.
fn tidy(line: &str) -> String {
    let code = line.trim_start();
    let text = code.strip_prefix("#[doc = ").and_then(|text| text.strip_suffix("\"]"));
    match text.and_then(|text| text.trim_start_matches('r').strip_prefix('"')) {
        Some(text) => format!("{}///{}", &line[..line.len() - code.len()], text.replace("\\\"", "\"")),
        // It keeps the spaces of tokens in there.
        None if code.starts_with("#[derive") => {
            line.replace("(:: ", "(::").replace(", :: ", ", ::").replace(" :: ", "::")
        }
        None => line.to_owned(),
    }
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} differs from what is generated now:\n{text}", path.display());
}

#[test]
fn the_seed_deck_is_short_and_readable() {
    let text = generated(SEED_DECK);
    golden("seed_deck.rs", &text);
    // No compiler sees what is for editors.
    let (editors, compilers) = text.split_once("\n};\n").unwrap();
    assert!(editors.contains("#[cfg(rust_analyzer)]"), "{editors}");
    // A `where` clause is an assertion: there is one so that a mistake is one error.
    let asserts = |line: &str| line == "where" || line.starts_with("for<'pipeline>") || line == "{";
    let counts = |line: &&str| !line.is_empty() && !line.starts_with("///") && !asserts(line);
    let lines = compilers.lines().map(str::trim).filter(counts).count();
    println!("{lines} lines");
    assert!(lines < 60, "{lines} lines");
}
