//! One call of `handle_message`: what is checked at its beginning, and what is written down however it ends.

use broadway::MessageOf;
use tokio::time::Instant;

use super::{Book, Dice, Limits, book::Entries, entry::Due, fault::Fault, pipeline::Simulated};

/// Dropped with the call: if nothing was said of its end, it was cut.
pub(super) struct Handling {
    book: Book,
    number: u64,
    began: Instant,
    ended: std::sync::atomic::AtomicBool,
}

impl Handling {
    pub(super) fn begin(book: &Book, message: &MessageOf<Simulated>) -> Self {
        let number = message.data.number;
        book.note("handle", number, "");
        let mut entries = book.open();
        entries.leaves(number);
        entries.handling += 1;
        let (handling, processors) = (entries.handling, entries.scenario.shape.processors);
        entries.check(handling <= processors, || format!("{handling} messages are handled by {processors} processors"));
        attempt(&mut entries, message);
        ordered(&mut entries, message);
        let entry = entries.sees(number);
        entry.entered += 1;
        entry.due = Due::Released;
        let first = entry.entered == 1 && entry.is_produced();
        let free = entries.is_undisturbed() && !entries.drains();
        if let Some(beyond) = entries.limits.as_mut().filter(|_| first).map(|limits| limits.leaves()) {
            entries.check(beyond == 0 || !free, || format!("{beyond} messages more than the rate limit allows"));
        }
        let beyond = entries.attempts.as_mut().map_or(0, Limits::leaves);
        let undisturbed = entries.is_undisturbed();
        entries
            .check(beyond == 0 || !undisturbed, || format!("{beyond} attempts more than the processors' limit allows"));
        drop(entries);
        Self { book: book.clone(), number, began: Instant::now(), ended: false.into() }
    }

    /// It succeeds so, or its message does not come to its end.
    pub(super) fn ends(&self, how: &'static str, due: Due) {
        self.over(how);
        let mut entries = self.book.open();
        entries.message(self.number).due = due;
        entries.tally.count(how, 1);
    }

    /// It fails so.
    pub(super) fn fails(&self, how: &'static str, fault: Fault) {
        self.over(how);
        let mut entries = self.book.open();
        entries.fails(self.number, fault);
        entries.tally.fault(how);
        bounded(&mut entries);
    }

    fn over(&self, how: &'static str) {
        self.ended.store(true, std::sync::atomic::Ordering::Relaxed);
        self.book.note("handled", self.number, how);
        self.book.open().message(self.number).handled_at = Some(Instant::now());
    }

    /// Its message was exchanged for another.
    pub(super) fn stolen(&self) {
        self.ends("stolen", Due::Released);
        let mut entries = self.book.open();
        entries.stolen += 1;
        entries.message(self.number).back = true;
    }

    /// It succeeds: where its message goes, and whether it says so.
    pub(super) fn route(&self, dice: &mut Dice) -> Option<usize> {
        let entries = self.book.open();
        let (shape, unrouted) = (&entries.scenario.shape, entries.scenario.callbacks.unrouted);
        let (batchers, fail) = (shape.batchers.len(), shape.unrouted_fail);
        drop(entries);
        if batchers == 0 {
            self.ends("handled", Due::Successful);
            return None;
        }
        let says = match dice.below(3) {
            _ if dice.percent(unrouted) => Some(batchers),
            0 => None,
            _ => Some(dice.below(batchers as u64) as usize),
        };
        let goes = says.or(if fail { None } else { Some(0) }).filter(|batcher| *batcher < batchers);
        match goes {
            Some(batcher) => {
                self.ends("routed", Due::Released);
                self.book.open().message(self.number).batcher = Some(batcher);
            }
            None => self.fails("unrouted", Fault::UNROUTED),
        }
        says
    }
}

/// Attempts are counted, are no more than there may be, and wait for their time.
fn attempt(entries: &mut Entries, message: &MessageOf<Simulated>) {
    let number = message.data.number;
    let entry = entries.message(number).clone();
    let (attempt, says) = (entry.attempts.failed + 1, u64::from(message.attempt()));
    entries.check(says == attempt, || format!("{number} is handled as attempt {says}: {entry:?}"));
    let due = if attempt == 1 { Due::Released } else { Due::Again };
    entries.check(entry.due == due && (attempt > 1 || entry.entered == 0), || {
        format!("settled once: {number} is handled and should be {:?}: {entry:?}", entry.due)
    });
    let told = entry.told.is_some() && entry.early.is_none();
    entries.check(!told, || format!("settled once: {number} is handled after its verdict"));
    let most = entries.scenario.shape.max_deliveries.unwrap_or(u64::MAX);
    entries.check(entry.delivery <= most, || format!("{number} was delivered too often, and is handled: {entry:?}"));
    if attempt > 1 {
        let over = entry.lease.is_some_and(|(until, _)| until <= Instant::now());
        entries.check(!over, || format!("{number} is tried again, and its lease is over: {entry:?}"));
        entries.tally.count("retries", 1);
        again(entries, number, entry.attempts.not_before, entry.must_renew);
    }
}

/// A message is tried again, in either layer: in its time, unless a drain cuts the wait short.
pub(super) fn again(entries: &mut Entries, number: u64, not_before: Option<Instant>, must_renew: bool) {
    let drains = entries.drains();
    let early = not_before.is_some_and(|not_before| Instant::now() < not_before);
    entries.check(!early || drains, || format!("{number} is tried again before its time"));
    entries.check(!must_renew || drains, || format!("{number} waited longer than its lease, which was not renewed"));
    if early {
        entries.tally.count("waits cut short", 1);
    }
}

fn ordered(entries: &mut Entries, message: &MessageOf<Simulated>) {
    if !entries.scenario.shape.partitioned {
        return;
    }
    let number = message.data.number;
    let again = entries.message(number).entered > 0;
    let last = entries.last_handled.insert(message.data.partition, number);
    // Nothing of the partition comes between two attempts.
    let in_order = last.is_none_or(|last| if again { last == number } else { last < number });
    entries.check(in_order, || format!("ordered: {number} is handled after {last:?}"));
}

/// What waits for another attempt is no more than may wait, and what the processors hold.
fn bounded(entries: &mut Entries) {
    let shape = &entries.scenario.shape;
    let most = shape.max_waiting() + shape.demand();
    let waiting = entries.waiting(None);
    let known =
        entries.is_undisturbed() && !entries.drains() && entries.scenario.sources.iter().all(|s| s.lease.is_none());
    entries
        .check(waiting <= most || !known, || format!("bounded: {waiting} messages wait for another attempt of {most}"));
}

impl Drop for Handling {
    fn drop(&mut self) {
        if !self.ended.load(std::sync::atomic::Ordering::Relaxed) {
            let timeout = self.book.open().scenario.shape.timeout;
            if timeout.is_some_and(|timeout| self.began.elapsed() >= crate::ms(timeout)) {
                self.fails("time-outs", Fault::TIME_OUT);
            } else {
                self.book.note("cut", self.number, "");
                self.book.open().tally.count("callbacks cut", 1);
            }
        }
        self.book.open().handling -= 1;
    }
}
