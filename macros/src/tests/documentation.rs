//! The topology in the documentation, and what must not be there.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta};

use crate::entry::expand;

/// The documentation of the generated `start_link`, and everything else that shows source text.
fn documented(attribute: &str) -> (String, String) {
    let item: TokenStream = "impl Orders {
        async fn handle_message(&self, message: &mut OrdersMessage) {}
        async fn handle_batch(&self, batch: &mut Batch<Self>) {}
    }"
    .parse()
    .unwrap();
    let file: syn::File = syn::parse2(expand(attribute.parse().unwrap(), item)).unwrap();
    let (mut start_link, mut others) = (String::new(), String::new());
    for item in &file.items {
        match item {
            Item::Enum(item) => item.variants.iter().for_each(|variant| others += &docs(&variant.attrs)),
            Item::Impl(item) => {
                for member in &item.items {
                    let ImplItem::Fn(method) = member else { continue };
                    if method.sig.ident == "start_link" {
                        start_link = docs(&method.attrs);
                    } else if method.sig.ident == "topology" {
                        others += &method.block.to_token_stream().to_string();
                    }
                }
            }
            _ => {}
        }
    }
    (start_link, others)
}

fn docs(attributes: &[Attribute]) -> String {
    let text = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().strip_prefix(' ').unwrap_or_default().to_owned() + "\n"),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(text).collect()
}

#[test]
fn literals_are_drawn() {
    let (start_link, _) = documented(
        "producers(default(module = Sqs::new(\"queue\"), stages = 4)), processors(default(stages = 20)),
        batchers(default(batch_size = 10, batch_timeout = 1500), archive(stages = 2))",
    );
    let drawn = "```text
Orders
  producers            4 stages of Sqs::new(\"..\")
    │ demand 200, chunks of 5
  processors           20 stages
    ├─ batcher default 10 messages or 1.5s, 1000 pending ─ 1 batch processor (takes what is not routed)
    └─ batcher archive 100 messages or 1s, 10000 pending ─ 2 batch processors

supervisor (rest_for_one, 3 restarts in 5 s)
├─ producers (one_for_one, 8 restarts in 4 s)
│  └─ producer_0 .. producer_3
├─ processors (one_for_all, 0 restarts in 1 s)
│  └─ processor_default_0 .. processor_default_19
├─ batchers (one_for_one, 4 restarts in 2 s)
│  ├─ batcher_default_supervisor (rest_for_one, 4 restarts in 2 s)
│  │  ├─ batcher_default
│  │  └─ batch_processors_default (one_for_all, 0 restarts in 1 s)
│  │     └─ batch_processor_default_0
│  └─ batcher_archive_supervisor (rest_for_one, 4 restarts in 2 s)
│     ├─ batcher_archive
│     └─ batch_processors_archive (one_for_all, 0 restarts in 1 s)
│        └─ batch_processor_archive_0 .. batch_processor_archive_1
└─ terminator
```";
    assert!(start_link.contains(drawn), "{start_link}");
}

#[test]
fn the_number_of_cores_is_left_open() {
    let (start_link, _) = documented("producers(default(module = Sqs)), processors(default()), batchers(default())");
    let tree = "
supervisor (rest_for_one, 3 restarts in 5 s)
├─ producers (one_for_one, 2 restarts in 1 s)
│  └─ producer_0
├─ processors (one_for_all, 0 restarts in 1 s)
│  └─ processor_default_0 .. (2 for each core)
";
    assert!(start_link.contains(tree), "{start_link}");
}

#[test]
fn other_values_are_shown_as_they_are_written() {
    let (start_link, others) = documented(
        "shutdown = 1_000, producers(default(module = Sqs::new(\"queue\"))),
        processors(default(stages = self.config.stages)), batchers(default(batch_size = SIZE))",
    );
    let shown = "```text
Orders
    shutdown = 1_000
  producers   module = Sqs::new(\"..\")
  processors  stages = self.config.stages
    batcher default  batch_size = SIZE
```";
    assert!(start_link.contains(shown), "{start_link}");
    assert!(others.contains("Batcher `default`: batch_size = SIZE."), "{others}");
}

#[test]
fn secrets_are_not_shown() {
    let url = "amqp://user:hunter2@host";
    let (start_link, others) = documented(&format!(
        "name = {url:?}, producers(default(module = Rabbit::new({url:?}), stages = parse(b\"hunter2\"))),
        processors(default(stages = parse(c\"hunter2\"))), batchers(default(batch_size = parse({url:?})))",
    ));
    assert!(!start_link.is_empty() && !start_link.contains("hunter2"), "{start_link}");
    let shown = others.split("batch_size").next().unwrap();
    assert!(!shown.is_empty() && !shown.contains("hunter2"), "{others}");
}
