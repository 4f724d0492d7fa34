//! Every compile error of the attribute, and what must compile.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests --test ui` writes the `.stderr` files anew; a person reads the difference.
//! What the fixtures and the documents say of the errors is compared in `catalogue/`.

#[allow(dead_code, reason = "the catalogue reads the rest")]
#[path = "catalogue/document.rs"]
mod document;
#[path = "catalogue/fixtures.rs"]
mod fixtures;

use std::{fs, process::Command};

#[test]
fn what_must_compile_does() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}

/// Words of ours are the same under every compiler.
#[test]
fn errors_in_our_words() {
    compile_fail(&fixtures::OURS);
}

/// What the compiler renders differs between its versions: these files are those of the pinned one.
#[test]
fn errors_in_the_compiler_s_words() {
    let (found, pinned) = (compiler(), pinned());
    if found == pinned {
        compile_fail(&fixtures::COMPILER);
    } else {
        println!("skipped under {found}: these files are those of {pinned}");
    }
}

/// Each right example of the document, in the place of the wrong one in its fixture.
#[test]
fn right_examples_compile() {
    let fixtures = fixtures::of(&[&fixtures::OURS[..], &fixtures::COMPILER[..]].concat());
    let of_rules = document::examples().into_iter().map(|example| {
        let fixture = example.fixture(&fixtures);
        (example.rule.clone(), example.put_right(fixture))
    });
    let first = document::first_mistakes().into_iter().map(|mistake| {
        let fixture = fixtures.iter().find(|fixture| fixture.name == mistake.fixture).unwrap();
        (mistake.fixture.clone(), fixture.code().replacen(&mistake.wrong, &mistake.right, 1))
    });
    let (mut program, mut calls) = (String::from("#![allow(warnings)]\n"), String::new());
    for (i, (of, right)) in of_rules.chain(first).enumerate() {
        // Where a fixture denies a lint, its right example keeps to it. What nothing calls would be dead.
        let right = right.replace("\nfn main()", "\npub fn main()");
        program += &format!("\n/// {of}\npub mod m{i} {{\n{right}\n}}\n");
        calls += &format!("    m{i}::main();\n");
    }
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("right_examples.rs");
    fs::write(&file, program + &format!("\nfn main() {{\n{calls}}}\n")).unwrap();
    trybuild::TestCases::new().pass(file);
}

fn compile_fail(themes: &[&str]) {
    let cases = trybuild::TestCases::new();
    for theme in themes {
        cases.compile_fail(format!("tests/ui/{theme}/*.rs"));
    }
}

/// The version of the compiler that runs.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1).unwrap_or_default().to_owned()
}

/// The version in `rust-toolchain.toml`.
fn pinned() -> String {
    let file = fs::read_to_string(fixtures::root().join("rust-toolchain.toml")).unwrap();
    let channel = file.lines().find_map(|line| line.strip_prefix("channel = "));
    channel.expect("a channel").trim_matches('"').to_owned()
}
