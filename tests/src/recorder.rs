//! An acknowledger that writes down each call, and refuses, panics, hangs or takes its time when it is told to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use broadway::{AckData, AckRef, AckReport, Acknowledger, Settled, Settlement, Status, async_trait};
use tokio::time::Instant;

use crate::Log;

/// One verdict as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The message's number.
    pub message: u64,
    /// What the source was told.
    pub status: Status,
    /// Why it failed.
    pub failure: Option<String>,
    /// When to deliver it again.
    pub release_after: Option<Duration>,
}

/// Clones share what is written down.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    rounds: Log<(Instant, Vec<Verdict>)>,
    panics: Arc<AtomicUsize>,
    refuses: Log<u64>,
    hangs: Arc<AtomicUsize>,
    takes: Arc<AtomicU64>,
    later: Arc<AtomicBool>,
    renews: Arc<AtomicBool>,
    extended: Log<(Instant, Vec<u64>, Duration)>,
}

impl Recorder {
    /// Panics in the next `n` calls.
    pub fn panic(&self, n: usize) {
        self.panics.store(n, Ordering::SeqCst);
    }

    /// The next `n` calls never return.
    pub fn hang(&self, n: usize) {
        self.hangs.store(n, Ordering::SeqCst);
    }

    /// From now on each call takes so many milliseconds.
    pub fn take(&self, ms: u64) {
        self.takes.store(ms, Ordering::SeqCst);
    }

    /// Stages are to go on while a call takes its time: to be said before the pipeline starts.
    pub fn answer_later(&self) {
        self.later.store(true, Ordering::SeqCst);
    }

    /// Refuses the verdict on this message once.
    pub fn refuse(&self, message: u64) {
        self.refuses.push(message);
    }

    /// From now on leases are renewed.
    pub fn renew(&self) {
        self.renews.store(true, Ordering::SeqCst);
    }

    /// Each time it was asked to renew leases: when, whose, and until how long from then.
    pub fn extended(&self) -> Vec<(Instant, Vec<u64>, Duration)> {
        self.extended.all()
    }

    /// Each call's verdicts, those that were refused left out.
    pub fn rounds(&self) -> Vec<Vec<Verdict>> {
        self.rounds.all().into_iter().map(|(_, round)| round).collect()
    }

    /// When the calls came.
    pub fn times(&self) -> Vec<Instant> {
        self.rounds.all().into_iter().map(|(at, _)| at).collect()
    }

    /// Each call's verdicts, in short.
    pub fn brief(&self) -> Vec<Vec<(u64, Status)>> {
        let brief = |round: Vec<Verdict>| round.into_iter().map(|verdict| (verdict.message, verdict.status)).collect();
        self.rounds().into_iter().map(brief).collect()
    }

    /// All verdicts, by message.
    pub fn all(&self) -> Vec<(u64, Status)> {
        let mut all: Vec<(u64, Status)> = self.brief().into_iter().flatten().collect();
        all.sort_by_key(|(message, _)| *message);
        all
    }
}

fn take_one(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl Acknowledger for Recorder {
    async fn ack(&self, _ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        assert!(!settled.is_empty(), "a round is never empty");
        if take_one(&self.panics) {
            panic!("told to panic");
        }
        if take_one(&self.hangs) {
            std::future::pending::<()>().await;
        }
        match self.takes.load(Ordering::SeqCst) {
            0 => {}
            takes => tokio::time::sleep(Duration::from_millis(takes)).await,
        }
        let told = |settlements: &[Settlement], status| {
            settlements
                .iter()
                .map(move |settlement| Verdict {
                    message: settlement.data.as_u64().expect("scripted messages have numbers"),
                    status,
                    failure: settlement.failure.as_ref().map(ToString::to_string),
                    release_after: settlement.release_after,
                })
                .collect::<Vec<_>>()
        };
        let mut round = told(settled.successful, Status::Successful);
        round.extend(told(settled.failed, Status::Failed));
        round.extend(told(settled.released, Status::Released));
        let mut report = AckReport::delivered();
        let mut refuses = self.refuses.take();
        let mut delivered = Vec::new();
        for (position, verdict) in round.into_iter().enumerate() {
            match refuses.iter().position(|message| *message == verdict.message) {
                Some(refused) => {
                    refuses.remove(refused);
                    report.undelivered(position, "told to refuse");
                }
                None => delivered.push(verdict),
            }
        }
        refuses.into_iter().for_each(|message| self.refuses.push(message));
        self.rounds.push((Instant::now(), delivered));
        report
    }

    fn answers_later(&self) -> bool {
        self.later.load(Ordering::SeqCst)
    }

    async fn extend(&self, _ack_ref: AckRef, data: &[&AckData], by: Duration) -> AckReport {
        let messages = data.iter().map(|data| data.as_u64().expect("scripted messages have numbers")).collect();
        self.extended.push((Instant::now(), messages, by));
        if self.renews.load(Ordering::SeqCst) { AckReport::delivered() } else { AckReport::not_renewed(data) }
    }
}
