//! What must hold when a pipeline has ended, whatever happened: the invariants of docs/semantics.md, from what the world
//! outside knows.

use broadway::{Report, Status, StopError};

use super::{
    Ending,
    book::{Due, Entries, Entry},
    run::End,
};

pub(super) fn check(entries: &mut Entries, end: &End) {
    let report = match &end.ending {
        Ok(report) => report.clone(),
        Err(StopError::GaveUp { report, reason }) => {
            let disturbed = !entries.kills.is_empty() || entries.tally.of("producer panics") > 0;
            entries.check(disturbed, || format!("it gave up without reason: {reason}"));
            entries.tally.count("gave up", 1);
            report.clone()
        }
        Err(error) => return entries.check(false, || format!("drained: {error:?}")),
    };
    let cut = cut(entries, end);
    settled(entries, &report, cut);
    counted(entries, &report);
    in_time(entries, end, cut);
    let runs =
        [(end.stopped_at.is_some(), "drains"), (end.stopped_at.is_none(), "finished"), (cut, "cut at the deadline")];
    runs.into_iter().filter(|(so, _)| *so).for_each(|(_, what)| entries.tally.count(what, 1));
    entries.tally.count("released", report.released);
    entries.tally.count("restarts", report.restarts);
}

/// Whether it ended before all was done, as it may.
fn cut(entries: &Entries, end: &End) -> bool {
    let took = end.ended_at - end.stopped_at.unwrap_or(end.ended_at);
    // At most half of a drain's time is kept for releasing.
    let deadline = match entries.scenario.ending {
        Ending::Finish | Ending::Ample { .. } => u64::MAX,
        Ending::Stop { within, .. } => within / 2,
        Ending::Twice { within, after, sooner, .. } => (within / 2).min(after + sooner / 2),
        Ending::Signals { after, .. } => after,
        Ending::Dropped { .. } => 12_000,
    };
    matches!(end.ending, Err(StopError::GaveUp { .. })) || took >= deadline
}

/// Settled once: each has its verdict, and it is the one that its callbacks gave it, but for what was cut or killed.
fn settled(entries: &mut Entries, report: &Report, cut: bool) {
    // Telling takes longer than a deadline leaves, if the source refuses.
    let may_be_left = cut && (entries.scenario.acknowledgers.fail() || entries.scenario.acknowledgers.delay > 0);
    let unsettled = report.unsettled;
    entries.check(unsettled == 0 || may_be_left, || format!("settled once: {unsettled} are not settled"));
    for number in 0..entries.messages.len() {
        let entry = entries.messages[number].clone();
        let Some(told) = entry.told else {
            entries.check(may_be_left, || format!("settled once: {number} was never told, {entry:?}"));
            continue;
        };
        let arrived = entry.delivered == 1 || may_be_left || report.undelivered > 0;
        entries.check(arrived, || format!("settled once: {number} arrived {} times", entry.delivered));
        let expected = entry.due == Due::Released && no_verdict_is_due(entries, number as u64);
        let released = told.status == Status::Released && !told.failure && !expected;
        if released {
            let excused = cut || disturbed(entries, &entry);
            entries.check(excused, || format!("settled once: {number} was released without reason, {entry:?}"));
        }
    }
}

/// Whether a callback saw to it that the message is released.
fn no_verdict_is_due(entries: &Entries, number: u64) -> bool {
    let entry = &entries.messages[number as usize];
    // `handle_failed` failed on it; it was taken out of its place.
    entry.failed > 0 || (entry.handled_at.is_some() && entry.batcher.is_none())
}

/// Whether a stage crashed that may have held the message.
fn disturbed(entries: &Entries, entry: &Entry) -> bool {
    let panics = entries.tally.of("producer panics");
    let crashes = entries.kills.len() as u64 + panics;
    // Several crashes may be more than a supervisor allows, and then its neighbours are restarted too.
    if crashes > 1 {
        return true;
    }
    (panics == 1 && entry.entered == 0) || entries.kills.iter().any(|stage| may_have_held(stage, entry))
}

/// Whether the message may have been in a stage that starts again when this one crashes.
fn may_have_held(stage: &str, entry: &Entry) -> bool {
    let own = |batcher: usize| {
        [
            format!("batcher_b{batcher}"),
            format!("batcher_b{batcher}_supervisor"),
            format!("batch_processors_b{batcher}"),
        ]
        .contains(&stage.to_owned())
            || stage.starts_with(&format!("batch_processor_b{batcher}_"))
    };
    match stage {
        "terminator" => false,
        "producers" | "processors" | "supervisor" | "rate_limiter" => true,
        "batchers" => entry.batcher.is_some(),
        _ if stage.starts_with("producer_") => entry.entered == 0,
        _ if stage.starts_with("processor_") => true,
        _ => entry.batcher.is_some_and(own),
    }
}

/// The report says what the sources were told.
fn counted(entries: &mut Entries, report: &Report) {
    let emitted = entries.messages.len() as u64;
    entries.check(report.emitted == emitted, || format!("{emitted} were emitted: {report:?}"));
    let stolen = entries.stolen;
    entries.check(report.violations == stolen, || format!("{stolen} were exchanged: {report:?}"));
    if report.unsettled > 0 {
        return;
    }
    let count = |so: &dyn Fn(&Entry) -> bool| entries.messages.iter().filter(|entry| so(entry)).count() as u64;
    let told =
        |status: Status| count(&|entry: &Entry| entry.told.is_some_and(|told| told.status == status && !told.failure));
    let numbers = [
        (report.acknowledged, told(Status::Successful), "acknowledged"),
        (report.released, told(Status::Released), "released"),
        (report.failed, count(&|entry| entry.told.is_some_and(|told| told.failure)), "failed"),
        (report.discarded, count(&|entry| entry.told.is_some() && entry.due == Due::Discarded), "discarded"),
        (report.undelivered, count(&|entry| entry.delivered == 0), "undelivered"),
    ];
    for (says, are, what) in numbers {
        entries.check(says == are, || format!("{are} are {what}: {report:?}"));
    }
}

/// Drained: nobody waits beyond the deadline, and nobody waits for nothing.
fn in_time(entries: &mut Entries, end: &End, cut: bool) {
    let scenario = &entries.scenario;
    let deadline = match scenario.ending {
        Ending::Finish | Ending::Ample { .. } => None,
        Ending::Stop { within, .. } => Some(within),
        Ending::Twice { within, after, sooner, .. } => Some(within.min(after + sooner)),
        Ending::Signals { after, .. } => Some(after + 2_000),
        Ending::Dropped { .. } => Some(25_000),
    };
    let took = end.ended_at - end.stopped_at.unwrap_or(end.ended_at);
    let late = if scenario.jitter { 20 } else { 1 };
    if let Some(deadline) = deadline {
        entries.check(took <= deadline + late, || format!("drained: it took {took} ms of {deadline}"));
        return;
    }
    if cut {
        return;
    }
    // All that anybody waited for, one after the other.
    let shape = &scenario.shape;
    let batches = entries.tally.of("batches") + entries.tally.of("batch errors") + entries.tally.of("batch panics") + 8;
    let longest = shape.batchers.iter().map(|batcher| batcher.timeout).max().unwrap_or(0);
    let limited =
        shape.rate_limit.map_or(0, |(messages, interval)| (entries.messages.len() as u64 / messages + 2) * interval);
    let hung = entries.tally.of("time-outs") * shape.timeout.unwrap_or(0)
        + entries.tally.of("batch time-outs")
            * shape.batchers.iter().filter_map(|batcher| batcher.time_limit).max().unwrap_or(0);
    let bound = entries.spent + batches * longest + limited + hung + 1_000;
    let from = end.stopped_at.unwrap_or(0);
    let took = end.ended_at - from;
    entries.check(took <= bound, || format!("it took {took} ms, all waits together are {bound}"));
}
