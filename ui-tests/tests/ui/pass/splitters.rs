//! Batches by bytes and by a splitter.
use ui_tests::prelude::*;

const MOST: u64 = 262_144;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(
        default(max_bytes = self.most, size_by = |message, order| message.data.len() + order.customer.len()),
        counted(max_bytes = MOST, size_by = size),
        split(splitter = Odd { first: self.most == 1 }, batch_size = 10),
        plain(),
    ),
)]
impl Orders {
    async fn handle_message(&self, _message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order { customer: String::new() })
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

struct Orders {
    most: u64,
}

fn size(_: &OrdersMessage, order: &Order) -> usize {
    order.customer.len()
}

#[derive(Clone)]
struct Odd {
    first: bool,
}

impl broadway::Splitter<OrdersMessage, Order> for Odd {
    fn split(&mut self, _: &OrdersMessage, _: &Order) -> broadway::Split {
        if self.first { broadway::Split::AddAndEmit } else { broadway::Split::Add }
    }
}

struct Texts;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(max_bytes = 1024)),
)]
impl Texts {
    async fn handle_message(&self, message: &mut TextsMessage) -> Result<String> {
        Ok(message.text()?.to_owned())
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

/// Without an output the data are counted.
struct Raw;

#[broadway(
    producers(default(module = Payloads)),
    processors(default()),
    batchers(default(max_bytes = 1024)),
)]
impl Raw {
    async fn handle_message(&self, _message: &mut RawMessage) {}

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

fn main() {
    let topology = Orders { most: 7 }.topology();
    let bytes: Vec<_> = topology.batchers.iter().map(|batcher| batcher.max_bytes).collect();
    assert_eq!(bytes, [Some(7), Some(MOST), None, None]);
    let _ = (Texts.configure(), Raw.configure());
}
