//! What a stage has emitted and nobody has asked for. Invariant: no more than its size after each emission, and what does
//! not fit is counted.

use std::collections::VecDeque;

/// Which events stay in a full buffer.
///
/// [`ProducerBuilder::buffer_keep`](super::ProducerBuilder::buffer_keep) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// The oldest: newer ones are dropped.
    First,
    /// The newest: older ones are dropped.
    #[default]
    Last,
}

#[derive(Debug)]
pub(crate) struct Buffer<T> {
    pub(crate) events: VecDeque<T>,
    size: usize,
    keep: Keep,
}

impl<T> Buffer<T> {
    pub(crate) fn new(size: usize, keep: Keep) -> Self {
        Self { events: VecDeque::new(), size, keep }
    }

    /// Puts events behind the others, whatever its size: what can be dispatched at once needs no room.
    pub(crate) fn push(&mut self, events: Vec<T>) {
        if self.events.is_empty() {
            self.events = events.into();
        } else {
            self.events.extend(events);
        }
    }

    /// Drops what does not fit, and says how many from the front and from the back.
    pub(crate) fn trim(&mut self) -> (usize, usize) {
        let excess = self.events.len().saturating_sub(self.size);
        match self.keep {
            _ if excess == 0 => (0, 0),
            Keep::Last => {
                self.events.drain(..excess);
                (excess, 0)
            }
            Keep::First => {
                self.events.truncate(self.size);
                (0, excess)
            }
        }
    }
}
