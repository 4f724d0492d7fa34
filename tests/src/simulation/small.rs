//! Every small case: one and two messages in every topology of up to two processors, two batchers and two batch processors
//! each, with every way in which callbacks can go wrong, tried again or halved or not, stages that wait for answers and stages that
//! go on, and a stop or a kill of every stage at every single step. Around that step tasks also run in every order that differs from turns in one place.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{Acknowledgers, BatcherShape, Callbacks, Ending, Hooks, Order, Retry, Scenario, Shape, Source, Sum, run};

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
                    sum.extend(of_case);
                }
            });
        }
    });
    sum.into_inner().unwrap_or_else(PoisonError::into_inner).end()
}

/// One case with each event at each step.
fn every_step(case: &Scenario, reorder: bool) -> Sum {
    let mut sum = Sum::default();
    let mut one = |scenario: &Scenario| {
        let mut outcome = run(scenario, false);
        outcome.violations.iter_mut().for_each(|text| *text = format!("{text}: {scenario:?}"));
        let steps = outcome.steps;
        sum.seeds += 1;
        sum.add(0, outcome);
        steps
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

/// What a case does about what goes wrong in it.
#[derive(Debug, Clone, Copy, Default)]
struct Remedies {
    retry: bool,
    split: bool,
    partitioned: bool,
}

fn cases() -> Vec<Scenario> {
    let mut cases = Vec::new();
    for processors in 1..=2 {
        for (batchers, stages) in [(0, 1), (1, 1), (1, 2), (2, 1), (2, 2)] {
            for messages in 1..=2 {
                for (remedies, callbacks) in callbacks(batchers > 0) {
                    let case = case((processors, batchers, stages), messages, remedies, callbacks);
                    let later = Acknowledgers { later: true, ..case.acknowledgers };
                    cases.extend([Scenario { acknowledgers: later, ..case.clone() }, case]);
                }
            }
        }
    }
    cases
}

/// Half of all calls go wrong: with two messages, one goes wrong beside one that does not, and the first attempt beside a
/// later one.
fn callbacks(batched: bool) -> Vec<(Remedies, Callbacks)> {
    let plain = Callbacks { keys: 1, delay: 3, batch_delay: 3, ..Callbacks::default() };
    let none = Remedies::default();
    let retry = Remedies { retry: true, ..none };
    // The second message of the partition waits behind the first.
    let parked = Remedies { retry: true, partitioned: true, ..none };
    let mut all = vec![
        (none, plain),
        (none, Callbacks { error: 50, ..plain }),
        (none, Callbacks { panic: 50, ..plain }),
        (none, Callbacks { hang: 50, ..plain }),
        (none, Callbacks { steal: 50, ..plain }),
        (none, Callbacks { error: 100, failed: 50, later: 50, ..plain }),
        (retry, Callbacks { error: 50, ..plain }),
        (retry, Callbacks { hang: 50, ..plain }),
        (retry, Callbacks { error: 100, refused: 50, ..plain }),
        (parked, Callbacks { error: 50, ..plain }),
        (parked, Callbacks { prepare: 50, ..plain }),
    ];
    if batched {
        let split = Remedies { split: true, ..none };
        let both = Remedies { retry: true, split: true, ..none };
        all.extend([
            (none, Callbacks { batch_error: 50, ..plain }),
            (none, Callbacks { batch_hang: 50, ..plain }),
            (none, Callbacks { batch_fail: 100, flush: 50, ..plain }),
            (retry, Callbacks { batch_error: 50, ..plain }),
            (retry, Callbacks { batch_hang: 50, ..plain }),
            (parked, Callbacks { batch_error: 50, batch_fail: 50, ..plain }),
            (split, Callbacks { poison: 50, ..plain }),
            (split, Callbacks { batch_error: 100, ..plain }),
            (both, Callbacks { poison: 50, ..plain }),
            (both, Callbacks { batch_error: 50, permanent: 50, batch_fail: 50, ..plain }),
        ]);
    }
    all
}

/// Two attempts with a wait between them, and room for one message that waits.
const RETRY: Retry = Retry { attempts: Some(2), min: 4, max: 4, factor: 1, jitter: 0, within: None, max_waiting: 1 };

fn case(
    (processors, batchers, stages): (u64, usize, u64),
    messages: u64,
    remedies: Remedies,
    callbacks: Callbacks,
) -> Scenario {
    let retry = remedies.retry.then_some(RETRY);
    let batcher = BatcherShape {
        stages,
        size: 2,
        timeout: 5,
        max_pending: None,
        max_demand: None,
        time_limit: Some(7),
        retry,
        attempts: None,
        split: remedies.split,
        splitting: None,
    };
    let shape = Shape {
        processors,
        max_demand: 1,
        min_demand: None,
        timeout: Some(7),
        partitioned: remedies.partitioned,
        rate_limit: None,
        attempts: None,
        give_up_after: None,
        max_deliveries: None,
        retry,
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
