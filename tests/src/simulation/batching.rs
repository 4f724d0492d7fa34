//! One call of `handle_batch`: what is checked at its beginning, and what is written down however it ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use broadway::{Batch, FailureKind};
use tokio::time::Instant;

use super::{
    Book, Dice, Limits, batch_checks,
    book::Entries,
    entry::{Attempts, Due},
    fault::Fault,
    pipeline::Simulated,
};

/// Dropped with the call: if nothing was said of its end, it was cut.
pub(super) struct Batching {
    book: Book,
    batcher: usize,
    numbers: Vec<u64>,
    partitions: BTreeSet<u64>,
    began: Instant,
    ended: AtomicBool,
    /// Whether the outputs are where they belong: without them nothing is tried again.
    complete: AtomicBool,
}

const BATCH: u64 = 42;

impl Batching {
    pub(super) fn begin(book: &Book, batch: &Batch<Simulated>) -> (Self, Dice) {
        let batcher = batch.batcher().0;
        let numbers: Vec<u64> = batch.messages().iter().map(|message| message.data.number).collect();
        let first = numbers.first().copied().unwrap_or_default();
        let (trigger, attempt) = (batch.info().trigger(), batch.info().attempt());
        book.note("batch", first, format_args!("b{batcher} {trigger} {attempt} {numbers:?}"));
        let mut entries = book.open();
        batch_checks::check(&mut entries, batch, &numbers);
        let beyond = entries.batch_attempts[batcher].as_mut().map_or(0, Limits::leaves);
        let undisturbed = entries.is_undisturbed();
        entries.check(beyond == 0 || !undisturbed, || {
            format!("{beyond} attempts more than the limit of b{batcher} allows")
        });
        let mut partitions = BTreeSet::new();
        if entries.scenario.shape.partitioned {
            for message in batch.messages() {
                let partition = message.data.partition;
                if partitions.insert(partition) {
                    let idle = entries.busy.insert((batcher, partition));
                    entries.check(idle, || format!("ordered: two batches of partition {partition} at once"));
                }
            }
        }
        let mut times = 0;
        for number in &numbers {
            let entry = entries.sees(*number);
            entry.batched += 1;
            entry.due = Due::Released;
            times = times.max(entry.batched);
            entries.own.remove(number);
        }
        let dice = Dice::of(entries.scenario.seed, BATCH, first).again(times.into());
        drop(entries);
        let (book, began) = (book.clone(), Instant::now());
        let (ended, complete) = (false.into(), true.into());
        (Self { book, batcher, numbers, partitions, began, ended, complete }, dice)
    }

    /// Its outputs are gone, or back.
    pub(super) fn outputs(&self, complete: bool) {
        self.complete.store(complete, Relaxed);
    }

    /// A message of it failed by itself; it keeps the first reason.
    pub(super) fn item(&self, number: u64, how: &'static str, fault: Fault) {
        let mut entries = self.book.open();
        entries.own.entry(number).or_insert(fault);
        entries.tally.fault(how);
    }

    /// It ends so, with what failed all that did not fail by itself.
    pub(super) fn ends(&self, how: &'static str, whole: Option<Fault>) {
        self.ended.store(true, Relaxed);
        self.book.note("batched", self.numbers.first().copied().unwrap_or_default(), how);
        let mut entries = self.book.open();
        let mut own = BTreeMap::new();
        for number in &self.numbers {
            own.extend(entries.own.remove(number).map(|fault| (*number, fault)));
        }
        let mut halved = Vec::new();
        for number in &self.numbers {
            match own.get(number).or(whole.as_ref()) {
                Some(fault) => self.fails(&mut entries, *number, *fault, own.contains_key(number), &mut halved),
                None => entries.message(*number).due = Due::Successful,
            }
        }
        match halved.as_slice() {
            [] => {}
            // It is alone to blame.
            [one] => entries.message(*one).due = Due::Failed,
            halved => {
                halved.iter().for_each(|number| entries.message(*number).batch_attempts = Attempts::default());
                entries.tally.count("batches halved", 1);
            }
        }
        if whole.is_some() {
            entries.tally.fault(how)
        } else {
            entries.tally.count(how, 1)
        }
        batch_checks::waiting(&mut entries, self.batcher);
    }

    fn fails(&self, entries: &mut Entries, number: u64, fault: Fault, own: bool, halved: &mut Vec<u64>) {
        let shape = &entries.scenario.shape.batchers[self.batcher];
        let complete = self.complete.load(Relaxed);
        let (retry, split) = (shape.retry.filter(|_| complete), shape.split && complete);
        // What `retry` leaves to `split` is permanent.
        let blames_all = if shape.retry.is_some() { fault.permanent } else { fault.kind != FailureKind::TimedOut };
        let entry = entries.message(number);
        let most = entry.fails(fault, retry, true);
        if entry.due == Due::Failed && split && blames_all && !own && entry.decided.is_none() {
            entry.due = Due::Halved;
            halved.push(number);
        }
        entries.spent += most;
    }
}

impl Drop for Batching {
    fn drop(&mut self) {
        if !self.ended.load(Relaxed) {
            let limit = self.book.open().scenario.shape.batchers[self.batcher].time_limit;
            if limit.is_some_and(|limit| self.began.elapsed() >= crate::ms(limit)) {
                self.ends("batch time-outs", Some(Fault::TIME_OUT));
            } else {
                self.book.note("cut", self.numbers.first().copied().unwrap_or_default(), "batch");
                self.book.open().tally.count("batches cut", 1);
            }
        }
        let mut entries = self.book.open();
        *entries.batching.entry(self.batcher).or_default() -= 1;
        for partition in &self.partitions {
            entries.busy.remove(&(self.batcher, *partition));
        }
    }
}
