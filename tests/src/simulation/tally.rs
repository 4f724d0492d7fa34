//! What a run, or many, contained: a simulation without faults proves nothing.

use std::{collections::BTreeMap, fmt};

/// Counts things by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<&'static str, u64>,
    faults: BTreeMap<&'static str, u64>,
    kills: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts what is no fault.
    pub fn count(&mut self, what: &'static str, n: u64) {
        *self.counts.entry(what).or_default() += n;
    }

    /// Counts a fault.
    pub fn fault(&mut self, what: &'static str) {
        *self.faults.entry(what).or_default() += 1;
    }

    /// Counts a stage that was killed, by its kind.
    pub fn kill(&mut self, stage: &str) {
        *self.kills.entry(Self::kind(stage)).or_default() += 1;
    }

    /// What a stage or a supervisor of that name is.
    pub fn kind(name: &str) -> &'static str {
        let supervisor = name == "supervisor" || name.ends_with("_supervisor") || !name.contains('_');
        match name {
            "terminator" => "terminators",
            "rate_limiter" => "rate limiters",
            _ if supervisor || name.starts_with("batch_processors_") => "supervisors",
            _ if name.starts_with("producer_") => "producers",
            _ if name.starts_with("processor_") => "processors",
            _ if name.starts_with("batcher_") => "batchers",
            _ => "batch processors",
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        for (into, from) in
            [(&mut self.counts, &other.counts), (&mut self.faults, &other.faults), (&mut self.kills, &other.kills)]
        {
            from.iter().for_each(|(what, n)| *into.entry(what).or_default() += n);
        }
    }

    /// One count.
    pub fn of(&self, what: &str) -> u64 {
        self.counts.get(what).or_else(|| self.faults.get(what)).or_else(|| self.kills.get(what)).copied().unwrap_or(0)
    }

    /// All faults, kills among them.
    pub fn faults(&self) -> u64 {
        self.faults.values().chain(self.kills.values()).sum()
    }

    /// How many kinds of faults and kills there were.
    pub fn kinds(&self) -> (usize, usize) {
        (self.faults.len(), self.kills.len())
    }

    /// The least of all numbers, and what it counts.
    pub fn rarest(&self) -> Option<(&'static str, u64)> {
        let all = self.counts.iter().chain(&self.faults).chain(&self.kills);
        all.map(|(what, n)| (*what, *n)).min_by_key(|(_, n)| *n)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, counts) in [("runs", &self.counts), ("faults", &self.faults), ("kills", &self.kills)] {
            let list: Vec<String> = counts.iter().map(|(what, n)| format!("{what} {n}")).collect();
            writeln!(f, "{title}: {}", list.join(", "))?;
        }
        Ok(())
    }
}
