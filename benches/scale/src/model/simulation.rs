//! Cores, tasks and events. Tasks that can run wait in one queue, and cores that have none take the next: what tokio's own
//! queues cost is left out.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use super::{
    Costs, Outcome, Shape,
    edge::{Edge, Waiters},
    lock::{Arrival, Next},
    random::Random,
};

/// Simulated nanoseconds before figures are taken, and until the end.
const WARM_UP: f64 = 1e6;
const END: f64 = 6e6;

/// tokio lets a task that never waits run so long.
const BUDGET: u32 = 128;

/// A processor whose rounds take less wakes no other beside it (`QUICK` in `telemetry/meter.rs`).
const QUICK: f64 = 2_000.0;

/// Runs the shape for some milliseconds of its own time.
#[must_use]
pub fn simulate(costs: &Costs, shape: &Shape, seed: u64) -> Outcome {
    let mut simulation = Simulation::new(costs, shape, seed);
    while let Some(Reverse((at, _, event))) = simulation.events.pop() {
        simulation.now = at as f64 / 1e3;
        if simulation.now > END {
            break;
        }
        simulation.handle(event);
    }
    let window = END - WARM_UP;
    let cores = window * shape.cores as f64;
    Outcome {
        rate: simulation.done as f64 / window * 1e3,
        waiting: simulation.waited / cores,
        idle: simulation.idled / cores,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The core goes on with its task, or looks for one.
    Go(usize),
    /// The core tries the lock for which it slept.
    Try(usize),
    /// The core leaves the lock that it is in.
    Leave(usize),
    /// The core has looked at a lock for long enough, if this is still the same wait.
    Impatient(usize, u32),
}

#[derive(Clone, Copy)]
enum Task {
    /// Asks for demand; emits what it reserved at this edge; hands it over.
    Reserve,
    Emit(usize, usize),
    Fill(usize, usize),
    /// Gives back what it holds of this edge, and takes.
    Take(usize, usize),
    /// Takes from an edge that is not its core's own.
    Steal(usize),
    Work(usize, usize),
}

struct Core {
    task: Option<usize>,
    /// The task that was woken here last: it runs here when this one waits, and nobody else can have it.
    next: Option<usize>,
    rounds: u32,
    /// The edge whose lock it is in or waits for.
    edge: usize,
    waits: u32,
    since: f64,
    /// What it does after the lock before it goes on.
    owes: f64,
}

struct Simulation<'a> {
    costs: &'a Costs,
    shape: &'a Shape,
    now: f64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    random: Random,
    cores: Vec<Core>,
    tasks: Vec<Task>,
    ready: VecDeque<usize>,
    resting: Vec<usize>,
    edges: Vec<Edge>,
    hungry: Waiters,
    idle: Waiters,
    done: usize,
    waited: f64,
    idled: f64,
}

impl<'a> Simulation<'a> {
    fn new(costs: &'a Costs, shape: &'a Shape, seed: u64) -> Self {
        let capacity = shape.processors * shape.max_demand / shape.shards;
        let producers = (0..shape.producers).map(|_| Task::Reserve);
        let mut simulation = Self {
            costs,
            shape,
            now: 0.0,
            events: BinaryHeap::new(),
            sequence: 0,
            random: Random(seed),
            cores: (0..shape.cores)
                .map(|_| Core { task: None, next: None, rounds: 0, edge: 0, waits: 0, since: 0.0, owes: 0.0 })
                .collect(),
            tasks: producers.chain((0..shape.processors).map(|_| Task::Take(usize::MAX, 0))).collect(),
            ready: (0..shape.producers + shape.processors).collect(),
            resting: Vec::new(),
            edges: (0..shape.shards).map(|_| Edge::new(capacity, shape.chunk())).collect(),
            hungry: Waiters::default(),
            idle: Waiters::default(),
            done: 0,
            waited: 0.0,
            idled: 0.0,
        };
        (0..shape.cores).for_each(|core| simulation.after(0.0, Event::Go(core)));
        simulation
    }

    fn after(&mut self, nanos: f64, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((((self.now + nanos) * 1e3) as u64, self.sequence, event)));
    }

    /// The part of a span up to now that lies behind the warm-up.
    fn counted(&self, since: f64) -> f64 {
        (self.now - since.max(WARM_UP)).max(0.0)
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Go(core) => self.go(core),
            Event::Try(core) => self.arrive(core, true),
            Event::Leave(core) => self.leave(core),
            Event::Impatient(core, wait) => {
                let Core { edge, waits, .. } = self.cores[core];
                if waits == wait {
                    self.edges[edge].lock.lose_patience(core);
                }
            }
        }
    }

    /// The core's next step: it works, or wants a lock.
    fn go(&mut self, core: usize) {
        let Some(task) = self.task_of(core) else {
            self.cores[core].since = self.now;
            return self.resting.push(core);
        };
        let owed = std::mem::take(&mut self.cores[core].owes);
        let home = core % self.shape.shards;
        match self.tasks[task] {
            Task::Reserve => {
                let Some(edge) = self.edge_that_wants(core) else {
                    // Looking costs nothing that matters: a producer that finds nothing sleeps.
                    return self.park(core, true);
                };
                self.want(core, edge, owed);
            }
            Task::Emit(edge, messages) => {
                self.tasks[task] = Task::Fill(edge, messages);
                // What it writes into was emptied by a processor.
                self.after(owed + messages as f64 * self.travel(), Event::Go(core));
            }
            Task::Fill(edge, _) | Task::Steal(edge) => self.want(core, edge, owed),
            Task::Take(edge, held) => {
                let edge = if held > 0 { edge } else { home };
                self.want(core, edge, owed);
            }
            Task::Work(edge, messages) => {
                let message = self.costs.message + self.shape.handler + self.travel();
                if self.now > WARM_UP {
                    self.done += messages;
                }
                self.tasks[task] = Task::Take(edge, messages);
                self.after(owed + self.costs.chunk + messages as f64 * message, Event::Go(core));
            }
        }
    }

    /// A message's way from wherever it was written last, which may be here.
    fn travel(&self) -> f64 {
        let cores = self.shape.cores as f64;
        self.costs.travel * (1.0 - 1.0 / cores)
    }

    /// What the core works on: its task, the next that can run if that has had its turn.
    fn task_of(&mut self, core: usize) -> Option<usize> {
        if let Some(task) = self.cores[core].task {
            if self.cores[core].rounds < BUDGET {
                return Some(task);
            }
            self.ready.push_back(task);
        }
        let next = self.cores[core].next.take().or_else(|| self.ready.pop_front());
        (self.cores[core].task, self.cores[core].rounds) = (next, 0);
        next
    }

    /// The core's own, if it wants something.
    fn edge_that_wants(&self, core: usize) -> Option<usize> {
        let shards = self.shape.shards;
        (0..shards).map(|step| (core + step) % shards).find(|edge| self.edges[*edge].wants())
    }

    /// The core wants an edge's lock, after some work.
    fn want(&mut self, core: usize, edge: usize, owed: f64) {
        self.cores[core].edge = edge;
        if owed > 0.0 {
            return self.after(owed, Event::Try(core));
        }
        self.arrive(core, false);
    }

    fn arrive(&mut self, core: usize, woken: bool) {
        let edge = self.cores[core].edge;
        let slept = woken && self.cores[core].waits % 2 == 1;
        match self.edges[edge].lock.arrive(core, slept) {
            Arrival::Entered { far } => self.enter(core, far),
            Arrival::Spins => {
                self.begin_to_wait(core);
                let wait = self.cores[core].waits;
                self.after(self.costs.futex.spin, Event::Impatient(core, wait));
            }
            Arrival::Sleeps => self.begin_to_wait(core),
        }
    }

    /// Odd numbers are waits that go on.
    fn begin_to_wait(&mut self, core: usize) {
        let now = self.now;
        let core = &mut self.cores[core];
        if core.waits.is_multiple_of(2) {
            (core.waits, core.since) = (core.waits + 1, now);
        }
    }

    fn enter(&mut self, core: usize, far: bool) {
        if self.cores[core].waits % 2 == 1 {
            self.waited += self.counted(self.cores[core].since);
            self.cores[core].waits += 1;
        }
        let task = self.cores[core].task.unwrap_or_default();
        let hold = match self.tasks[task] {
            Task::Fill(_, messages) => self.costs.fill * messages.div_ceil(self.shape.chunk()) as f64,
            _ => self.costs.take,
        };
        self.after(hold + if far { self.costs.follow } else { 0.0 }, Event::Leave(core));
    }

    /// What happened under the lock shows now.
    fn leave(&mut self, core: usize) {
        let (edge, task) = (self.cores[core].edge, self.cores[core].task.unwrap_or_default());
        match self.edges[edge].lock.leave(&mut self.random) {
            Next::Nobody => {}
            Next::Entered { core, far } => self.enter(core, far),
            Next::Woken(sleeper) => {
                self.cores[core].owes += self.costs.futex.wake;
                self.after(self.costs.futex.wake + self.costs.futex.latency, Event::Try(sleeper));
            }
        }
        let (mut parks, share) = (false, self.share());
        match self.tasks[task] {
            Task::Reserve => match self.edges[edge].reserve(share) {
                0 => parks = true,
                reserved => self.tasks[task] = Task::Emit(edge, reserved),
            },
            Task::Fill(_, messages) => {
                self.edges[edge].fill(messages);
                self.tasks[task] = Task::Reserve;
                let woken = self.edges[edge].wakes(true);
                self.wake_processors(core, edge, woken);
            }
            Task::Take(_, held) => parks = !self.take(core, task, edge, held),
            Task::Steal(_) => parks = !self.take(core, task, edge, 0),
            Task::Emit(..) | Task::Work(..) => {}
        }
        self.cores[core].rounds += 1;
        if parks {
            self.park(core, matches!(self.tasks[task], Task::Reserve));
        } else {
            self.go(core);
        }
    }

    /// Takes, or else looks where something can be stolen; false if there is nothing.
    fn take(&mut self, core: usize, task: usize, edge: usize, held: usize) -> bool {
        let round = self.costs.chunk + self.shape.chunk() as f64 * (self.costs.message + self.shape.handler);
        let taken = self.edges[edge].take(held, round < QUICK);
        let woken = self.edges[edge].wakes(false);
        self.wake_processors(core, edge, woken);
        if self.edges[edge].wants()
            && let Some(producer) = self.hungry.0.pop_front()
        {
            self.wake(core, producer);
        }
        if taken > 0 {
            self.tasks[task] = Task::Work(edge, taken);
            return true;
        }
        let from = self.random.below(self.shape.shards);
        let others = (0..self.shape.shards).map(|step| (from + step) % self.shape.shards);
        self.tasks[task] = match { others }.find(|other| self.edges[*other].waiting > 0) {
            // To see that it has some, a line has to come from there.
            Some(other) => {
                self.cores[core].owes += self.costs.line;
                Task::Steal(other)
            }
            None => Task::Take(edge, 0),
        };
        matches!(self.tasks[task], Task::Steal(_))
    }

    fn share(&self) -> usize {
        (self.shape.processors * self.shape.max_demand / self.shape.producers / self.shape.shards)
            .max(self.shape.chunk())
    }

    fn park(&mut self, core: usize, producer: bool) {
        let task = self.cores[core].task.take();
        if let Some(task) = task {
            let waiters = if producer { &mut self.hungry } else { &mut self.idle };
            waiters.0.push_back(task);
        }
        self.go(core);
    }

    /// Wakes so many processors; where a core has an edge of its own, one that rests wakes one itself.
    fn wake_processors(&mut self, core: usize, edge: usize, most: usize) {
        for _ in 0..most {
            let Some(task) = self.idle.0.pop_front() else { return };
            let home = |resting: &usize| self.shape.shards > 1 && resting % self.shape.shards == edge;
            match self.resting.iter().position(home) {
                Some(at) => {
                    let resting = self.resting.swap_remove(at);
                    self.cores[resting].next = Some(task);
                    self.rouse(resting);
                }
                None => self.wake(core, task),
            }
        }
    }

    /// As tokio does: the task runs next on the core that wakes it, and the one that was to run next may go elsewhere.
    fn wake(&mut self, core: usize, task: usize) {
        if let Some(other) = self.cores[core].next.replace(task) {
            self.ready.push_back(other);
            if let Some(resting) = self.resting.pop() {
                self.rouse(resting);
            }
        }
    }

    fn rouse(&mut self, core: usize) {
        self.idled += self.counted(self.cores[core].since) + self.costs.futex.latency;
        self.after(self.costs.futex.latency, Event::Go(core));
    }
}
