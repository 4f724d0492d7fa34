//! Makes a scenario that breaks a promise as small as it can, by halving and leaving out its parts.

use super::{Callbacks, Hooks, Order, Outcome, Scenario};

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
        with(&|smaller| smaller.sources[index] = smaller.sources[index].plain());
    }
    for index in 0..scenario.kills.len() {
        with(&|smaller| drop(smaller.kills.remove(index)));
    }
    for index in 0..scenario.pushes.len() {
        with(&|smaller| {
            smaller.pushes.remove(index);
        });
        with(&|smaller| smaller.pushes[index].messages = smaller.pushes[index].messages.div_ceil(2));
    }
    with(&|smaller| smaller.pauses.clear());
    with(&|smaller| smaller.limits.clear());
    with(&|smaller| smaller.looks.clear());
    with(&|smaller| smaller.hooks = Hooks::default());
    with(&|smaller| smaller.stop_step = None);
    with(&|smaller| smaller.jitter = false);
    with(&|smaller| smaller.order = Order::Turns);
    with(&|smaller| smaller.shape.processors = smaller.shape.processors.div_ceil(2));
    with(&|smaller| smaller.shape.rate_limit = None);
    with(&|smaller| smaller.shape.attempts = None);
    with(&|smaller| smaller.shape.give_up_after = None);
    with(&|smaller| smaller.shape.max_deliveries = None);
    with(&|smaller| smaller.shape.retry = None);
    with(&|smaller| smaller.shape.partitioned = false);
    with(&|smaller| {
        smaller.shape.batchers.pop();
    });
    for index in 0..scenario.shape.batchers.len() {
        with(&|smaller| smaller.shape.batchers[index].stages = 1);
        with(&|smaller| smaller.shape.batchers[index].retry = None);
        with(&|smaller| smaller.shape.batchers[index].attempts = None);
        with(&|smaller| smaller.shape.batchers[index].split = false);
        with(&|smaller| smaller.shape.batchers[index].splitting = None);
    }
    with(&|smaller| smaller.acknowledgers = Default::default());
    with(&|smaller| smaller.callbacks = Callbacks { keys: 1, ..Callbacks::default() });
    for field in Callbacks::each() {
        with(&|smaller| *field(&mut smaller.callbacks) = 0);
    }
    found
}
