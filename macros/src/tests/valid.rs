//! Pipelines that compile: those of the README, the examples, the fixtures and the runtime's documentation.

use std::{fs, path::Path};

use proc_macro2::{TokenStream, TokenTree};

/// An attribute's arguments and the impl that it stands on.
#[derive(Clone)]
pub(super) struct Pipeline {
    pub(super) attribute: TokenStream,
    pub(super) item: TokenStream,
}

/// All of them, in the same order in every run.
pub(super) fn pipelines() -> Vec<Pipeline> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["examples", "ui-tests/tests", "tests/tests", "runtime/src", "connectors"] {
        sources(&root.join(folder), &mut files);
    }
    files.sort();
    let mut found = Vec::new();
    for file in [root.join("README.md")].into_iter().chain(files) {
        let text = fs::read_to_string(&file).unwrap();
        if !text.contains("#[broadway(") {
            continue;
        }
        let code = if file.extension().is_some_and(|extension| extension == "md") { blocks(&text) } else { vec![text] };
        for code in code {
            found.extend(search(&code));
        }
    }
    assert!(found.len() >= 20, "{} pipelines", found.len());
    found
}

/// The sources below a folder; of fixtures only those that compile.
fn sources(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.parent().is_some_and(|parent| !parent.ends_with("ui")) || path.ends_with("pass") {
                sources(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The blocks of Rust in a page.
fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```rust").skip(1).filter_map(|block| block.split_once('\n'));
    blocks.filter_map(|(_, block)| block.split_once("```")).map(|(code, _)| code.to_owned()).collect()
}

/// Those of a source.
pub(super) fn search(source: &str) -> Vec<Pipeline> {
    let mut found = Vec::new();
    collect(source.parse().unwrap(), &mut found);
    found
}

/// `#[broadway(..)]` with the impl that follows, at any depth.
fn collect(tokens: TokenStream, found: &mut Vec<Pipeline>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
        if let [TokenTree::Ident(name), TokenTree::Group(arguments)] = &inside[..]
            && name == "broadway"
        {
            let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace);
            let end = tokens[at + 1..].iter().position(is_body).map(|length| at + 1 + length);
            if let Some(end) = end.filter(|end| tokens[at + 1..*end].iter().any(|token| token.to_string() == "impl")) {
                let item = tokens[at + 1..=end].iter().cloned().collect();
                found.push(Pipeline { attribute: arguments.stream(), item });
            }
        } else {
            collect(group.stream(), found);
        }
    }
}
