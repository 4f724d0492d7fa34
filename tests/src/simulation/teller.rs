//! An acknowledger of a simulation: checks each verdict against what callbacks did, and refuses, panics or takes its time.

use broadway::{AckRef, AckReport, Acknowledger, Settled, Settlement, Status, async_trait};

use super::{
    Book, Dice,
    book::{Due, Entries, Told},
};

/// The one of one instance of a producer.
#[derive(Debug)]
pub(super) struct Teller {
    book: Book,
    source: (usize, u64),
}

const CALL: u64 = 31;

impl Teller {
    /// Of that stage and instance.
    pub(super) fn new(book: &Book, source: (usize, u64)) -> Self {
        Self { book: book.clone(), source }
    }

    fn told(&self, settlements: &[Settlement], status: Status) -> Vec<u64> {
        settlements
            .iter()
            .map(|settlement| {
                let number = settlement.data.as_u64().unwrap_or(u64::MAX);
                let told = Told { status, failure: settlement.failure.is_some() };
                self.book.note("told", number, format_args!("{told:?}"));
                let mut entries = self.book.open();
                check(&mut entries, number, told, settlement.release_after.is_some(), self.source);
                number
            })
            .collect()
    }
}

fn check(entries: &mut Entries, number: u64, told: Told, later: bool, source: (usize, u64)) {
    let Some(entry) = entries.messages.get(number as usize).cloned() else {
        return entries.check(false, || format!("settled once: a verdict on {number}, which was not emitted"));
    };
    entries.check(entry.source == source, || format!("isolated: {number} is told to the source of others"));
    entries.check(entry.delivered == 0, || format!("settled once: {number} gets a second verdict {told:?}"));
    if let Some(first) = entry.told {
        entries.check(first == told, || format!("settled once: {number} is told {told:?} after {first:?}"));
        return;
    }
    let fits = match (told.status, told.failure) {
        (Status::Released, false) => true,
        (Status::Successful, false) => entry.due == Due::Successful,
        (Status::Successful, true) => entry.due == Due::Discarded,
        (Status::Failed, _) => entry.due == Due::Failed && told.failure,
        (Status::Released, true) => entry.due == Due::Later && later,
    };
    entries.check(fits, || format!("settled once: {number} is told {told:?} and should be {:?}", entry.due));
    entries.leaves(number);
    entries.message(number).told = Some(told);
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
        }
        for (position, number) in numbers.into_iter().enumerate() {
            if refuses && dice.percent(60) {
                entries.tally.fault("verdicts undelivered");
                entries.spent += 800;
                if permanent {
                    report.undelivered(position, broadway::ResultExt::permanent(Err::<(), _>("gone")).unwrap_err());
                } else {
                    report.undelivered(position, "told to refuse");
                }
            } else {
                entries.message(number).delivered += 1;
            }
        }
        report
    }
}
