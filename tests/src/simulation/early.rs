//! `ack_immediately`: the verdict is told in the middle of a callback, and what becomes of the messages later is not.

use broadway::{AckError, MessageOf};

use super::{Book, pipeline::Simulated};

/// Verdicts that are about to be told.
pub(super) struct Early {
    book: Book,
    numbers: Vec<u64>,
}

/// From here on they are successful, however the call ends, unless it comes too late.
pub(super) fn begin(book: &Book, messages: &[MessageOf<Simulated>]) -> Early {
    let mut entries = book.open();
    let mut numbers = Vec::new();
    for message in messages.iter().filter(|message| message.failure().is_none()) {
        let entry = entries.message(message.data.number);
        if entry.early.is_none() {
            entry.early = Some(message.attempt().into());
            // There is nothing left to be renewed.
            (entry.lease, entry.must_renew) = (None, false);
            numbers.push(message.data.number);
        }
    }
    entries.tally.count("acknowledged early", numbers.len() as u64);
    Early { book: book.clone(), numbers }
}

impl Early {
    pub(super) fn ends(self, result: Result<(), AckError>) {
        let mut entries = self.book.open();
        match result {
            Ok(()) | Err(AckError::Undelivered(_)) => {}
            Err(_) => {
                entries.tally.count("too late for an early verdict", 1);
                self.numbers.iter().for_each(|number| entries.message(*number).early = None);
            }
        }
    }
}
