//! Whatever is typed: no panic, the impl is emitted as it was, and what is emitted can be parsed.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::entry::expand;

pub(crate) const ITEM: &str = "impl<D: Send + Sync + 'static> Orders<D> where D: Db {
    const N: u8 = { 1 };
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> { message.json() }
    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> { m. }
    async fn prepare_messages(&self, messages: &mut [OrdersMessage]) {}
    async fn handle_failed(&self, messages: &mut [OrdersMessage]) -> Result<(), u8> { Ok(()) }
    async fn on_start(&self) -> Result<()> { Ok(()) }
    async fn on_drained(&self, report: &Report) {}
    async fn on_stop(&self) {}
}";

/// An item whose body parses, so that the whole output must.
pub(crate) fn item() -> TokenStream {
    ITEM.replace("{ m. }", "{ Ok(()) }").parse().unwrap()
}

/// An attribute on an item that is as it should be.
pub(crate) fn survives(attribute: TokenStream) {
    let written = attribute.to_string();
    let (item, output) = (item(), expand(attribute, item()));
    assert!(output.to_string().starts_with(&item.to_string()), "the impl is not there: {written}");
    if let Err(error) = syn::parse2::<syn::File>(output) {
        panic!("{error} in the output for: {written}");
    }
}

/// One byte is one of these; each of the others is a token.
const OPEN: [u8; 3] = [b'(', b'[', b'{'];
const CLOSE: u8 = b')';
const ITEM_FOLLOWS: u8 = b'@';

pub(crate) const WORDS: &[&str] = &[
    "name",
    "shutdown",
    "max_restarts",
    "max_seconds",
    "partition_by",
    "vis",
    "crate",
    "producers",
    "processors",
    "batchers",
    "default",
    "module",
    "stages",
    "transformer",
    "rate_limiting",
    "allowed_batches",
    "allowed_messages",
    "interval",
    "min_demand",
    "max_demand",
    "timeout",
    "batch_size",
    "batch_timeout",
    "max_pending",
    "unrouted",
    "enum",
    "fail",
    "s3",
    "archive",
    "concurrency",
    "=",
    "=",
    "=",
    ",",
    ",",
    ",",
    ".",
    ":",
    "::",
    "#",
    "!",
    "|",
    "&",
    "<",
    ">",
    "->",
    "?",
    ";",
    "'a",
    "-",
    "+",
    "*",
    "0",
    "1",
    "10",
    "30_000",
    "1.5",
    "0xff",
    "99999999999999999999",
    "1u8",
    "true",
    "\"orders\"",
    "'c'",
    "b\"x\"",
    "self",
    "Self",
    "stage",
    "await",
    "pub",
    "in",
    "impl",
    "fn",
    "async",
    "const",
    "unsafe",
    "mut",
    "where",
    "for",
    "dyn",
    "struct",
    "handle_message",
    "handle_batch",
    "handle_failed",
    "prepare_messages",
    "message",
    "OrdersMessage",
    "Batch",
    "Result",
    "Order",
    "Orders",
    "T",
    "SIZE",
    "Duration",
    "from_secs",
    "r#type",
    "_",
    "Sqs",
    "new",
    "f",
    "x",
    "max_deliveries",
    "give_up_after",
    "retry",
    "attempts",
    "unlimited",
    "within",
    "when",
    "max_waiting",
    "backoff",
    "min",
    "max",
    "factor",
    "jitter",
    "split",
    "max_bytes",
    "size_by",
    "splitter",
    "on_start",
    "on_drained",
    "on_stop",
];

/// Any bytes: Rust's text if they begin with `"`, else tokens from [`WORDS`], those behind a `@` as the item.
pub(crate) fn check(data: &[u8]) {
    if let [b'"', text @ ..] = data {
        let tokens = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        return tokens.map_or((), survives);
    }
    let mut parts = data.splitn(2, |byte| *byte == ITEM_FOLLOWS);
    let attribute = tokens(&mut parts.next().unwrap_or_default());
    match parts.next() {
        None => survives(attribute),
        Some(mut item) => {
            let item = tokens(&mut item);
            let output = expand(attribute, item.clone());
            assert!(output.to_string().starts_with(&item.to_string()), "the item is not there: {item}");
        }
    }
}

/// Up to the end of a group.
fn tokens(data: &mut &[u8]) -> TokenStream {
    let mut stream = TokenStream::new();
    while let [byte, rest @ ..] = *data {
        *data = rest;
        if *byte == CLOSE {
            break;
        }
        match OPEN.iter().position(|open| open == byte) {
            Some(which) => {
                let delimiter = [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace][which];
                stream.extend([TokenTree::Group(Group::new(delimiter, tokens(data)))]);
            }
            None => stream.extend(WORDS[usize::from(*byte) % WORDS.len()].parse::<TokenStream>().unwrap()),
        }
    }
    stream
}
