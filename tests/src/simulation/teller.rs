//! An acknowledger of a simulation: checks each verdict against what callbacks did, and refuses, panics or takes its time.

use std::time::Duration;

use broadway::{
    AckData, AckOptions, AckRef, AckReport, Acknowledger, Result, ResultExt, Settled, Settlement, Status, async_trait,
};
use tokio::time::Instant;

use super::{
    Book, Dice,
    book::Entries,
    entry::{Due, Origin, Told},
};

/// The one of one instance of a producer.
#[derive(Debug)]
pub(super) struct Teller {
    book: Book,
    origin: Origin,
}

/// What [`configure_ack`](broadway::Message::configure_ack) is given.
#[derive(Debug)]
pub(super) struct Note(pub(super) u64);

const CALL: u64 = 31;
const EXTEND: u64 = 32;

/// A message's number, and its options.
fn read(data: &AckData) -> (u64, u64) {
    match data {
        AckData::U128([number, option]) => (*number, *option),
        _ => (u64::MAX, 0),
    }
}

impl Teller {
    /// Of that stage and instance.
    pub(super) fn new(book: &Book, origin: Origin) -> Self {
        Self { book: book.clone(), origin }
    }

    /// What a message is known by.
    pub(super) fn data(number: u64) -> AckData {
        AckData::U128([number, 0])
    }

    fn told(&self, settlements: &[Settlement], status: Status) -> Vec<u64> {
        settlements
            .iter()
            .map(|settlement| {
                let (number, option) = read(&settlement.data);
                let told = Told { status, failure: settlement.failure.is_some() };
                self.book.note("told", number, format_args!("{told:?}"));
                let mut entries = self.book.open();
                check(&mut entries, number, told, settlement.release_after.is_some(), self.origin);
                let expected = entries.messages.get(number as usize).map(|entry| entry.option);
                entries.check(expected.is_none_or(|expected| expected == option), || {
                    format!("{number} is told with option {option} instead of {expected:?}")
                });
                number
            })
            .collect()
    }

    /// Whether this call of `extend` panics, and which leases it does not renew.
    fn plan(&self, data: &[&AckData]) -> (bool, u64, Vec<bool>) {
        let mut entries = self.book.open();
        entries.calls += 1;
        let (plan, seed) = (entries.scenario.acknowledgers, entries.scenario.seed);
        let mut dice = Dice::of(seed, EXTEND, entries.calls);
        let (panics, delay) = (dice.percent(plan.extend_panic), dice.below(plan.delay + 1));
        (panics, delay, data.iter().map(|_| !dice.percent(plan.keep)).collect())
    }
}

fn check(entries: &mut Entries, number: u64, told: Told, later: bool, origin: Origin) {
    let Some(entry) = entries.messages.get(number as usize).cloned() else {
        return entries.check(false, || format!("settled once: a verdict on {number}, which was not emitted"));
    };
    entries.check(entry.origin == origin, || format!("isolated: {number} is told to the source of others"));
    entries.check(entry.delivered == 0, || format!("settled once: {number} gets a second verdict {told:?}"));
    if let Some(first) = entry.told {
        entries.check(first == told, || format!("settled once: {number} is told {told:?} after {first:?}"));
        return;
    }
    let fits = match (told.status, told.failure) {
        (Status::Successful, false) if entry.early.is_some() => true,
        _ if entry.early.is_some() => false,
        (Status::Released, false) => true,
        (Status::Successful, false) => entry.due == Due::Successful,
        (Status::Successful, true) => entry.due == Due::Discarded,
        (Status::Failed, _) => entry.due == Due::Failed && told.failure,
        (Status::Released, true) => entry.due == Due::Later && later,
    };
    entries.check(fits, || format!("settled once: {number} is told {told:?} and should be {entry:?}"));
    entries.leaves(number);
    let entry = entries.message(number);
    entry.told = Some(told);
    entry.lapsed = entry.is_as_good_as_over(Instant::now());
}

#[async_trait]
impl Acknowledger for Teller {
    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        let (plan, mut dice) = {
            let mut entries = self.book.open();
            entries.check(!settled.is_empty(), || "a round of verdicts is empty".into());
            entries.calls += 1;
            let seed = entries.scenario.seed;
            (entries.scenario.acknowledgers, Dice::of(seed, CALL, entries.calls))
        };
        let mut numbers = self.told(settled.successful, Status::Successful);
        numbers.extend(self.told(settled.failed, Status::Failed));
        numbers.extend(self.told(settled.released, Status::Released));
        let delay = dice.below(plan.delay + 1);
        self.book.sleep(delay).await;
        if dice.percent(plan.panic) {
            let mut entries = self.book.open();
            entries.tally.fault("acknowledger panics");
            entries.spent += 800;
            drop(entries);
            panic!("told to panic");
        }
        let mut report = AckReport::delivered();
        let refuses = dice.percent(plan.refuse);
        let permanent = dice.percent(plan.permanent);
        let mut entries = self.book.open();
        entries.tally.count("acknowledgements", 1);
        if delay > 0 {
            entries.tally.fault("slow acknowledgements");
            if plan.later {
                entries.tally.count("late answers", 1);
            }
        }
        for (position, number) in numbers.into_iter().enumerate() {
            if refuses && dice.percent(60) {
                entries.tally.fault("verdicts undelivered");
                entries.spent += 800;
                if permanent {
                    report.undelivered(position, Err::<(), _>("gone").permanent().unwrap_err());
                } else {
                    report.undelivered(position, "told to refuse");
                }
            } else {
                entries.message(number).delivered += 1;
            }
        }
        report
    }

    fn answers_later(&self) -> bool {
        self.book.open().scenario.acknowledgers.later
    }

    fn configure(&self, _ack_ref: AckRef, data: &mut AckData, options: AckOptions<'_>) -> Result {
        let Note(option) = options.get()?;
        *data = AckData::U128([read(data).0, *option]);
        Ok(())
    }

    async fn extend(&self, _ack_ref: AckRef, data: &[&AckData], by: Duration) -> AckReport {
        let asked_at = Instant::now();
        let (panics, delay, renewed) = self.plan(data);
        let numbers: Vec<u64> = data.iter().map(|data| read(data).0).collect();
        self.book.note("extend", numbers.first().copied().unwrap_or_default(), format_args!("{numbers:?} by {by:?}"));
        for number in &numbers {
            let mut entries = self.book.open();
            let leased = entries.messages.get(*number as usize).is_some_and(|entry| entry.lease.is_some());
            entries.check(leased, || format!("`extend` is asked for {number}, which has no lease"));
            if leased {
                let entry = entries.message(*number);
                entry.must_renew = false;
                let told = entry.told;
                entries.check(told.is_none(), || format!("`extend` is asked for {number}, which has its verdict"));
            }
        }
        self.book.sleep(delay).await;
        let mut entries = self.book.open();
        if panics {
            entries.tally.fault("extend panics");
            drop(entries);
            panic!("told to panic");
        }
        let mut report = AckReport::delivered();
        for (position, (number, renewed)) in numbers.into_iter().zip(renewed).enumerate() {
            if !renewed {
                entries.tally.fault("leases not renewed");
                report.undelivered(position, "told not to renew");
            } else if let Some((until, _)) = &mut entries.message(number).lease {
                *until = asked_at + by;
                entries.tally.count("leases renewed", 1);
            }
        }
        report
    }
}
