//! A pipeline without batchers on any number of cores, as events in time: cores run tasks, tasks work and enter locks, and a
//! lock's lines travel to whoever enters it next. The same seed gives the same figures.

mod edge;
mod lock;
mod random;
mod simulation;

pub use simulation::simulate;

/// What was measured, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// Under the lock, its lines being here: to give back a chunk and take the next, and to fill in a chunk.
    pub take: f64,
    /// See `take`.
    pub fill: f64,
    /// More of it if another core had the lock last.
    pub follow: f64,
    /// One line from one core to another.
    pub line: f64,
    /// Outside of the lock: a message, and a chunk beside its messages.
    pub message: f64,
    /// See `message`.
    pub chunk: f64,
    /// A message's lines from the core that wrote them.
    pub travel: f64,
    /// Of the lock.
    pub futex: Futex,
}

/// What waiting for a lock costs, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct Futex {
    /// So long a thread looks at a lock before it sleeps.
    pub spin: f64,
    /// To wake a thread, for the one that wakes.
    pub wake: f64,
    /// From the wake-up until the thread runs.
    pub latency: f64,
}

/// What runs.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// As many tasks run at a time.
    pub cores: usize,
    /// Stages.
    pub producers: usize,
    /// Stages.
    pub processors: usize,
    /// Of each processor.
    pub max_demand: usize,
    /// What a handler does with a message, in nanoseconds, on top of what the runtime does.
    pub handler: f64,
    /// Edges beside each other, each with its part of the demand; a core takes from its own and steals where that is empty.
    pub shards: usize,
}

impl Shape {
    /// GenStage's: half of it is taken at once.
    #[must_use]
    pub fn chunk(&self) -> usize {
        self.max_demand - self.max_demand / 2
    }
}

/// What came out.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Million messages a second.
    pub rate: f64,
    /// The part of all cores' time that was spent waiting for locks, awake or asleep.
    pub waiting: f64,
    /// The part without anything to do.
    pub idle: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs {
        take: 20.0,
        fill: 0.0,
        follow: 80.0,
        line: 30.0,
        message: 40.0,
        chunk: 80.0,
        travel: 0.0,
        futex: Futex { spin: 2_000.0, wake: 500.0, latency: 3_000.0 },
    };

    const SHAPE: Shape = Shape { cores: 1, producers: 4, processors: 20, max_demand: 10, handler: 0.0, shards: 1 };

    #[test]
    fn one_core_needs_what_its_work_and_the_lock_cost() {
        let rate = simulate(&COSTS, &SHAPE, 1).rate;
        // A chunk of five: 20 under the lock, 80 and 5 times 40 outside of it; now and then a fill.
        let expected = 5.0 / (20.0 + 80.0 + 200.0) * 1e3;
        assert!((rate / expected - 1.0).abs() < 0.03, "{rate} for {expected}");
    }

    #[test]
    fn many_cores_are_not_faster_than_their_lock() {
        let many = Shape { cores: 64, processors: 128, producers: 16, ..SHAPE };
        let one_edge = simulate(&COSTS, &many, 1);
        // A chunk of five in each 100 ns, while the lock goes from core to core.
        assert!(one_edge.rate < 51.0 && one_edge.waiting > 0.5, "{one_edge:?}");
        let edges = simulate(&COSTS, &Shape { shards: 64, ..many }, 1);
        assert!(edges.rate > 2.0 * one_edge.rate, "{edges:?} for {one_edge:?}");
    }

    #[test]
    fn cores_that_do_not_meet_add_up() {
        let slow = Shape { handler: 10_000.0, ..SHAPE };
        let [one, eight] = [1, 8].map(|cores| simulate(&COSTS, &Shape { cores, ..slow }, 1).rate);
        assert!((eight / one / 8.0 - 1.0).abs() < 0.05, "{eight} for {one}");
    }

    #[test]
    fn the_same_seed_gives_the_same_figures() {
        let shape = Shape { cores: 8, ..SHAPE };
        let [one, other] = [1, 1].map(|seed| simulate(&COSTS, &shape, seed));
        assert_eq!((one.rate, one.waiting, one.idle), (other.rate, other.waiting, other.idle));
    }
}
