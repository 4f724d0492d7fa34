//! Bounds of constants, judged while the crate is compiled.

use std::time::Duration;

/// A constant that was given as an option's value.
#[derive(Debug)]
pub struct Constant<T>(pub T);

macro_rules! bounds {
    ($($type:ty),*) => {$(
        impl Constant<$type> {
            /// Whether a count is large enough.
            pub const fn at_least(self, min: u64) -> bool {
                self.0 as i128 >= min as i128
            }

            /// Whether a count is small enough.
            pub const fn at_most(self, max: u64) -> bool {
                self.0 as i128 <= max as i128
            }

            /// The count, for sums; nothing if it is negative.
            pub const fn count(self) -> u64 {
                if self.0 as i128 > 0 { self.0 as u64 } else { 0 }
            }

            /// Whether a time in milliseconds is long enough.
            pub const fn at_least_one_millisecond(self) -> bool {
                self.0 as i128 >= 1
            }
        }
    )*};
}
bounds!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

impl Constant<Duration> {
    /// Whether a time is long enough.
    pub const fn at_least_one_millisecond(self) -> bool {
        self.0.as_nanos() >= 1_000_000
    }
}

/// Whether counts are small enough together; one that alone is too large has its own error.
pub const fn together_at_most(counts: &[u64], max: u64) -> bool {
    let (mut total, mut i) = (0_u64, 0);
    while i < counts.len() {
        if counts[i] > max {
            return true;
        }
        total += counts[i];
        i += 1;
    }
    total <= max
}
