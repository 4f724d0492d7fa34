//! Thousands of pipelines of random shape, with random faults, kills and stops, in random orders: no promise is broken.

use broadway_tests::simulation::{Scenario, many, run, small};

#[test]
fn two_thousand_seeds_break_no_promise() {
    let sum = many(0, 2_000);
    assert!(sum.violations.is_empty(), "\n{}\n", sum.failures().join("\n"));
    // A simulation in which nothing happens proves nothing.
    let (faults, kills) = sum.tally.kinds();
    assert!(faults == 16 && kills == 7, "{}", sum.tally);
    let (what, n) = sum.tally.rarest().unwrap();
    assert!(n >= 20, "only {n} {what}\n{}", sum.tally);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let hashes: Vec<u64> = (0..200).map(|seed| run(&Scenario::of(seed), false).hash).collect();
    for (seed, hash) in (0..).zip(&hashes) {
        assert_eq!(run(&Scenario::of(seed), seed % 2 == 0).hash, *hash, "seed {seed}");
    }
    let mut different = hashes.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), hashes.len());
}

#[test]
fn a_stop_or_a_kill_at_every_step_of_small_cases_breaks_no_promise() {
    // All of them take minutes without optimization: `cargo xtask simulate --small`.
    let sum = small(7, false);
    let violations: Vec<&String> = sum.violations.iter().take(5).map(|(_, violation)| violation).collect();
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(sum.seeds >= 5_000, "only {} runs\n{}", sum.seeds, sum.tally);
}
