//! Statistics as a table to be read.

use std::{fmt, time::Duration};

use super::{Percentiles, RateLimiterStats, StageStats, Stats};

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pipeline, took, emitted, acknowledged, failed, released, in_flight, latency, .. } = self;
        write!(f, "{pipeline}: {emitted} emitted, {acknowledged} acknowledged, {failed} failed, {released} released")?;
        for (n, what) in [
            (*in_flight, "in flight"),
            (self.releasing, "to be released"),
            (self.undelivered, "verdicts undelivered"),
            (self.late, "verdicts too late"),
            (self.violations, "violations"),
            (self.restarts, "restarts"),
            (self.observer_panics, "panics of the observer"),
        ] {
            if n > 0 {
                write!(f, ", {n} {what}")?;
            }
        }
        writeln!(f, " in {} ({:.0} a second)", Short(*took), self.throughput())?;
        let Percentiles { p50, p90, p99, max, .. } = latency;
        writeln!(
            f,
            "from emission to verdict: p50 {}, p90 {}, p99 {}, max {}",
            Short(*p50),
            Short(*p90),
            Short(*p99),
            Short(*max)
        )?;
        for RateLimiterStats { layer, allowed, interval, left, next_in } in &self.rate_limiters {
            writeln!(
                f,
                "rate limit of {layer}: {left} of {allowed} left, the next {} begin in {}",
                Short(*interval),
                Short(*next_in)
            )?;
        }
        let rows = std::iter::once(HEAD.map(str::to_owned)).chain(self.stages.iter().map(row));
        table(f, &rows.collect::<Vec<_>>())?;
        if !self.queues.is_empty() {
            let head = ["queue before", "waiting", "open", "capacity"].map(str::to_owned);
            let rows = self.queues.iter().map(|queue| {
                [queue.before.clone(), queue.waiting.to_string(), queue.open.to_string(), queue.capacity.to_string()]
            });
            table(f, &std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

const HEAD: [&str; 16] = [
    "stage", "", "busy", "rounds", "messages", "ok", "failed", "released", "in hand", "errors", "restarts", "wait p50",
    "wait p99", "work p50", "work p99", "work max",
];

fn row(stage: &StageStats) -> [String; HEAD.len()] {
    let state = match (stage.running, stage.ready) {
        (true, true) => "runs",
        (true, false) => "not ready",
        (false, _) => "ended",
    };
    let busy = format!("{:.0}%", 100.0 * stage.busy());
    let counters = [
        stage.rounds,
        stage.processed,
        stage.acknowledged,
        stage.failed,
        stage.released,
        stage.in_hand,
        stage.errors,
        stage.restarts,
    ];
    let [rounds, processed, ok, failed, released, in_hand, errors, restarts] = counters.map(|n| n.to_string());
    let [wait_p50, wait_p99] = [stage.wait.p50, stage.wait.p99].map(|time| measured(&stage.wait, time));
    let [work_p50, work_p99, work_max] =
        [stage.work.p50, stage.work.p99, stage.work.max].map(|time| measured(&stage.work, time));
    [
        stage.name.clone(),
        state.to_owned(),
        busy,
        rounds,
        processed,
        ok,
        failed,
        released,
        in_hand,
        errors,
        restarts,
        wait_p50,
        wait_p99,
        work_p50,
        work_p99,
        work_max,
    ]
}

fn measured(percentiles: &Percentiles, time: Duration) -> String {
    if percentiles.count == 0 { "-".to_owned() } else { Short(time).to_string() }
}

/// The first column to the left, the others to the right.
fn table<const N: usize>(f: &mut fmt::Formatter<'_>, rows: &[[String; N]]) -> fmt::Result {
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for row in rows {
        write!(f, "{:<width$}", row[0], width = widths[0])?;
        for (cell, width) in row.iter().zip(widths).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// A duration with three digits.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let (value, unit) = match seconds {
            s if s >= 1.0 => (s, "s"),
            s if s >= 1e-3 => (s * 1e3, "ms"),
            s if s >= 1e-6 => (s * 1e6, "µs"),
            s => (s * 1e9, "ns"),
        };
        let digits = if unit == "ns" || value >= 100.0 { 0 } else { 1 + usize::from(value < 10.0) };
        write!(f, "{value:.digits$} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits() {
        let short = |nanos| Short(Duration::from_nanos(nanos)).to_string();
        assert_eq!([short(0), short(17), short(1_234)], ["0 ns", "17 ns", "1.23 µs"]);
        assert_eq!([short(12_345_678), short(123_456_789), short(61_000_000_000)], ["12.3 ms", "123 ms", "61.0 s"]);
    }
}
