//! Makes a scenario that breaks a promise as small as it can, by halving and leaving out its parts.

use super::{Callbacks, Order, Outcome, Scenario, Source};

/// The smallest scenario found that breaks the same promise, and what it came to.
pub fn shrink(scenario: &Scenario, run: impl Fn(&Scenario) -> Outcome) -> Scenario {
    let promise = |outcome: &Outcome| {
        outcome.violations.first().map(|text| text.split(|c: char| c.is_ascii_digit()).next().unwrap_or("").to_owned())
    };
    let mut smallest = scenario.clone();
    let broken = promise(&run(&smallest));
    if broken.is_none() {
        return smallest;
    }
    loop {
        let smaller = candidates(&smallest).into_iter().find(|smaller| promise(&run(smaller)) == broken);
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

/// All scenarios that are one part smaller.
fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let mut found = Vec::new();
    let mut with = |change: &dyn Fn(&mut Scenario)| {
        let mut smaller = scenario.clone();
        change(&mut smaller);
        if smaller != *scenario {
            found.push(smaller);
        }
    };
    for index in 0..scenario.sources.len() {
        if scenario.sources.len() > 1 {
            with(&|smaller| {
                smaller.sources.remove(index);
            });
        }
        with(&|smaller| smaller.sources[index].messages /= 2);
        with(&|smaller| smaller.sources[index].messages = smaller.sources[index].messages.saturating_sub(1));
        with(&|smaller| smaller.sources[index] = plain(smaller.sources[index]));
    }
    for index in 0..scenario.kills.len() {
        with(&|smaller| drop(smaller.kills.remove(index)));
    }
    with(&|smaller| smaller.pauses.clear());
    with(&|smaller| smaller.stop_step = None);
    with(&|smaller| smaller.jitter = false);
    with(&|smaller| smaller.order = Order::Turns);
    with(&|smaller| smaller.shape.processors = smaller.shape.processors.div_ceil(2));
    with(&|smaller| smaller.shape.rate_limit = None);
    with(&|smaller| smaller.shape.partitioned = false);
    with(&|smaller| {
        smaller.shape.batchers.pop();
    });
    for index in 0..scenario.shape.batchers.len() {
        with(&|smaller| smaller.shape.batchers[index].stages = 1);
    }
    with(&|smaller| smaller.acknowledgers = Default::default());
    with(&|smaller| smaller.callbacks = Callbacks { keys: 1, ..Callbacks::default() });
    for field in FIELDS {
        with(&|smaller| *field(&mut smaller.callbacks) = 0);
    }
    found
}

fn plain(source: Source) -> Source {
    Source { delay: 0, preferred: None, halves: 0, errors: 0, panics: 0, holds: 0, partitions: 1, ..source }
}

type Field = fn(&mut Callbacks) -> &mut u64;

const FIELDS: [Field; 19] = [
    |callbacks| &mut callbacks.delay,
    |callbacks| &mut callbacks.error,
    |callbacks| &mut callbacks.panic,
    |callbacks| &mut callbacks.hang,
    |callbacks| &mut callbacks.done,
    |callbacks| &mut callbacks.fail,
    |callbacks| &mut callbacks.steal,
    |callbacks| &mut callbacks.flush,
    |callbacks| &mut callbacks.unrouted,
    |callbacks| &mut callbacks.partition_panic,
    |callbacks| &mut callbacks.prepare,
    |callbacks| &mut callbacks.batch_delay,
    |callbacks| &mut callbacks.batch_error,
    |callbacks| &mut callbacks.batch_panic,
    |callbacks| &mut callbacks.batch_hang,
    |callbacks| &mut callbacks.batch_fail,
    |callbacks| &mut callbacks.failed,
    |callbacks| &mut callbacks.discard,
    |callbacks| &mut callbacks.later,
];
