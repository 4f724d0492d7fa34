//! What things cost on this machine, in nanoseconds. Others use it too, so each figure comes from many short measurements,
//! of which one of the lowest is taken: what disturbs only makes them longer.

mod edge;
mod futex;
mod lines;
pub(crate) mod pipeline;

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Instant,
};

use broadway_scale::model::Costs;
use rustix::thread::{CpuSet, sched_setaffinity};

/// Enough that the machine is left alone in some of them.
const ROUNDS: usize = 100;

/// All costs but those that a shape of its own has.
pub(crate) fn costs() -> Costs {
    // In turns, because where the system puts the two cores changes: all of it is of the same place then.
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (lines::round(), edge::round())).collect();
    let of = |figure: fn(&([f64; 2], [f64; 3])) -> f64| low(rounds.iter().map(figure).collect());
    let lines = lines::lines([of(|(lines, _)| lines[0]), of(|(lines, _)| lines[1])]);
    let (fill, take, alternately) = (of(|(_, edge)| edge[0]), of(|(_, edge)| edge[1]), of(|(_, edge)| edge[2]));
    let stages = pipeline::stages();
    Costs {
        take,
        fill,
        follow: (alternately - lines.single - take).max(0.0),
        line: lines.single,
        message: stages.message,
        chunk: (stages.chunk - take - fill).max(0.0),
        travel: lines.of_many * pipeline::lines_of_a_message(),
        futex: futex::measure(),
    }
}

/// One of the lowest of many values: a fiftieth of them are lower.
fn low(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 50]
}

/// Runs `body` on as many threads at once, each on a core of its own, and says how many nanoseconds passed from the first
/// start to the last end.
fn on_threads(threads: usize, body: impl Fn(usize) + Sync) -> f64 {
    let here = AtomicUsize::new(0);
    let run = |index| {
        stay_on(index);
        here.fetch_add(1, SeqCst);
        while here.load(SeqCst) < threads {
            std::hint::spin_loop();
        }
        let start = Instant::now();
        body(index);
        (start, Instant::now())
    };
    let run = &run;
    let times = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|index| scope.spawn(move || run(index))).collect();
        handles.into_iter().map(|handle| handle.join().expect("it does not panic")).collect::<Vec<_>>()
    });
    let start = times.iter().map(|(start, _)| *start).min();
    let end = times.iter().map(|(_, end)| *end).max();
    start.zip(end).map_or(0.0, |(start, end)| (end - start).as_nanos() as f64)
}

/// Keeps this thread on a core. Where that is not allowed it is where the system puts it, and figures are of that.
fn stay_on(index: usize) {
    let mut core = CpuSet::new();
    core.set(index);
    sched_setaffinity(None, &core).ok();
}
