//! Thousands of pipelines of random shape, with random faults, kills and stops, in random orders: no promise is broken.

use broadway_tests::simulation::{Scenario, many, run};

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
