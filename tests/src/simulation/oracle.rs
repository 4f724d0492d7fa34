//! What must hold when a pipeline has ended, whatever happened: the invariants of docs/semantics.md, from what the world
//! outside knows.

use broadway::{Report, Status, StopError};

use super::{
    Does, Limits,
    book::Entries,
    ending::SHUTDOWN,
    entry::{Due, Entry, Origin, Told},
    excuses, looks,
    run::End,
};

pub(super) fn check(entries: &mut Entries, end: &End) {
    let report = match &end.ending {
        Ok(report) => report.clone(),
        Err(StopError::GaveUp { report, reason }) => {
            gave_up(entries, reason);
            report.clone()
        }
        Err(error) => return entries.check(false, || format!("drained: {error:?}")),
    };
    let cut = cut(entries, end);
    settled(entries, &report, end, cut);
    counted(entries, &report, end, cut);
    hooks(entries, &report, cut);
    in_time(entries, end, cut);
    let runs =
        [(end.stopped_at.is_some(), "drains"), (end.stopped_at.is_none(), "finished"), (cut, "cut at the deadline")];
    runs.into_iter().filter(|(so, _)| *so).for_each(|(_, what)| entries.tally.count(what, 1));
    entries.tally.count("released", report.released);
    entries.tally.count("restarts", report.restarts);
}

/// After an error of `on_start` nothing runs, and no other hook is called.
pub(super) fn not_started(entries: &mut Entries) {
    let started = entries.scenario.hooks.start == Does::Well;
    entries.check(!started, || "it did not start".into());
    let hooks: Vec<_> = entries.hooks.keys().copied().collect();
    entries.check(hooks == ["on_start"], || format!("it did not start, and {hooks:?} are called"));
    let emitted = entries.messages.len();
    entries.check(emitted == 0, || format!("it did not start, and {emitted} messages were emitted"));
    entries.tally.count("starts refused", 1);
}

fn gave_up(entries: &mut Entries, reason: &str) {
    let by_source = reason.contains("without a success");
    let disturbed = !entries.kills.is_empty() || entries.tally.of("producer panics") > 0;
    let failing = entries.gave_up_at.is_some();
    entries.check(if by_source { failing } else { disturbed }, || format!("it gave up without reason: {reason}"));
    entries.tally.count(if by_source { "gave up on a source" } else { "gave up" }, 1);
}

/// Whether it ended before all was done, as it may.
fn cut(entries: &Entries, end: &End) -> bool {
    let took = end.ended_at - end.stopped_at.unwrap_or(end.ended_at);
    if end.stopped_at.is_some() && entries.scenario.ending.cuts_from().is_some_and(|from| took >= from) {
        return true;
    }
    match (&end.ending, entries.gave_up_at) {
        // It drains then, and has its time.
        (Err(StopError::GaveUp { reason, .. }), Some(at)) if reason.contains("without a success") => {
            end.ended_at - at >= SHUTDOWN / 2
        }
        (ending, _) => matches!(ending, Err(StopError::GaveUp { .. })),
    }
}

/// Settled once: each has its verdict, and it is the one that its callbacks gave it, but for what was cut or killed.
fn settled(entries: &mut Entries, report: &Report, end: &End, cut: bool) {
    // Telling takes longer than a deadline leaves, if the source refuses.
    let may_be_left = cut && (entries.scenario.acknowledgers.fail() || entries.scenario.acknowledgers.delay > 0);
    let unsettled = report.unsettled;
    entries.check(unsettled == 0 || may_be_left, || format!("settled once: {unsettled} are not settled"));
    for number in 0..entries.messages.len() {
        let entry = entries.messages[number].clone();
        if entry.origin == Origin::Pushed {
            continue;
        }
        let Some(told) = entry.told else {
            entries.check(may_be_left, || format!("settled once: {number} was never told, {entry:?}"));
            continue;
        };
        let arrived = entry.delivered == 1 || may_be_left || report.undelivered > 0;
        entries.check(arrived, || format!("settled once: {number} arrived {} times", entry.delivered));
        if told.status == Status::Released && !told.failure {
            let excused = excuses::is_excused(entries, number, end, cut);
            entries.check(excused, || format!("settled once: {number} was released without reason, {entry:?}"));
            if excuses::got_no_permit(entries, &entry) {
                entries.tally.count("released without a permit", 1);
            } else if entry.lapsed && entry.due == Due::Again {
                entries.tally.count("released for their lease", 1);
            } else if entry.due == Due::Again {
                entries.tally.count("released instead of tried again", 1);
            }
        }
    }
}

/// The report says what the sources were told. Nobody was told what became of some pushed messages: where nothing was cut
/// it is what callbacks made of them.
fn counted(entries: &mut Entries, report: &Report, end: &End, cut: bool) {
    let known = entries.messages.iter().filter(|entry| entry.emitted).count() as u64;
    let most = entries.messages.len() as u64;
    let emitted = (known..=most).contains(&report.emitted);
    entries.check(emitted, || format!("{known} to {most} were emitted: {report:?}"));
    let stolen = entries.stolen;
    entries.check(report.violations == stolen, || format!("{stolen} were exchanged: {report:?}"));
    if report.unsettled > 0 {
        return;
    }
    let disturbed = cut || !entries.kills.is_empty();
    let unknown = report.emitted.saturating_sub(known);
    // A splitter panicked at it, and it never came to `handle_failed`.
    let failed_in_vain = |entry: &Entry| entry.failed == 0 && excuses::is_given_up(entries, entry, end);
    let becomes = |entry: &Entry| match (entry.told, entry.early, entry.due) {
        (Some(told), ..) => Some(told),
        _ if !entry.emitted => None,
        (None, Some(_), _) | (None, None, Due::Successful) => Some(Told { status: Status::Successful, failure: false }),
        (None, None, Due::Failed) if failed_in_vain(entry) => Some(Told { status: Status::Released, failure: false }),
        (None, None, Due::Failed | Due::Discarded | Due::Later) => Some(Told { status: Status::Failed, failure: true }),
        (None, None, _) => Some(Told { status: Status::Released, failure: false }),
    };
    // Those of whom it is not known, or that may have been cut on the way.
    let loose = |entry: &&Entry| entry.told.is_none() && entry.emitted && disturbed;
    let loose = entries.messages.iter().filter(loose).count() as u64 + unknown;
    let count = |so: &dyn Fn(&Entry, Told) -> bool| {
        let counts = |entry: &&Entry| becomes(entry).is_some_and(|told| so(entry, told));
        entries.messages.iter().filter(counts).count() as u64
    };
    let is = |told: Told, status: Status| told.status == status && !told.failure;
    let numbers = [
        (report.acknowledged, count(&|_, told| is(told, Status::Successful)), "acknowledged"),
        (report.released, count(&|_, told| is(told, Status::Released)), "released"),
        (report.failed, count(&|_, told| told.failure), "failed"),
        (report.discarded, count(&|entry, told| told.failure && entry.due == Due::Discarded), "discarded"),
    ];
    let undelivered =
        entries.messages.iter().filter(|entry| entry.is_produced() && entry.delivered == 0).count() as u64;
    entries.check(report.undelivered == undelivered, || format!("{undelivered} are undelivered: {report:?}"));
    for (says, are, what) in numbers {
        entries.check(says.abs_diff(are) <= loose, || format!("{are} are {what}: {report:?}"));
    }
    let sum = report.acknowledged + report.failed + report.released;
    entries.check(sum == report.emitted, || format!("{sum} have a verdict: {report:?}"));
    let told = looks::count(entries, Status::Successful, true) + looks::count(entries, Status::Failed, true);
    entries.tally.count("failed", told);
}

/// Each hook was called once; what went wrong in one is a line of the report.
fn hooks(entries: &mut Entries, report: &Report, cut: bool) {
    let called: Vec<_> = entries.hooks.keys().copied().collect();
    let all = called == ["on_drained", "on_start", "on_stop"];
    // Behind the deadline `on_drained` has no time.
    entries.check(all || cut && called.contains(&"on_stop"), || format!("of the hooks, {called:?} were called"));
    let (errors, expected) = (report.hook_errors.len(), entries.scenario.hooks.errors());
    let right = errors == expected || cut && errors <= 2;
    entries.check(right, || format!("{expected} hooks failed: {:?}", report.hook_errors));
}

/// Drained: nobody waits beyond the deadline, and nobody waits for nothing.
fn in_time(entries: &mut Entries, end: &End, cut: bool) {
    let scenario = &entries.scenario;
    let took = end.ended_at - end.stopped_at.unwrap_or(end.ended_at);
    // `on_stop` has 100 ms in any case.
    let on_stop = if scenario.hooks.stop == Does::Hangs { 100 } else { 0 };
    let late = on_stop + if scenario.jitter { 20 } else { 1 };
    if let Some(deadline) = scenario.ending.deadline().filter(|_| end.stopped_at.is_some()) {
        entries.check(took <= deadline + late, || format!("drained: it took {took} ms of {deadline}"));
        return;
    }
    if cut {
        return;
    }
    // All that anybody waited for, one after the other.
    let shape = &scenario.shape;
    let batches = entries.batches + 8;
    let longest = shape.batchers.iter().map(|batcher| batcher.timeout).max().unwrap_or(0);
    let slowest = scenario.limits.iter().map(|change| (change.allowed, change.interval)).chain(shape.rate_limit);
    let slowest = slowest.filter(|(allowed, _)| *allowed > 0 && shape.rate_limit.is_some());
    let limited = slowest.map(|(allowed, interval)| (entries.messages.len() as u64 / allowed + 2) * interval).max();
    let hung = entries.tally.of("time-outs") * shape.timeout.unwrap_or(0)
        + entries.tally.of("batch time-outs")
            * shape.batchers.iter().filter_map(|batcher| batcher.time_limit).max().unwrap_or(0);
    let attempts = entries.batch_attempts.iter().chain([&entries.attempts]).flatten().map(Limits::longest).sum::<u64>();
    let bound = entries.spent + batches * longest + limited.unwrap_or(0) + attempts + hung + 1_000;
    let from = end.stopped_at.unwrap_or(0);
    let took = end.ended_at - from;
    entries.check(took <= bound, || format!("it took {took} ms, all waits together are {bound}"));
}
