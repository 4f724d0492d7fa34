//! A crate without the standard prelude: generated code names everything by its whole path.
#![no_implicit_prelude]
#![deny(warnings, missing_docs)]

use ::broadway::{Batch, Failure, Payload, broadway};
use ::core::{assert_eq, result::Result::Ok};
use ::std::{string::String, time::Duration};
use ::ui_tests::Payloads;

/// A pipeline.
pub struct Orders;

const SIZE: u32 = 10;

/// Without batchers, and with a callback that returns nothing.
pub struct Plain;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl Plain {
    async fn handle_message(&self, _message: &mut PlainMessage) {}
}

#[broadway(
    shutdown = Duration::from_secs(5),
    partition_by = by_length,
    producers(default(module = Payloads, transformer = decode, rate_limiting(allowed_messages = 10, interval = 1_000))),
    processors(default(stages = 2, retry(attempts = unlimited, when = is_worth_it))),
    batchers(default(batch_size = SIZE, max_bytes = 1_000), archive(max_bytes = 10, size_by = |_, text| text.len())),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage<String>) -> ::broadway::Result<String> {
        message.put_batcher(OrdersBatcher::Archive);
        Ok(::core::mem::take(&mut message.data))
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}

    async fn prepare_messages(&self, _messages: &mut [OrdersMessage<String>]) {}

    async fn handle_failed(&self, _messages: &mut [OrdersMessage<String>]) -> ::broadway::Result {
        Ok(())
    }

    async fn on_start(&self) {}

    async fn on_drained(&self, _report: &::broadway::Report) {}

    async fn on_stop(&self) {}
}

fn by_length(message: &OrdersMessage<String>) -> u64 {
    message.data.len() as u64
}

fn is_worth_it(failure: &Failure) -> bool {
    failure.attempts() < 3
}

fn decode(_payload: Payload) -> ::broadway::Result<String> {
    Ok(String::new())
}

fn main() {
    assert_eq!(Orders.topology().batchers.len(), 2);
    assert_eq!(Plain.topology().batchers.len(), 0);
}
