//! What ends a batch besides its size.

use broadway::{BoxSplitter, MessageOf, Split, Splitter};

use super::{Book, Dice, entry::Due, fault::Fault, pipeline::Simulated};

/// Both are a hard limit on the weight of a batch; a message that is heavier is a batch alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Splitting {
    /// `max_bytes`.
    Bytes(u64),
    /// A splitter, which may panic.
    Weight(u64),
}

impl Splitting {
    pub(super) fn random(dice: &mut Dice) -> Self {
        let most = dice.between(4, 40);
        if dice.percent(50) { Self::Bytes(most) } else { Self::Weight(most) }
    }

    /// The most that a batch weighs.
    pub(super) fn most(self) -> u64 {
        let (Self::Bytes(most) | Self::Weight(most)) = self;
        most
    }

    pub(super) fn splitter(self, book: &Book) -> BoxSplitter<MessageOf<Simulated>, u64> {
        match self {
            Self::Bytes(most) => {
                BoxSplitter::max_bytes(most, |message: &MessageOf<Simulated>, _| message.data.weight as usize)
            }
            Self::Weight(left) => BoxSplitter::new(ByWeight { left, book: book.clone() }),
        }
    }
}

#[derive(Clone)]
struct ByWeight {
    left: u64,
    book: Book,
}

impl Splitter<MessageOf<Simulated>, u64> for ByWeight {
    fn split(&mut self, message: &MessageOf<Simulated>, output: &u64) -> Split {
        let mut entries = self.book.open();
        let number = message.data.number;
        entries.check(*output == number * 2 + 1, || format!("a splitter sees {number} with {output}"));
        let panics = entries.scenario.callbacks.splitter_panic;
        if message.data.dice.again(7).percent(panics) {
            let entry = entries.message(number);
            entry.due = Due::Failed;
            entry.failure = Some((Fault::PANIC.kind, 1));
            entries.tally.fault("splitter panics");
            drop(entries);
            panic!("told to panic");
        }
        match self.left.checked_sub(message.data.weight) {
            Some(0) => Split::AddAndEmit,
            Some(left) => {
                self.left = left;
                Split::Add
            }
            None => Split::EmitBeforeAdd,
        }
    }
}
