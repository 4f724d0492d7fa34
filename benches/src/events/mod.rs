//! Plain events, through `broadway::stage` and through what a user would write without it. The work is the same on both
//! sides: numbers are counted up, perhaps mapped, and added up, and the sum must be the right one.

pub mod channels;
pub mod stages;

/// As many events a chunk has on both sides, and half as many as a consumer asks for.
pub const CHUNK: u64 = 500;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    end: u64,
    are_mapped: bool,
    sum: u64,
}

impl Numbers {
    /// Those below `end`; perhaps something between the counter and the consumer makes another number of each.
    pub fn below(end: u64, are_mapped: bool) -> Self {
        let map = if are_mapped { mapped } else { |number| number };
        Self { end, are_mapped, sum: (0..end).map(map).fold(0, u64::wrapping_add) }
    }

    /// Fails where one is missing, or is another.
    fn check(self, sum: u64) {
        assert_eq!(sum, self.sum, "the sum of {} numbers", self.end);
    }
}

fn mapped(number: u64) -> u64 {
    number.rotate_left(7) ^ 0x5EED
}

/// What the consumer makes of what it gets.
#[inline(never)]
fn add(sum: u64, numbers: &[u64]) -> u64 {
    numbers.iter().fold(sum, |sum, number| sum.wrapping_add(*number))
}
