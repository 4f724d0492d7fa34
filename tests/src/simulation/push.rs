//! Messages that are pushed past the producers, under load and into a drain; somebody waits for some of them.

use std::panic::AssertUnwindSafe;

use broadway::{Handle, MessageOutcome, PushError, Status};
use futures::{FutureExt, future::join_all};
use tokio::time::{sleep_until, timeout};

use super::{
    Book, Dice, Item,
    entry::{Due, Entry, Origin, Told},
};
use crate::ms;

/// Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push {
    /// When.
    pub at: u64,
    /// How many messages.
    pub messages: u64,
    /// Which way.
    pub way: Way,
    /// It is dropped after so long.
    pub cut: Option<u64>,
}

/// How they are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `push_messages`.
    Unwatched,
    /// `test_message`, of the first one.
    One,
    /// `test_batch`.
    Batch,
    /// `push_messages` with data of another type.
    WrongType,
}

impl Push {
    pub(super) fn random(dice: &mut Dice) -> Self {
        Self {
            at: dice.below(200),
            messages: dice.between(1, 12),
            way: match dice.below(20) {
                0..=8 => Way::Unwatched,
                9..=13 => Way::One,
                14..=18 => Way::Batch,
                _ => Way::WrongType,
            },
            cut: if dice.percent(20) { Some(dice.below(30)) } else { None },
        }
    }

    async fn make(self, place: u64, book: &Book, pipeline: &Handle) {
        sleep_until(book.started() + ms(self.at)).await;
        if self.way == Way::WrongType {
            let refused = pipeline.push_messages(vec!["text"]).await;
            let as_it_should = matches!(refused, Err(PushError::WrongType { .. } | PushError::Draining));
            book.open().check(as_it_should, || format!("a push of text was {refused:?}"));
            return;
        }
        let (origin, n) = match self.way {
            Way::One => (Origin::Awaited, 1),
            Way::Batch => (Origin::Awaited, self.messages),
            _ => (Origin::Pushed, self.messages),
        };
        let items: Vec<Item> = {
            let mut entries = book.open();
            let numbers: Vec<u64> = (0..n).map(|_| entries.enter(Entry::new(origin))).collect();
            let item = |(at, number)| Item::pushed(&entries.scenario, number, place, at);
            (0..).zip(numbers).map(item).collect()
        };
        let numbers: Vec<u64> = items.iter().map(|item| item.number).collect();
        book.note("push", numbers[0], format_args!("{n} {:?}", self.way));
        // An order to stop is a drain as soon as it is carried out.
        let too_late = pipeline.waiting().is_empty() || book.open().drains();
        let pushed = match self.cut {
            Some(cut) => timeout(ms(cut), self.push(items, pipeline)).await.ok(),
            None => Some(self.push(items, pipeline).await),
        };
        book.note("pushed", numbers[0], format_args!("{:?}", pushed.as_ref().map(|pushed| pushed.is_ok())));
        let mut entries = book.open();
        let pushed = match pushed {
            Some(Ok(outcomes)) => {
                entries.check(!too_late, || format!("a push was taken in a drain: {self:?}"));
                entries.tally.count("pushed messages", n);
                Some(outcomes)
            }
            Some(Err(error)) => {
                entries.check(error == PushError::Draining, || format!("a push was refused: {error}"));
                entries.tally.count("pushes refused", 1);
                None
            }
            None => {
                entries.tally.count("pushes cut", 1);
                None
            }
        };
        match pushed {
            // Nobody waits any more, and nobody knows how many are in.
            None => numbers.iter().for_each(|number| entries.message(*number).origin = Origin::Pushed),
            Some(outcomes) => {
                numbers.iter().for_each(|number| entries.sees(*number).emitted = true);
                entries.tally.count("outcomes awaited", outcomes.len() as u64);
                drop(entries);
                numbers.iter().zip(outcomes).for_each(|(number, outcome)| told(book, *number, &outcome));
            }
        }
    }

    async fn push(self, mut items: Vec<Item>, pipeline: &Handle) -> Result<Vec<MessageOutcome>, PushError> {
        // The kit panics in a drain.
        let refused = |_| PushError::Draining;
        match self.way {
            Way::One => {
                let outcome = pipeline.test_message(items.remove(0));
                AssertUnwindSafe(outcome).catch_unwind().await.map(|outcome| vec![outcome]).map_err(refused)
            }
            Way::Batch => AssertUnwindSafe(pipeline.test_batch(items)).catch_unwind().await.map_err(refused),
            _ => pipeline.push_messages(items).await.map(|()| Vec::new()),
        }
    }
}

/// Somebody is told what became of the message that they pushed.
fn told(book: &Book, number: u64, outcome: &MessageOutcome) {
    book.note("outcome", number, format_args!("{outcome:?}"));
    let mut entries = book.open();
    let told = Told { status: outcome.status, failure: outcome.failure.is_some() };
    let entry = entries.message(number);
    entry.told = Some(told);
    entry.delivered += 1;
    let entry = entry.clone();
    let fits = match told.status {
        _ if entry.early.is_some() => told == Told { status: Status::Successful, failure: false },
        Status::Released => !told.failure,
        Status::Successful => entry.due == Due::Successful && !told.failure,
        Status::Failed => told.failure && matches!(entry.due, Due::Failed | Due::Discarded | Due::Later),
    };
    entries.check(fits, || format!("settled once: {number} comes out as {told:?}: {entry:?}"));
    let attempts = entry.early.unwrap_or(entry.attempts.failed + 1);
    let counted = told.status == Status::Released || u64::from(outcome.attempts) == attempts;
    entries.check(counted, || format!("{number} comes out with {} attempts: {entry:?}", outcome.attempts));
    let output = outcome.output::<u64>().is_none_or(|output| *output == number * 2 + 1);
    entries.check(output, || format!("{number} comes out with {:?}", outcome.output::<u64>()));
    if let Some(batch) = outcome.batch {
        let routed = outcome.batcher == entry.batcher && batch.size > 0;
        entries.check(routed, || format!("{number} comes out of {batch:?} of {:?}: {entry:?}", outcome.batcher));
    }
}

/// Makes all pushes, side by side.
pub(super) async fn all(book: &Book, pipeline: &Handle) {
    let pushes = book.open().scenario.pushes.clone();
    join_all((0..).zip(&pushes).map(|(place, push)| push.make(place, book, pipeline))).await;
}
