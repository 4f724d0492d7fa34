//! What a lock costs whoever finds it locked for long: looking at it, being woken, and waking.

use std::{
    hint::spin_loop,
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use broadway_scale::model::Futex;

use super::low;

/// The standard library looks so often.
const LOOKS: u32 = 100;

pub(super) fn measure() -> Futex {
    let spin = low((0..200).map(|_| spin()).collect());
    let wakes: Vec<_> = (0..200).map(|_| wake()).collect();
    let wake = low(wakes.iter().map(|(wake, _)| *wake).collect());
    let whole = low(wakes.iter().map(|(_, whole)| *whole).collect());
    Futex { spin, wake, latency: (whole - wake).max(0.0) }
}

fn spin() -> f64 {
    let start = Instant::now();
    (0..LOOKS).for_each(|_| spin_loop());
    start.elapsed().as_nanos() as f64
}

/// How long waking a thread takes for the one that wakes, and until the other runs.
fn wake() -> (f64, f64) {
    let (woken, at) = channel();
    let sleeper = std::thread::spawn(move || {
        std::thread::park();
        woken.send(Instant::now()).ok();
    });
    // It sleeps by then; if it does not, this is one of the values that are not low.
    std::thread::sleep(Duration::from_micros(300));
    let start = Instant::now();
    sleeper.thread().unpark();
    let wake = start.elapsed();
    let ran = at.recv().map_or(Duration::MAX, |at| at.saturating_duration_since(start));
    (wake.as_nanos() as f64, ran.as_nanos() as f64)
}
