//! What an edge moves at once.

/// A chunk of messages. A new one is empty and owns nothing.
pub(crate) trait Cargo: Default {
    /// How many messages it has.
    fn len(&self) -> usize;

    /// Moves the first `n` messages behind those of `into`.
    fn move_front(&mut self, n: usize, into: &mut Self);

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is large travels in a box: edges and batchers move it often.
impl<C: Cargo> Cargo for Box<C> {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn move_front(&mut self, n: usize, into: &mut Self) {
        (**self).move_front(n, into);
    }
}

impl<T> Cargo for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn move_front(&mut self, n: usize, into: &mut Self) {
        if n == self.len() {
            into.append(self);
        } else {
            into.extend(self.drain(..n));
        }
    }
}
