//! Every small case: one and two messages in every topology of up to two processors, two batchers and two batch processors
//! each, with every way in which callbacks can go wrong, and a stop or a kill of every stage at every single step. Around
//! that step tasks also run in every order that differs from turns in one place.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{Acknowledgers, BatcherShape, Callbacks, Ending, Hooks, Order, Scenario, Shape, Source, Sum, run};

/// Runs one case in `one_in`, all if it is 1; with `reorder` also in all orders around the event.
pub fn small(one_in: usize, reorder: bool) -> Sum {
    let cases: Vec<Scenario> = cases().into_iter().step_by(one_in).collect();
    let (next, sum) = (AtomicUsize::new(0), Mutex::new(Sum::default()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let of_case = every_step(case, reorder);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.seeds += of_case.seeds;
                    sum.tally.add(&of_case.tally);
                    sum.violations.extend(of_case.violations);
                }
            });
        }
    });
    sum.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One case with each event at each step.
fn every_step(case: &Scenario, reorder: bool) -> Sum {
    let mut sum = Sum::default();
    let mut one = |scenario: &Scenario| {
        let outcome = run(scenario, false);
        sum.seeds += 1;
        sum.tally.add(&outcome.tally);
        sum.violations.extend(outcome.violations.into_iter().map(|text| (0, format!("{text}: {scenario:?}"))));
        outcome.steps
    };
    let steps = one(case);
    for step in 1..=steps {
        for event in events(case, step) {
            one(&event);
            if reorder {
                for (at, skip) in (step.saturating_sub(2)..step + 5).flat_map(|at| [(at, 1), (at, 2)]) {
                    one(&Scenario { skips: vec![(at, skip)], ..event.clone() });
                }
            }
        }
    }
    sum
}

/// What may happen at a step: a stop with time, one without, a kill of each stage and supervisor.
fn events(case: &Scenario, step: u64) -> Vec<Scenario> {
    let stop_step = Some(step);
    let (at, within) = (u64::from(u32::MAX), 30);
    let mut events = vec![
        Scenario { ending: Ending::Ample { at }, stop_step, ..case.clone() },
        Scenario { ending: Ending::Stop { at, within }, stop_step, ..case.clone() },
    ];
    for kind in case.shape.stages(1) {
        // The second stage of a layer is as good as the first.
        events.push(Scenario { kills: vec![(step, kind[0].clone())], ..case.clone() });
    }
    events
}

fn cases() -> Vec<Scenario> {
    let mut cases = Vec::new();
    for processors in 1..=2 {
        for (batchers, stages) in [(0, 1), (1, 1), (1, 2), (2, 1), (2, 2)] {
            for messages in 1..=2 {
                for callbacks in callbacks(batchers > 0) {
                    cases.push(case(processors, batchers, stages, messages, callbacks));
                }
            }
        }
    }
    cases
}

/// Half of all calls go wrong: with two messages, one goes wrong beside one that does not.
fn callbacks(batched: bool) -> Vec<Callbacks> {
    let plain = Callbacks { keys: 1, delay: 3, batch_delay: 3, ..Callbacks::default() };
    let mut all = vec![
        plain,
        Callbacks { error: 50, ..plain },
        Callbacks { panic: 50, ..plain },
        Callbacks { hang: 50, ..plain },
        Callbacks { steal: 50, ..plain },
        Callbacks { error: 100, failed: 50, later: 50, ..plain },
    ];
    if batched {
        all.extend([
            Callbacks { batch_error: 50, ..plain },
            Callbacks { batch_hang: 50, ..plain },
            Callbacks { batch_fail: 100, flush: 50, ..plain },
        ]);
    }
    all
}

fn case(processors: u64, batchers: usize, stages: u64, messages: u64, callbacks: Callbacks) -> Scenario {
    let batcher = BatcherShape {
        stages,
        size: 2,
        timeout: 5,
        max_pending: None,
        max_demand: None,
        time_limit: Some(7),
        retry: None,
        split: false,
        splitting: None,
    };
    let shape = Shape {
        processors,
        max_demand: 1,
        min_demand: None,
        timeout: Some(7),
        partitioned: false,
        rate_limit: None,
        give_up_after: None,
        max_deliveries: None,
        retry: None,
        unrouted_fail: false,
        batchers: vec![batcher; batchers],
    };
    let source = Source {
        messages,
        finishes: true,
        delay: 0,
        preferred: None,
        halves: 0,
        errors: 0,
        panics: 0,
        dead_after: None,
        holds: 0,
        partitions: 1,
        lease: None,
        deliveries: 1,
    };
    Scenario {
        seed: 1,
        shape,
        sources: vec![source],
        callbacks,
        acknowledgers: Acknowledgers { delay: 1, ..Acknowledgers::default() },
        hooks: Hooks::default(),
        pushes: Vec::new(),
        limits: Vec::new(),
        kills: Vec::new(),
        pauses: Vec::new(),
        looks: Vec::new(),
        ending: Ending::Finish,
        stop_step: None,
        order: Order::Turns,
        skips: Vec::new(),
        jitter: false,
    }
}
