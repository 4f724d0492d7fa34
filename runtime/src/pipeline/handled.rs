//! A chunk of messages on its way to a batcher, beside what `handle_message` made of them.

use crate::{batch::MessageOf, handler::Broadway, stage::edge::Cargo};

pub(crate) struct Handled<P: Broadway> {
    pub(crate) messages: Vec<MessageOf<P>>,
    /// As many as messages.
    pub(crate) outputs: Vec<P::Output>,
    /// As many as messages, or none if the batcher is not partitioned.
    pub(crate) partitions: Vec<u64>,
    /// When it came into the batcher's queue, if that is measured; else 0.
    pub(crate) entered_at: u64,
}

impl<P: Broadway> Default for Handled<P> {
    fn default() -> Self {
        Self { messages: Vec::new(), outputs: Vec::new(), partitions: Vec::new(), entered_at: 0 }
    }
}

impl<P: Broadway> Cargo for Handled<P> {
    fn len(&self) -> usize {
        self.messages.len()
    }

    fn move_front(&mut self, n: usize, into: &mut Self) {
        if into.messages.is_empty() {
            into.entered_at = self.entered_at;
        }
        self.messages.move_front(n, &mut into.messages);
        self.outputs.move_front(n, &mut into.outputs);
        if !self.partitions.is_empty() {
            self.partitions.move_front(n, &mut into.partitions);
        }
    }
}
