//! What the world outside of the pipeline knows: what was emitted, what callbacks did with it, what the sources were told.
//! Each promise is checked in the moment in which it would be broken.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use broadway::{Handle, Signal};
use tokio::{sync::Notify, time::Instant};

use super::{
    Limits, Scenario, Tally,
    entry::{Due, Entry},
    fault::Fault,
};

/// Shared by everything that takes part in a run.
#[derive(Debug, Clone)]
pub(super) struct Book(Arc<Mutex<Entries>>, Instant, Arc<Notify>, Arc<Mutex<Option<Handle>>>);

/// What holds a run's book after its end: nothing, but for a moment another thread that looks through all pipelines.
#[derive(Debug, Clone)]
pub struct Left(Weak<Mutex<Entries>>);

impl Left {
    /// Whether there is still somebody.
    pub fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// All that is written down.
#[derive(Debug)]
pub(super) struct Entries {
    /// The scenario.
    pub(super) scenario: Scenario,
    /// By number, in the order in which they were emitted.
    pub(super) messages: Vec<Entry>,
    /// What each producer stage has done.
    pub(super) sources: Vec<SourceBook>,
    /// Counts everything.
    pub(super) tally: Tally,
    /// What is wrong.
    pub(super) violations: Vec<String>,
    /// Milliseconds that everybody waited together.
    pub(super) spent: u64,
    /// Calls of acknowledgers.
    pub(super) calls: u64,
    /// Stages that were killed.
    pub(super) kills: Vec<String>,
    /// Messages that callbacks exchanged for others.
    pub(super) stolen: u64,
    /// `handle_message` at work.
    pub(super) handling: u64,
    /// `handle_batch` at work, by batcher.
    pub(super) batching: BTreeMap<usize, u64>,
    /// Partitions whose batch is at work.
    pub(super) busy: BTreeSet<(usize, u64)>,
    /// The latest message of each partition that was handled, and batched by batcher and key.
    pub(super) last_handled: BTreeMap<u64, u64>,
    /// See `last_handled`; with its batch.
    pub(super) last_batched: BTreeMap<(usize, u64, u64), (u64, u64)>,
    /// Batches that left their batchers.
    pub(super) batches: u64,
    /// Messages of batches at work that have failed by themselves.
    pub(super) own: BTreeMap<u64, Fault>,
    /// Raised in a drain, once a producer has started.
    pub(super) draining: Option<Signal>,
    /// Whether it is paused.
    pub(super) paused: bool,
    /// What may have left the producers by now.
    pub(super) limits: Option<Limits>,
    /// How often `handle_message` may have been called by now.
    pub(super) attempts: Option<Limits>,
    /// The same of `handle_batch`, by batcher.
    pub(super) batch_attempts: Vec<Option<Limits>>,
    /// How often each hook was called.
    pub(super) hooks: BTreeMap<&'static str, u64>,
    /// When a producer last failed that has failed for as long as `give_up_after`.
    pub(super) gave_up_at: Option<u64>,
    /// Handed over at a drain, beyond all demand.
    pub(super) handed_over: u64,
    /// Emitted and not handled yet.
    pub(super) unhandled: u64,
    /// Choices that were made.
    pub(super) steps: u64,
    hash: u64,
    lines: Option<Vec<String>>,
}

/// What one producer stage has done.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceBook {
    /// Messages that it emitted.
    pub(super) emitted: u64,
    /// Times that it was asked.
    pub(super) asks: u64,
    /// Errors since the last success.
    pub(super) errors: u64,
    /// When the first of them came, in milliseconds.
    pub(super) failing_since: Option<u64>,
    /// Instances that were made.
    pub(super) instances: u64,
}

impl Book {
    /// An empty one; with `verbose` it keeps every event as text.
    pub(super) fn new(scenario: &Scenario, verbose: bool) -> Self {
        let entries = Entries {
            scenario: scenario.clone(),
            messages: Vec::new(),
            sources: vec![SourceBook::default(); scenario.sources.len()],
            tally: Tally::default(),
            violations: Vec::new(),
            spent: 0,
            calls: 0,
            kills: Vec::new(),
            stolen: 0,
            handling: 0,
            batching: BTreeMap::new(),
            busy: BTreeSet::new(),
            last_handled: BTreeMap::new(),
            last_batched: BTreeMap::new(),
            batches: 0,
            own: BTreeMap::new(),
            draining: None,
            paused: false,
            limits: scenario.shape.rate_limit.map(Limits::new),
            attempts: scenario.shape.attempts.map(Limits::new),
            batch_attempts: scenario.shape.batchers.iter().map(|batcher| batcher.attempts.map(Limits::new)).collect(),
            hooks: BTreeMap::new(),
            gave_up_at: None,
            handed_over: 0,
            unhandled: 0,
            steps: 0,
            hash: 0xCBF2_9CE4_8422_2325,
            lines: verbose.then(Vec::new),
        };
        Self(Arc::new(Mutex::new(entries)), Instant::now(), Arc::default(), Arc::default())
    }

    /// All that is written down.
    pub(super) fn open(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pipeline, as soon as it runs.
    pub(super) fn pipeline(&self) -> Option<Handle> {
        self.3.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The pipeline runs, or is over: it holds this book, and so would never be dropped.
    pub(super) fn set_pipeline(&self, pipeline: Option<Handle>) {
        *self.3.lock().unwrap_or_else(PoisonError::into_inner) = pipeline;
    }

    /// What is left of the pipeline when nobody asks for it any more.
    pub(super) fn close(self) -> Left {
        self.set_pipeline(None);
        Left(Arc::downgrade(&self.0))
    }

    /// Milliseconds since the start.
    pub(super) fn now(&self) -> u64 {
        self.1.elapsed().as_millis() as u64
    }

    /// It is time to stop.
    pub(super) fn stop_now(&self) {
        self.2.notify_one();
    }

    /// Waits until it is time to stop.
    pub(super) async fn stops(&self) {
        self.2.notified().await;
    }

    /// When it was opened.
    pub(super) fn started(&self) -> Instant {
        self.1
    }

    /// Waits, and notes that it did.
    pub(super) async fn sleep(&self, ms: u64) {
        if ms > 0 {
            self.open().spent += ms;
            tokio::time::sleep(crate::ms(ms)).await;
        }
    }

    /// Writes an event down.
    pub(super) fn note(&self, what: &'static str, number: u64, text: impl Display) {
        let now = self.1.elapsed().as_nanos() as u64;
        self.open().note(now, what, number, text);
    }
}

impl Entries {
    fn note(&mut self, now: u64, what: &'static str, number: u64, text: impl Display) {
        let mut hash = |bytes: &[u8]| {
            bytes.iter().for_each(|byte| self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
        };
        hash(&now.to_le_bytes());
        hash(what.as_bytes());
        hash(&number.to_le_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>9.3} {what} {number} {text}", now as f64 / 1e6));
        }
    }

    /// The same for two runs that went the same way.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// The events, if it keeps them.
    pub(super) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// Notes that a promise was broken, if it was.
    pub(super) fn check(&mut self, holds: bool, broken: impl FnOnce() -> String) {
        if !holds && self.violations.len() < 20 {
            let broken = broken();
            if let Some(lines) = &mut self.lines {
                lines.push(format!("          VIOLATION {broken}"));
            }
            self.violations.push(broken);
        }
    }

    /// Something becomes of a message: it is handled, or on its way back.
    pub(super) fn leaves(&mut self, number: u64) {
        let entry = &mut self.messages[number as usize];
        self.unhandled -= u64::from(std::mem::replace(&mut entry.waiting, false));
    }

    /// Whether a drain has begun.
    pub(super) fn drains(&self) -> bool {
        self.draining.as_ref().is_some_and(Signal::is_raised)
    }

    /// Whether no crash took along what others held: they are on their way back to their source, and no demand.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.kills.is_empty() && self.tally.of("producer panics") < 2
    }

    /// Another message.
    pub(super) fn enter(&mut self, entry: Entry) -> u64 {
        self.tally.count("messages", 1);
        self.messages.push(entry);
        self.messages.len() as u64 - 1
    }

    /// A message is seen in a callback.
    pub(super) fn sees(&mut self, number: u64) -> &mut Entry {
        let entry = &mut self.messages[number as usize];
        entry.emitted = true;
        entry
    }

    /// A message failed in `handle_message`, or before it.
    pub(super) fn fails(&mut self, number: u64, fault: Fault) {
        let retry = self.scenario.shape.retry;
        self.spent += self.messages[number as usize].fails(fault, retry, false);
    }

    /// How many messages that producers emitted are in flight, and not on their way back as far as that is known.
    pub(super) fn in_flight(&self) -> u64 {
        let now = Instant::now();
        let there = |entry: &&Entry| {
            entry.is_produced() && entry.told.is_none() && !entry.back && !entry.is_as_good_as_over(now)
        };
        self.messages.iter().filter(there).count() as u64
    }

    /// How many wait for another attempt in `handle_message`, or in a batcher.
    pub(super) fn waiting(&self, batcher: Option<usize>) -> u64 {
        let there = |entry: &&Entry| entry.due == Due::Again && entry.told.is_none() && entry.batcher == batcher;
        self.messages.iter().filter(there).count() as u64
    }

    /// The message of that number.
    pub(super) fn message(&mut self, number: u64) -> &mut Entry {
        &mut self.messages[number as usize]
    }
}
