//! What must hold when `handle_batch` is lent a batch.

use broadway::{Batch, Trigger};

use super::{
    book::Entries,
    entry::{Due, Entry},
    handling,
    pipeline::Simulated,
};

pub(super) fn check(entries: &mut Entries, batch: &Batch<Simulated>, numbers: &[u64]) {
    let batcher = batch.batcher().0;
    let shape = entries.scenario.shape.batchers[batcher].clone();
    let working = entries.batching.entry(batcher).or_default();
    *working += 1;
    let working = *working;
    entries.check(working <= shape.stages, || format!("{working} batches of b{batcher} at once"));
    let len = numbers.len() as u64;
    entries.check(len > 0 && len <= shape.size, || format!("a batch of {len} in b{batcher}"));
    let outputs: Vec<u64> = numbers.iter().map(|number| number * 2 + 1).collect();
    entries.check(batch.outputs() == outputs, || format!("outputs {:?} of {numbers:?}", batch.outputs()));
    if let Some(splitting) = shape.splitting {
        let weight: u64 = batch.messages().iter().map(|message| message.data.weight).sum();
        entries.check(weight <= splitting.most() || len == 1, || format!("{numbers:?} weigh {weight}: {splitting:?}"));
        entries.tally.count("batches of a splitter", 1);
    }
    let key = batch.info().batch_key::<u64>().copied();
    let attempt = u64::from(batch.info().attempt());
    let again = entries.message(numbers[0]).batched > 0;
    let id = entries.message(numbers[0]).batch.unwrap_or(entries.batches);
    for (message, number) in batch.messages().iter().zip(numbers) {
        let same = message.batch_key::<u64>().copied() == key;
        entries.check(same, || format!("{number} is in a batch of another key"));
        let entry = entries.message(*number).clone();
        one(entries, *number, &entry, (batcher, attempt, again));
        entries.check(!again || entry.batch == Some(id), || format!("{number} came into another batch: {entry:?}"));
        entries.message(*number).batch = Some(id);
        if entries.scenario.shape.partitioned {
            let place = (batcher, key.unwrap_or(u64::MAX), message.data.partition);
            let last = entries.last_batched.insert(place, (*number, id));
            // No other batch comes between two attempts.
            let in_order = last.is_none_or(|(last, of)| if again { of == id } else { last < *number });
            entries.check(in_order, || format!("ordered: {number} is batched after {last:?}"));
        }
    }
    if again {
        let retried = attempt > 1;
        entries.tally.count(if retried { "batch retries" } else { "halves" }, 1);
        // A lease that is not renewed brings the next attempt of its batch forward, also if its message is out by then.
        let leased = entries.scenario.sources.iter().any(|source| source.lease.is_some());
        for number in numbers.iter().filter(|_| retried) {
            let entry = entries.message(*number);
            let (not_before, must_renew) = (entry.batch_attempts.not_before, entry.must_renew);
            let over = entry.lease.is_some_and(|(until, _)| until <= tokio::time::Instant::now());
            entries.check(!over, || format!("{number} is tried again in a batch, and its lease is over"));
            handling::again(entries, *number, not_before.filter(|_| !leased), must_renew);
        }
    } else {
        entries.batches += 1;
        fresh(entries, batch, numbers);
    }
    bounded(entries, batcher);
}

fn one(entries: &mut Entries, number: u64, entry: &Entry, (batcher, attempt, again): (usize, u64, bool)) {
    let expected = entry.batch_attempts.failed + 1;
    entries.check(attempt == expected, || format!("{number} is batched as attempt {attempt}: {entry:?}"));
    let due = match (again, attempt) {
        (false, _) => entry.due == Due::Released && entry.batched == 0,
        (true, 1) => entry.due == Due::Halved,
        (true, _) => entry.due == Due::Again,
    };
    entries.check(due, || format!("settled once: {number} is batched and should be {:?}: {entry:?}", entry.due));
    entries.check(entry.batcher == Some(batcher), || format!("{number} went to b{batcher}: {entry:?}"));
    let told = entry.told.is_some() && entry.early.is_none();
    entries.check(!told, || format!("settled once: {number} is batched after its verdict"));
}

/// A batch that has just left its batcher.
fn fresh(entries: &mut Entries, batch: &Batch<Simulated>, numbers: &[u64]) {
    let batcher = batch.batcher().0;
    let shape = entries.scenario.shape.batchers[batcher].clone();
    let (trigger, len) = (batch.info().trigger(), numbers.len() as u64);
    let left_with = batch.info().size() as u64;
    // What waited behind another batch until its lease was over is out.
    let leased = entries.scenario.sources.iter().any(|source| source.lease.is_some());
    entries.check(left_with == len || leased && left_with > len, || format!("a batch of {len}: {:?}", batch.info()));
    let full = left_with == shape.size || shape.splitting.is_some();
    entries.check(trigger != Trigger::Size || full, || format!("a batch of {left_with} left for its size"));
    let oldest = numbers.iter().filter_map(|number| entries.messages[*number as usize].handled_at).min();
    // The oldest may be among those that are out.
    let oldest = oldest.filter(|_| left_with == len);
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
}

/// What a batcher may hold: its demand, `max_pending`, the batches that wait, and what waits for another attempt; and what
/// processors are about to send.
fn bounded(entries: &mut Entries, batcher: usize) {
    if !entries.is_undisturbed() {
        return;
    }
    let shape = &entries.scenario.shape;
    let this = &shape.batchers[batcher];
    let bound = shape.demand() + this.demand(shape) + this.pending() + this.stages * this.size + this.max_waiting();
    let there = |entry: &&Entry| {
        entry.batcher == Some(batcher) && entry.batched == 0 && entry.due == Due::Released && entry.told.is_none()
    };
    let held = entries.messages.iter().filter(there).count() as u64;
    entries.check(held <= bound, || format!("bounded: {held} wait for b{batcher}, which may hold {bound}"));
}

/// What waits for another attempt is no more than may wait, and a batch for each batch processor.
pub(super) fn waiting(entries: &mut Entries, batcher: usize) {
    let this = &entries.scenario.shape.batchers[batcher];
    let most = this.max_waiting() + this.stages * this.size;
    let waiting = entries.waiting(Some(batcher));
    let leased = entries.scenario.sources.iter().any(|source| source.lease.is_some());
    let known = entries.is_undisturbed() && !entries.drains() && !leased;
    entries.check(waiting <= most || !known, || format!("bounded: {waiting} of b{batcher} wait, of {most}"));
}
