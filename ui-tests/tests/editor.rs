//! What an editor makes of the attribute: rust-analyzer is asked, over its protocol, as an editor asks it.
//!
//! The server is `$RUST_ANALYZER`, or `rust-analyzer`; where there is none, this says so and asks nothing. With `BLESS=1`
//! (`cargo xtask editor`) the transcript in `docs/editor.md` is written anew.

mod editor {
    pub(crate) mod server;
    pub(crate) mod source;
    pub(crate) mod transcript;
}

use editor::{server::Server, source::Source, transcript::Transcript};

/// A pipeline; `|` and a name is a place where something is asked, and is not part of the text.
const PIPELINE: &str = r#"use broadway::{prelude::*, stage::Demanded};

/// Orders of a shop.
struct Orders;

#[broadway(
    |name|name = "orders",
    |partition_by|partition_by = by_length,
    |producers|producers(default(|module|module = source(), |stages|stages = 4)),
    processors(default(|processors.stages|stages = 8, |timeout|timeout = 30_000, retry(|attempts|attempts = 3))),
    batchers(default(|batch_size|batch_size = 10), |archive|archive(batch_size = 500, batch_timeout = 5000)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<u64> {
        message.put_batcher(OrdersBatcher::|variant|Archive);
        Ok(message.text()?.parse()?)
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

fn by_length(message: &OrdersMessage) -> u64 {
    message.data.len() as u64
}

fn source() -> impl broadway::Producer<Data = Payload> {
    todo!()
}

async fn start() {
    let _ = Orders.|start_link|start_link().await;
}
"#;

/// What is typed instead of the attribute's list, up to the cursor, what must be offered, and what must not.
const TYPED: [(&str, &str, &[&str], &[&str]); 8] = [
    ("", "", &["producers", "processors", "batchers", "name", "shutdown", "vis"], &["stages", "batch_size"]),
    ("producers(default(module = source())), sh", "", &["shutdown"], &["stages"]),
    ("producers(", ")", &["default"], &["stages"]),
    ("producers(default(sta", "))", &["stages", "transformer", "rate_limiting"], &["batch_size", "min_demand"]),
    ("processors(default(", "))", &["stages", "max_demand", "partition_by", "retry"], &["batch_size", "module"]),
    ("processors(default(retry(", ")))", &["attempts", "backoff", "when"], &["stages"]),
    ("batchers(", ")", &["default", "unrouted"], &["batch_size", "stages"]),
    (
        "batchers(default(stages = 2, batch",
        "))",
        &["batch_size", "batch_timeout", "splitter"],
        &["unrouted", "min_demand"],
    ),
];

#[test]
fn an_editor_knows_the_attribute() {
    let Some(mut server) = Server::start() else {
        println!("there is no rust-analyzer: nothing is asked");
        return;
    };
    let source = Source::marked(PIPELINE);
    let mut transcript = Transcript::new(server.version());
    server.open(&source.text);

    for (place, expected) in [
        ("name", "What the pipeline is called; must then be unique in the process. Default: the type's name."),
        ("partition_by", "messages of one value stay in order"),
        ("producers", "where messages come from"),
        ("module", "an expression that gives a `Producer`"),
        ("stages", "How many producer stages run. Default: 1."),
        ("processors.stages", "How many processor stages run. Default: two for each core."),
        ("timeout", "How long `handle_message` may take."),
        ("attempts", "Default: 5"),
        ("batch_size", "Messages in a full batch. Default: 100."),
        ("archive", "Batcher `archive`: batch_size = 500, batch_timeout = 5000."),
        ("variant", "Batcher `archive`: batch_size = 500, batch_timeout = 5000."),
        ("start_link", "Starts the pipeline. What is returned owns it."),
    ] {
        let shown = server.hover(source.place(place));
        transcript.hover(source.line(place), source.word(place), &shown, expected);
        assert!(shown.contains(expected), "hover on `{place}`: {shown:?}");
    }
    for (place, expected) in [
        ("stages", "setters.rs: pub fn stages(&mut self, stages: impl Count) -> &mut Self {"),
        ("batch_size", "setters.rs: pub fn batch_size(&mut self, batch_size: impl Count) -> &mut Self {"),
        ("partition_by", "table.rs: partition_by: Takes::Expression"),
        ("variant", "main.rs: batchers(default(batch_size = 10), archive("),
        ("start_link", "main.rs: "),
    ] {
        let found = server.definition(source.place(place));
        transcript.definition(source.line(place), source.word(place), &found);
        assert!(found.iter().any(|line| line.contains(expected)), "definition of `{place}`: {found:#?}");
    }
    for (before, after, offered, others) in TYPED {
        let typed = source.with_attribute(before, after);
        server.change(&typed.text);
        let found = server.completion(typed.place("cursor"));
        transcript.completion(before, &found);
        for name in offered {
            assert!(found.iter().any(|found| found == name), "after `{before}`, `{name}` is not among {found:?}");
        }
        for name in others {
            assert!(!found.iter().any(|found| found == name), "after `{before}`, `{name}` is among {found:?}");
        }
    }
    transcript.keep();
}
