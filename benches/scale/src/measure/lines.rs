//! How long a cache line takes from one core to the other: alone, and as one of many that follow each other.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use super::on_threads;

pub(super) struct Lines {
    pub(super) single: f64,
    pub(super) of_many: f64,
}

/// Two lines, because processors fetch them in pairs.
#[repr(align(128))]
struct Line([AtomicU64; 8]);

impl Line {
    fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

/// Short enough that most are not disturbed.
const TURNS: u64 = 500;
const MANY: usize = 64;

/// One short measurement: nanoseconds of a turn, and of one with many lines more.
pub(super) fn round() -> [f64; 2] {
    [turns(0), turns(MANY)]
}

/// From the lowest of both.
pub(super) fn lines([single, with_many]: [f64; 2]) -> Lines {
    Lines { single, of_many: (with_many - single).max(0.0) / MANY as f64 }
}

/// Two threads take turns, and whoever has its turn writes to so many lines: nanoseconds a turn.
fn turns(lines: usize) -> f64 {
    let many: Vec<Line> = (0..lines).map(|_| Line::new()).collect();
    let write = |line: &Line| line.0[0].store(line.0[0].load(Relaxed) + 1, Relaxed);
    in_turns(TURNS, |_| {
        || {
            many.iter().for_each(write);
            true
        }
    })
}

/// Two threads take turns in what `of` makes for each: nanoseconds a turn.
pub(super) fn in_turns<F: FnMut() -> bool>(turns: u64, of: impl Fn(usize) -> F + Sync) -> f64 {
    let turn = Line::new();
    let body = |index: usize| {
        let mut step = of(index);
        for next in (index as u64..turns).step_by(2) {
            while turn.0[0].load(Acquire) != next {
                std::hint::spin_loop();
            }
            assert!(step(), "there is something to do in each turn");
            turn.0[0].store(next + 1, Release);
        }
    };
    on_threads(2, body) / turns as f64
}
