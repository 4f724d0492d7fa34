//! One call of `handle_message`: what is checked at its beginning, and what is written down however it ends.

use tokio::time::Instant;

use super::{Book, Dice, Item, book::Due};

/// Dropped with the call: if nothing was said of its end, it was cut.
pub(super) struct Handling {
    book: Book,
    number: u64,
    began: Instant,
    ended: std::cell::Cell<bool>,
}

impl Handling {
    pub(super) fn begin(book: &Book, item: &Item) -> Self {
        let number = item.number;
        book.note("handle", number, "");
        let mut entries = book.open();
        entries.leaves(number);
        entries.handling += 1;
        let (handling, processors) = (entries.handling, entries.scenario.shape.processors);
        entries.check(handling <= processors, || format!("{handling} messages are handled by {processors} processors"));
        let entry = entries.message(number);
        entry.entered += 1;
        let (entered, due, told) = (entry.entered, entry.due, entry.told);
        entries.check(entered == 1, || format!("settled once: {number} is handled again"));
        entries.check(due == Due::Released, || format!("isolated: {number} is handled and should be {due:?}"));
        entries.check(told.is_none(), || format!("settled once: {number} is handled after its verdict"));
        if entries.scenario.shape.partitioned {
            let last = entries.last_handled.insert(item.partition, number);
            entries.check(last.is_none_or(|last| last < number), || {
                format!("ordered: {number} is handled after {last:?}")
            });
        }
        drop(entries);
        Self { book: book.clone(), number, began: Instant::now(), ended: false.into() }
    }

    /// It ends so.
    pub(super) fn ends(&self, how: &'static str, due: Due) {
        self.ended.set(true);
        self.book.note("handled", self.number, how);
        let mut entries = self.book.open();
        entries.message(self.number).due = due;
        entries.message(self.number).handled_at = Some(Instant::now());
        if due == Due::Failed { entries.tally.fault(how) } else { entries.tally.count(how, 1) }
    }

    /// Its message was exchanged for another.
    pub(super) fn stolen(&self) {
        self.ends("stolen", Due::Released);
        self.book.open().stolen += 1;
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
            None => self.ends("unrouted", Due::Failed),
        }
        says
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        if !self.ended.get() {
            let timeout = self.book.open().scenario.shape.timeout;
            if timeout.is_some_and(|timeout| self.began.elapsed() >= crate::ms(timeout)) {
                self.ends("time-outs", Due::Failed);
            } else {
                self.book.note("cut", self.number, "");
                self.book.open().tally.count("callbacks cut", 1);
            }
        }
        self.book.open().handling -= 1;
    }
}
