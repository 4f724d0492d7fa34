//! What is printed: the costs, the model beside real pipelines, and the model on more cores.

use broadway_scale::model::{Costs, Outcome, Shape, simulate};

use crate::measure::pipeline;

const CORES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// The figures are means over these.
const SEEDS: std::ops::Range<u64> = 0..5;

/// How far lines travel: as here, where both cores share a cache; to another die; to another socket. In times of what was
/// measured.
const DISTANCES: [(&str, f64); 3] = [("as here", 1.0), ("3 times as long", 3.0), ("6 times as long", 6.0)];

/// Demand a processor, nanoseconds of a handler's own, whether each core has an edge of its own.
const CASES: [(&str, usize, f64, bool); 6] = [
    ("demand 10, handlers do nothing", 10, 0.0, false),
    ("  the same, an edge a core", 10, 0.0, true),
    ("demand 10, handlers take 1 µs", 10, 1_000.0, false),
    ("  the same, an edge a core", 10, 1_000.0, true),
    ("demand 1000, handlers do nothing", 1_000, 0.0, false),
    ("  the same, an edge a core", 1_000, 0.0, true),
];

pub(crate) fn costs(costs: &Costs) {
    println!("nanoseconds, the least that were measured, 2 cores");
    let row = |what: &str, nanos: f64| println!("  {what:<62} {nanos:>8.1}");
    row("a cache line from one core to the other", costs.line);
    row("a take under the edge's lock, its lines here", costs.take);
    row("the same after a take of the other core", costs.take + costs.follow);
    row("to fill in a chunk under the lock", costs.fill);
    row("a message in its producer and its processor", costs.message);
    row("a chunk in a processor, beside its messages", costs.chunk);
    row("a message's lines from the other core", costs.travel);
    row("to look at a lock before sleeping", costs.futex.spin);
    row("to wake a thread, for the one that wakes", costs.futex.wake);
    row("from then until it runs", costs.futex.latency);
}

/// What is predicted for pipelines that can be run here.
pub(crate) fn check(costs: &Costs) {
    println!("\nM/s, 4 producers, 20 processors, no batcher          measured predicted");
    for max_demand in [10, 100, 1_000] {
        for threads in [1, 2] {
            let measured = pipeline::rate(pipeline::shape(max_demand as u64), threads);
            let predicted = mean(costs, &shape(threads, max_demand, 0.0, false)).rate;
            let name = format!("demand {max_demand}, {threads} thread{}", if threads == 1 { "" } else { "s" });
            println!("  {name:<50} {measured:>8.1} {predicted:>9.1}");
        }
    }
}

/// Rates and waiting by the number of cores.
pub(crate) fn cores(costs: &Costs) {
    for (distance, times) in DISTANCES {
        let Costs { line, follow, travel, .. } = *costs;
        let costs = Costs { line: line * times, follow: follow * times, travel: travel * times, ..*costs };
        println!("\nM/s (% of the cores' time that waits for a lock), lines travel {distance}");
        println!("  {:<34}{}", "cores", CORES.map(|cores| format!("{cores:>11}")).concat());
        for (name, max_demand, handler, sharded) in CASES {
            let cells = CORES.map(|cores| {
                let Outcome { rate, waiting, .. } = mean(&costs, &shape(cores, max_demand, handler, sharded));
                format!("{:>11}", format!("{rate:.0} ({:.0})", waiting * 100.0))
            });
            println!("  {name:<34}{}", cells.concat());
        }
    }
}

/// As `pipeline::shape` has it where there are few cores; more stages where there are more.
fn shape(cores: usize, max_demand: usize, handler: f64, sharded: bool) -> Shape {
    let shards = if sharded { cores } else { 1 };
    Shape { cores, producers: 4.max(cores / 4), processors: 20.max(2 * cores), max_demand, handler, shards }
}

fn mean(costs: &Costs, shape: &Shape) -> Outcome {
    let outcomes: Vec<_> = SEEDS.map(|seed| simulate(costs, shape, seed)).collect();
    let of = |figure: fn(&Outcome) -> f64| outcomes.iter().map(figure).sum::<f64>() / outcomes.len() as f64;
    Outcome { rate: of(|o| o.rate), waiting: of(|o| o.waiting), idle: of(|o| o.idle) }
}
