//! What the callbacks of a run do, in percent of their calls.

use super::Dice;

/// Faults of callbacks, in percent; times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Callbacks {
    /// `handle_message` takes up to so many milliseconds.
    pub delay: u64,
    /// Returns an error.
    pub error: u64,
    /// Panics.
    pub panic: u64,
    /// Never returns.
    pub hang: u64,
    /// Calls `done()`.
    pub done: u64,
    /// Calls `fail(..)`.
    pub fail: u64,
    /// Exchanges the message for another and drops it.
    pub steal: u64,
    /// Asks its batch to leave.
    pub flush: u64,
    /// Chooses a batcher that there is not, or none.
    pub unrouted: u64,
    /// How many batch keys there are.
    pub keys: u64,
    /// Of the errors of all callbacks, those that are marked permanent.
    pub permanent: u64,
    /// Those that say when to try again.
    pub marked: u64,
    /// Those to which `when` says no, or at which it panics.
    pub refused: u64,
    /// Calls `discard()` or `release_after(..)`, whatever becomes of the message.
    pub decide: u64,
    /// Calls `ack_immediately()`, for a message, a chunk or a batch.
    pub early: u64,
    /// Calls `configure_ack(..)`.
    pub configure: u64,
    /// `partition_by` panics.
    pub partition_panic: u64,
    /// A splitter panics.
    pub splitter_panic: u64,
    /// `prepare_messages` fails.
    pub prepare: u64,
    /// `handle_batch` takes up to so many milliseconds.
    pub batch_delay: u64,
    /// Returns an error.
    pub batch_error: u64,
    /// Panics.
    pub batch_panic: u64,
    /// Never returns.
    pub batch_hang: u64,
    /// Fails some of its messages.
    pub batch_fail: u64,
    /// Exchanges messages of the batch with one another.
    pub batch_swap: u64,
    /// Messages that no batch with them in it is stored for.
    pub poison: u64,
    /// `take_outputs()`; half of the time they are given back.
    pub take: u64,
    /// `settle_each(..)`.
    pub settle: u64,
    /// `for_each_concurrent(..)`.
    pub each: u64,
    /// `handle_failed` fails or panics.
    pub failed: u64,
    /// Discards a message.
    pub discard: u64,
    /// Releases a message later.
    pub later: u64,
}

impl Callbacks {
    pub(super) fn random(dice: &mut Dice) -> Self {
        Self {
            delay: dice.maybe(1, 15),
            error: dice.maybe(2, 20),
            panic: dice.maybe(1, 10),
            hang: dice.maybe(1, 5),
            done: dice.maybe(2, 20),
            fail: dice.maybe(2, 10),
            steal: dice.rarely(15, 1, 5),
            flush: dice.maybe(2, 20),
            unrouted: dice.rarely(20, 1, 5),
            keys: dice.pick(&[1, 1, 2, 5, 30]),
            permanent: dice.maybe(10, 50),
            marked: dice.maybe(10, 50),
            refused: dice.rarely(25, 5, 30),
            decide: dice.rarely(25, 2, 10),
            early: dice.rarely(25, 2, 20),
            configure: dice.rarely(25, 5, 40),
            partition_panic: dice.rarely(15, 1, 5),
            splitter_panic: dice.rarely(30, 2, 10),
            prepare: dice.rarely(15, 2, 10),
            batch_delay: dice.maybe(1, 40),
            batch_error: dice.maybe(2, 20),
            batch_panic: dice.maybe(1, 10),
            batch_hang: dice.maybe(1, 5),
            batch_fail: dice.maybe(5, 30),
            batch_swap: dice.maybe(5, 30),
            poison: dice.maybe(1, 10),
            take: dice.rarely(25, 5, 30),
            settle: dice.maybe(5, 30),
            each: dice.maybe(5, 30),
            failed: dice.rarely(30, 5, 20),
            discard: dice.maybe(10, 40),
            later: dice.maybe(10, 40),
        }
    }

    /// Each of them, to be left out.
    pub(super) fn each() -> impl Iterator<Item = fn(&mut Self) -> &mut u64> {
        FIELDS.into_iter()
    }
}

macro_rules! fields {
    ($($field:ident),*) => { [$(|callbacks| &mut callbacks.$field),*] };
}

const FIELDS: [fn(&mut Callbacks) -> &mut u64; 31] = fields!(
    delay,
    error,
    panic,
    hang,
    done,
    fail,
    steal,
    flush,
    unrouted,
    permanent,
    marked,
    refused,
    decide,
    early,
    configure,
    partition_panic,
    splitter_panic,
    prepare,
    batch_delay,
    batch_error,
    batch_panic,
    batch_hang,
    batch_fail,
    batch_swap,
    poison,
    take,
    settle,
    each,
    failed,
    discard,
    later
);
