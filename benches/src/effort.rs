//! How long is measured.

/// Messages and rounds: enough for figures to keep, or for a look.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Of a pipeline at full speed.
    pub messages: u64,
    /// After the one that warms up.
    pub rounds: usize,
}

/// Takes the next turn and says what it came to.
pub type Turn<'a> = Box<dyn Fn() -> f64 + 'a>;

impl Effort {
    /// For `docs/performance.md`.
    pub const FULL: Self = Self { messages: 2_000_000, rounds: 7 };

    /// For a look.
    pub const QUICK: Self = Self { messages: 400_000, rounds: 5 };

    /// So much less: for what takes long.
    #[must_use]
    pub fn part(self, messages: u64) -> Self {
        Self { messages: self.messages / messages, ..self }
    }

    /// Takes turns, a round to warm up and then the ones that count, every other round the other way round. A value for each
    /// round, for each of those who take turns.
    pub fn in_turns(self, turns: &[Turn<'_>]) -> Vec<Vec<f64>> {
        let mut values = vec![Vec::new(); turns.len()];
        for round in 0..=self.rounds {
            let forward = (0..turns.len()).collect::<Vec<_>>();
            let order = if round % 2 == 0 { forward } else { forward.into_iter().rev().collect() };
            for at in order {
                let value = turns[at]();
                if round > 0 {
                    values[at].push(value);
                }
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn turns_are_taken_both_ways_and_the_first_round_does_not_count() {
        let order = RefCell::new(String::new());
        let turn = |name: char| {
            let order = &order;
            Box::new(move || {
                order.borrow_mut().push(name);
                order.borrow().len() as f64
            }) as Turn<'_>
        };
        let values = Effort { messages: 0, rounds: 2 }.in_turns(&[turn('a'), turn('b')]);
        assert_eq!((order.borrow().as_str(), values), ("abbaab", vec![vec![4.0, 5.0], vec![3.0, 6.0]]));
    }
}
