//! Checks that a callback left the messages that it was lent. A message that does not belong is dropped, which releases it
//! if it is one of ours; the one that is missing is released when whoever took it drops it.

use crate::{message::Message, telemetry::Probe, ticket::Token};

/// The messages of one call, in a buffer that is used again.
#[derive(Debug, Default)]
pub(crate) struct Lent(Vec<Token>);

impl Lent {
    pub(crate) fn note<T, B>(&mut self, messages: &[Message<T, B>]) {
        self.0.clear();
        self.0.extend(messages.iter().map(|message| message.ticket.token()));
    }

    /// Drops what does not belong, and calls `dropped` with each place, last first. Swaps within `messages` are harmless:
    /// identity and acknowledgement travel in the message.
    pub(crate) fn check<T, B>(
        &mut self,
        messages: &mut Vec<Message<T, B>>,
        probe: &Probe,
        mut dropped: impl FnMut(usize),
    ) {
        let untouched = messages.len() == self.0.len()
            && messages.iter().zip(&self.0).all(|(message, token)| message.ticket.token() == *token);
        if untouched {
            return;
        }
        self.0.sort_unstable();
        let mut foreign = 0;
        for place in (0..messages.len()).rev() {
            if self.0.binary_search(&messages[place].ticket.token()).is_err() {
                foreign += 1;
                messages.remove(place);
                dropped(place);
            }
        }
        let violations = foreign.max(self.0.len() - messages.len());
        if violations > 0 {
            probe.violation(violations);
        }
    }
}
