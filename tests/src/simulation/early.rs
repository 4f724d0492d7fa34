//! `ack_immediately`: the verdict is told in the middle of a callback, and what becomes of the messages later is not.

use std::time::Duration;

use broadway::{AckError, MessageOf};
use tokio::time::Instant;

use super::{Book, pipeline::Simulated};

/// Verdicts that are about to be told.
pub(super) struct Early {
    book: Book,
    /// Each with its lease, and whether that must be renewed.
    told: Vec<(u64, Option<Lease>, bool)>,
}

type Lease = (Instant, Duration);

/// From here on they are successful, however the call ends, unless it comes too late.
pub(super) fn begin(book: &Book, messages: &[MessageOf<Simulated>]) -> Early {
    let mut entries = book.open();
    let mut told = Vec::new();
    for message in messages.iter().filter(|message| message.failure().is_none()) {
        let entry = entries.message(message.data.number);
        if entry.early.is_none() {
            entry.early = Some(message.attempt().into());
            // There is nothing left to be renewed.
            told.push((message.data.number, entry.lease.take(), std::mem::take(&mut entry.must_renew)));
        }
    }
    entries.tally.count("acknowledged early", told.len() as u64);
    Early { book: book.clone(), told }
}

impl Early {
    pub(super) fn ends(self, result: Result<(), AckError>) {
        let mut entries = self.book.open();
        match result {
            Ok(()) | Err(AckError::Undelivered(_)) => {}
            Err(_) => {
                entries.tally.count("too late for an early verdict", 1);
                for (number, lease, must_renew) in self.told {
                    let entry = entries.message(number);
                    (entry.early, entry.lease, entry.must_renew) = (None, lease, must_renew);
                }
            }
        }
    }
}
