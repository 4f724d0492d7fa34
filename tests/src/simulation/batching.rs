//! One call of `handle_batch`: what is checked at its beginning, and what is written down however it ends.

use std::collections::BTreeSet;

use broadway::{Batch, Trigger};
use tokio::time::Instant;

use super::{
    Book, Dice,
    book::{Due, Entries},
    pipeline::Simulated,
};

/// Dropped with the call: if nothing was said of its end, it was cut.
pub(super) struct Batching {
    book: Book,
    batcher: usize,
    numbers: Vec<u64>,
    partitions: BTreeSet<u64>,
    began: Instant,
    ended: std::cell::Cell<bool>,
}

const BATCH: u64 = 42;

impl Batching {
    pub(super) fn begin(book: &Book, batch: &Batch<Simulated>) -> (Self, Dice) {
        let batcher = batch.batcher().0;
        let numbers: Vec<u64> = batch.messages().iter().map(|message| message.data.number).collect();
        let first = numbers.first().copied().unwrap_or_default();
        book.note("batch", first, format_args!("b{batcher} {} {numbers:?}", batch.info().trigger()));
        let mut entries = book.open();
        check(&mut entries, batch, &numbers);
        let mut partitions = BTreeSet::new();
        if entries.scenario.shape.partitioned {
            for message in batch.messages() {
                let (partition, number) = (message.data.partition, message.data.number);
                if partitions.insert(partition) {
                    let idle = entries.busy.insert((batcher, partition));
                    entries.check(idle, || format!("ordered: two batches of partition {partition} at once"));
                }
                let key = message.batch_key::<u64>().copied().unwrap_or(u64::MAX);
                let last = entries.last_batched.insert((batcher, key, partition), number);
                entries.check(last.is_none_or(|last| last < number), || {
                    format!("ordered: {number} is batched after {last:?}")
                });
            }
        }
        let dice = Dice::of(entries.scenario.seed, BATCH, first);
        drop(entries);
        let (book, began) = (book.clone(), Instant::now());
        (Self { book, batcher, numbers, partitions, began, ended: false.into() }, dice)
    }

    /// It ends so, and each message so.
    pub(super) fn ends(&self, how: &'static str, due: impl Fn(u64) -> Due) {
        self.ended.set(true);
        self.book.note("batched", self.numbers.first().copied().unwrap_or_default(), how);
        let mut entries = self.book.open();
        for number in &self.numbers {
            entries.message(*number).due = due(*number);
        }
        if how == "batches" { entries.tally.count(how, 1) } else { entries.tally.fault(how) }
    }
}

fn check(entries: &mut Entries, batch: &Batch<Simulated>, numbers: &[u64]) {
    let batcher = batch.batcher().0;
    let shape = entries.scenario.shape.batchers[batcher].clone();
    let working = entries.batching.entry(batcher).or_default();
    *working += 1;
    let working = *working;
    entries.check(working <= shape.stages, || format!("{working} batches of b{batcher} at once"));
    let (len, trigger) = (numbers.len() as u64, batch.info().trigger());
    entries.check(len > 0 && len <= shape.size, || format!("a batch of {len} in b{batcher}"));
    entries.check(trigger != Trigger::Size || len == shape.size, || format!("a batch of {len} left for its size"));
    let outputs: Vec<u64> = numbers.iter().map(|number| number * 2 + 1).collect();
    entries.check(batch.outputs() == outputs, || format!("outputs {:?} of {numbers:?}", batch.outputs()));
    let key = batch.info().batch_key::<u64>().copied();
    for (message, number) in batch.messages().iter().zip(numbers) {
        let same = message.batch_key::<u64>().copied() == key;
        entries.check(same, || format!("{number} is in a batch of another key"));
        let entry = entries.message(*number);
        entry.batched += 1;
        let (batched, routed, due, told) = (entry.batched, entry.batcher, entry.due, entry.told);
        entries.check(batched == 1, || format!("settled once: {number} is batched again"));
        entries.check(routed == Some(batcher), || format!("{number} went to b{batcher}, and was routed to {routed:?}"));
        entries.check(due == Due::Released, || format!("isolated: {number} is batched and should be {due:?}"));
        entries.check(told.is_none(), || format!("settled once: {number} is batched after its verdict"));
    }
    let oldest = numbers.iter().filter_map(|number| entries.messages[*number as usize].handled_at).min();
    if let (Trigger::Timeout, Some(oldest)) = (trigger, oldest) {
        let waited = oldest.elapsed();
        entries.check(waited >= crate::ms(shape.timeout), || {
            format!("a batch of b{batcher} left for its time-out after {waited:?} of {} ms", shape.timeout)
        });
    }
    entries.tally.count(
        match trigger {
            Trigger::Size => "left by size",
            Trigger::Timeout => "left by time-out",
            Trigger::Flush => "left by flush",
            Trigger::Pressure => "left by pressure",
            _ => "left otherwise",
        },
        1,
    );
    bounded(entries, batcher);
}

/// What a batcher may hold: its demand, `max_pending`, and the batches that wait; and what processors are about to send.
fn bounded(entries: &mut Entries, batcher: usize) {
    if !entries.kills.is_empty() {
        return;
    }
    let shape = &entries.scenario.shape;
    let this = &shape.batchers[batcher];
    let processors = shape.processors * shape.max_demand;
    let demand = this.max_demand.unwrap_or(this.size.max(processors));
    let bound = processors + demand + this.max_pending.unwrap_or(100 * this.size) + this.stages * this.size;
    let there =
        |entry: &&super::book::Entry| entry.batcher == Some(batcher) && entry.batched == 0 && entry.told.is_none();
    let held = entries.messages.iter().filter(there).count() as u64;
    entries.check(held <= bound, || format!("bounded: {held} wait for b{batcher}, which may hold {bound}"));
}

impl Drop for Batching {
    fn drop(&mut self) {
        if !self.ended.get() {
            let limit = self.book.open().scenario.shape.batchers[self.batcher].time_limit;
            if limit.is_some_and(|limit| self.began.elapsed() >= crate::ms(limit)) {
                self.ends("batch time-outs", |_| Due::Failed);
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
