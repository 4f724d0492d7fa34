//! Why a message may have been released although nothing is wrong with it: a deadline, a crash, a lease that is over, a
//! drain that does not wait for another attempt or for a permit.

use super::{
    book::Entries,
    entry::{Due, Entry, Origin},
    run::End,
};

/// Whether there is an excuse; `cut` is one for all.
pub(super) fn is_excused(entries: &Entries, number: usize, end: &End, cut: bool) -> bool {
    let entry = &entries.messages[number];
    cut || disturbed(entries, entry)
        || is_asked_for(entry)
        || drained(entries, end) && (entry.due == Due::Again || got_no_permit(entries, entry))
        || is_given_up(entries, entry, end)
        || entry.lapsed && retries(entries, entry)
}

fn drained(entries: &Entries, end: &End) -> bool {
    end.stopped_at.is_some() || entries.gave_up_at.is_some()
}

/// Whether it was released by a drain, so that order is kept, with another one that was to be tried again.
pub(super) fn is_given_up(entries: &Entries, entry: &Entry, end: &End) -> bool {
    drained(entries, end) && behind_one_that_was_given_up(entries, entry)
}

/// Whether it may have waited for a permit that did not come before the end.
pub(super) fn got_no_permit(entries: &Entries, entry: &Entry) -> bool {
    let shape = &entries.scenario.shape;
    match entry.batcher {
        None => shape.attempts.is_some() && entry.entered == 0,
        Some(batcher) => shape.batchers[batcher].attempts.is_some() && (entry.batched == 0 || entry.due == Due::Halved),
    }
}

/// Whether a callback saw to it that the message is released.
fn is_asked_for(entry: &Entry) -> bool {
    // `handle_failed` failed on it; it was taken out of its place.
    entry.due == Due::Released && (entry.failed > 0 || (entry.handled_at.is_some() && entry.back))
}

fn retries(entries: &Entries, entry: &Entry) -> bool {
    let shape = &entries.scenario.shape;
    shape.retry.is_some() || entry.batcher.is_some_and(|batcher| shape.batchers[batcher].retry.is_some())
}

/// What is parked behind a message that a drain released is released with it, so that order is kept.
fn behind_one_that_was_given_up(entries: &Entries, entry: &Entry) -> bool {
    let given_up = |other: &Entry| other.due == Due::Again && other.batcher.is_none();
    let given_up_in_batch = |other: &Entry| other.due == Due::Again && other.batcher == entry.batcher;
    let shape = &entries.scenario.shape;
    shape.partitioned
        && retries(entries, entry)
        && match entry.batcher {
            None => entries.messages.iter().any(given_up),
            Some(_) => entries.messages.iter().any(given_up_in_batch),
        }
}

/// Whether a stage crashed that may have held the message.
fn disturbed(entries: &Entries, entry: &Entry) -> bool {
    let panics = entries.tally.of("producer panics");
    let crashes = entries.kills.len() as u64 + panics;
    // Several crashes may be more than a supervisor allows, and then its neighbours are restarted too.
    if crashes > 1 {
        return true;
    }
    let in_producer = panics == 1 && entry.entered == 0 && matches!(entry.origin, Origin::Source(..));
    in_producer || entries.kills.iter().any(|stage| may_have_held(stage, entry))
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
