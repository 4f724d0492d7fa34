//! Golden graphs, and texts that a name must not be able to break.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Backoff, Batcher, Retry, Routing, Topology};

/// A topology with a little of everything.
fn orders() -> Topology {
    let mut topology = Topology::new("Orders");
    topology.producers.stages(4).module("Sqs::new(\"..\")").rate_limiting(100, 1000).max_deliveries(20);
    topology.processors.stages(20).timeout(30_000).partitioned(true).retry(|retry| retry.attempts(8));
    topology.batcher("default").batch_size(10).batch_timeout(1500).stages(2);
    topology.batcher("archive").batch_size(500).max_bytes(1_000_000).split(true);
    topology.batchers[1].retry = Some(Retry { attempts: None, backoff: Backoff::default(), ..Retry::default() });
    topology
}

/// One whose names are made to break the format.
fn hostile() -> Topology {
    let mut topology = Topology::new("a \"b\" \\ <c> & `d`; #e\n]} -->");
    topology.producers.module("end\"];");
    topology.batchers.push(Batcher::new("subgraph \"x\"] \\"));
    topology.routing = Routing::Fail;
    topology.processors.stages(1);
    topology
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/graph/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} differs from what is drawn now:\n{text}", path.display());
}

/// `BLESS=1 cargo test -p broadway-topology` writes the files anew; a person looks at the difference.
#[test]
fn graphs_are_drawn_as_they_were() {
    golden("orders.mmd", &orders().mermaid().to_string());
    golden("orders.dot", &orders().dot().to_string());
    golden("hostile.mmd", &hostile().mermaid().to_string());
    golden("hostile.dot", &hostile().dot().to_string());
}

/// The tokens of a DOT file: words, signs, and strings without their quotes. `None` if a string does not end.
fn tokens(dot: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = dot.chars().peekable();
    while let Some(sign) = rest.next() {
        let mut token = String::from(sign);
        match sign {
            '"' => loop {
                match rest.next()? {
                    '"' => break,
                    '\\' => token.extend(['\\', rest.next()?]),
                    other => token.push(other),
                }
            },
            sign if sign.is_whitespace() => continue,
            sign if sign.is_alphanumeric() => {
                while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    token.push(next);
                }
            }
            '-' => token.extend(rest.next_if_eq(&'>')),
            _ => {}
        }
        tokens.push(token);
    }
    Some(tokens)
}

/// Each statement is an attribute, a vertex or an arrow between vertices that were declared.
fn assert_is_dot(dot: &str) {
    let tokens = tokens(dot).unwrap_or_else(|| panic!("a string does not end: {dot}"));
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let ["digraph", name, "{", statements @ .., "}"] = &tokens[..] else { panic!("not a graph: {dot}") };
    assert!(name.starts_with('"'), "{name}");
    let mut declared = vec!["node"];
    for statement in statements.split_inclusive(|token| *token == ";") {
        match statement {
            ["label", "=", label, ";"] => assert!(label.starts_with('"'), "{label}"),
            [id, "[", "label" | "shape", "=", _, "]", ";"] => declared.push(id),
            [from, "->", to, ";"] | [from, "->", to, "[", "label", "=", _, "]", ";"] => {
                assert!(declared.contains(from) && declared.contains(to), "{from} -> {to}");
            }
            other => panic!("not a statement: {other:?} in {dot}"),
        }
    }
}

#[test]
fn what_is_written_is_dot() {
    for topology in [orders(), hostile(), Topology::new("")] {
        let dot = topology.dot().to_string();
        assert_is_dot(&dot);
        // Graphviz itself, where it is installed.
        let graphviz = Command::new("dot").args(["-Tcanon"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        if let Ok(mut graphviz) = graphviz {
            graphviz.stdin.take().unwrap().write_all(dot.as_bytes()).unwrap();
            assert!(graphviz.wait().unwrap().success(), "{dot}");
        }
    }
}

/// A label is quoted, and nothing in it ends it.
#[test]
fn what_is_written_is_mermaid() {
    for topology in [orders(), hostile(), Topology::new("")] {
        let text = topology.mermaid().to_string();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let ["flowchart TD", head, lines @ .., "end"] = &lines[..] else { panic!("not a flow chart: {text}") };
        assert!(head.starts_with("subgraph pipeline [\"") && head.ends_with("\"]"), "{head}");
        for line in lines {
            let quotes = line.matches('"').count();
            let vertex =
                line.split_once("[\"").is_some_and(|(id, _)| id.chars().all(|c| c.is_alphanumeric() || c == '_'));
            let is_vertex = vertex && line.ends_with("\"]") && quotes == 2;
            let is_arrow = line.contains(" -->") && (quotes == 0 || (quotes == 2 && line.contains("|\"")));
            assert!(is_vertex || is_arrow, "{line}");
        }
    }
}
