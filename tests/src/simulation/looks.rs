//! Looks at the statistics of a running pipeline, and at its last ones: they agree with what the world outside knows.

use broadway::{Handle, Report, Status, StopError};
use tokio::time::sleep_until;

use super::{Book, book::Entries};
use crate::ms;

/// At all times of the scenario, one after the other.
pub(super) async fn look(book: &Book, pipeline: &Handle) {
    let mut looks = book.open().scenario.looks.clone();
    looks.sort_unstable();
    let mut before = pipeline.stats();
    for at in looks {
        sleep_until(book.started() + ms(at)).await;
        let (stats, waiting) = (pipeline.stats(), pipeline.waiting());
        let between = stats.since(&before);
        before = stats.clone();
        let mut entries = book.open();
        entries.tally.count("looks at the statistics", 1);
        let may_be = entries.messages.len() as u64;
        let told = count(&entries, Status::Successful, false);
        let pushed = entries.messages.iter().filter(|entry| !entry.is_produced()).count() as u64;
        let says = (stats.emitted, stats.acknowledged);
        entries.check(stats.emitted <= may_be && stats.acknowledged <= told + pushed, || {
            format!("statistics: {says:?} (emitted, acknowledged) of {may_be} emitted and {told} told")
        });
        let settled = stats.settled();
        entries.check(settled <= stats.emitted && stats.in_flight <= stats.emitted, || {
            format!("statistics: {settled} are settled of {}", stats.emitted)
        });
        entries.check(between.emitted <= stats.emitted, || format!("statistics: {between:?} is more than {stats:?}"));
        let most: Vec<u64> = std::iter::once(entries.scenario.shape.max_waiting())
            .chain(entries.scenario.shape.batchers.iter().map(super::BatcherShape::max_waiting))
            .collect();
        let bounded = waiting.iter().zip(&most).all(|(waiting, most)| waiting <= most);
        entries.check(bounded, || format!("bounded: {waiting:?} places of the waiting rooms are taken, of {most:?}"));
    }
}

/// How many were told so.
pub(super) fn count(entries: &Entries, status: Status, failure: bool) -> u64 {
    let so = |told: super::entry::Told| told.status == status && told.failure == failure;
    entries.messages.iter().filter(|entry| entry.told.is_some_and(so)).count() as u64
}

/// The statistics after the end are those of the report.
pub(super) fn last(book: &Book, pipeline: &Handle, ending: &Result<Report, StopError>) {
    let stats = pipeline.stats();
    let (Ok(report) | Err(StopError::GaveUp { report, .. })) = ending else { return };
    let says = [stats.emitted, stats.acknowledged, stats.failed, stats.discarded, stats.released, stats.in_flight];
    let numbers =
        [report.emitted, report.acknowledged, report.failed, report.discarded, report.released, report.unsettled];
    // What is told after the deadline is not in the report.
    let same = says == numbers || report.unsettled > 0;
    let mut entries = book.open();
    entries.check(same && stats.batches == report.batches && stats.restarts == report.restarts, || {
        format!("statistics: {stats:?} after {report:?}")
    });
    let running: Vec<&str> = stats.stages.iter().filter(|stage| stage.running).map(|stage| &*stage.name).collect();
    entries.check(running.is_empty(), || format!("{running:?} run after the end"));
    let (holds, health) = (stats.stages.iter().map(|stage| stage.in_hand).sum::<u64>(), pipeline.health());
    entries.check(holds == 0 && !health.running, || format!("after the end stages hold {holds}: {health:?}"));
}
