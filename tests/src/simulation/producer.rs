//! A producer stage of a simulation. What it has emitted is in the book, so another instance goes on where the last was.

use std::sync::Arc;

use broadway::{Incoming, Next, Outbox, Producer, ProducerContext, Result, Signal, async_trait};

use tokio::time::Instant;

use super::{
    Book, Dice, Item, Source, Teller,
    book::Entries,
    entry::{Due, Entry, Origin},
    fault::Fault,
};
use crate::ms;

/// One instance.
#[derive(Debug)]
pub(super) struct Stage {
    book: Book,
    stage: usize,
    instance: u64,
    draining: Option<Signal>,
}

const ASK: u64 = 21;

impl Stage {
    /// Another instance of that stage.
    pub(super) fn new(book: &Book, stage: usize) -> Self {
        let mut entries = book.open();
        let instance = entries.sources[stage].instances;
        entries.sources[stage].instances += 1;
        Self { book: book.clone(), stage, instance, draining: None }
    }

    fn origin(&self) -> Origin {
        Origin::Source(self.stage, self.instance)
    }

    /// Emits the next `n`; those of an ask must fit into the demand.
    fn emit(&self, n: u64, out: &mut Outbox<Item>, asked: bool) -> Vec<u64> {
        (0..n).map(|_| self.emit_one(out, asked)).collect()
    }

    fn emit_one(&self, out: &mut Outbox<Item>, asked: bool) -> u64 {
        let mut entries = self.book.open();
        let (plan, place) = (entries.scenario.sources[self.stage], entries.sources[self.stage].emitted);
        entries.sources[self.stage].emitted += 1;
        let number = entries.enter(Entry::new(self.origin()));
        let item = Item::new(&entries.scenario, number, self.stage, place);
        let lease = plan.lease.map(|lease| (Instant::now() + ms(lease), ms(lease)));
        let too_often = entries.scenario.shape.max_deliveries.is_some_and(|most| item.delivery > most);
        let entry = entries.message(number);
        (entry.lease, entry.delivery) = (lease, item.delivery);
        if too_often {
            (entry.due, entry.failure) = (Due::Failed, Some((Fault::TOO_OFTEN.kind, 0)));
            entries.tally.fault("delivered too often");
        }
        entries.unhandled += 1;
        entries.handed_over += u64::from(!asked);
        // What a stage that was killed held is on its way back to its source, and no demand.
        if asked && entries.is_undisturbed() {
            bounded(&mut entries);
        }
        drop(entries);
        self.book.note("emit", number, format_args!("producer_{}", self.stage));
        let mut incoming = Incoming::new(item.clone()).ack(Teller::data(number));
        if item.delivery > 1 {
            incoming = incoming.delivery(item.delivery as u32);
        }
        out.push(match lease {
            Some((until, _)) => incoming.leased_until(until),
            None => incoming,
        });
        number
    }

    /// An ask fails, or all do from now on.
    fn fails(&self, plan: &Source) {
        let now = self.book.now();
        let mut entries = self.book.open();
        let book = &mut entries.sources[self.stage];
        book.errors += 1;
        let wait = 100 << book.errors.min(9);
        let failing = now - *book.failing_since.get_or_insert(now);
        entries.tally.fault("producer errors");
        entries.spent += wait;
        if let Some(most) = entries.scenario.shape.give_up_after.filter(|most| failing >= *most) {
            entries.gave_up_at.get_or_insert(now);
            entries.spent += most;
        }
        if plan.dead_after.is_some() {
            // It waits no longer than until it gives up.
            entries.spent += entries.scenario.shape.give_up_after.unwrap_or(0);
        }
    }
}

/// Bounded: what waits before the processors, what is in flight.
fn bounded(entries: &mut Entries) {
    let shape = &entries.scenario.shape;
    let parked = if shape.partitioned { shape.max_waiting() } else { 0 };
    let demand = shape.demand() + parked + entries.handed_over;
    let most = shape.most_in_flight() + entries.handed_over;
    // What waits behind another one until its lease is over is on its way back.
    let now = Instant::now();
    let unhandled = if entries.unhandled > demand {
        let there = |entry: &&Entry| entry.waiting && !entry.is_as_good_as_over(now);
        entries.messages.iter().filter(there).count() as u64
    } else {
        entries.unhandled
    };
    let in_flight = entries.in_flight();
    entries.check(unhandled <= demand, || format!("bounded: {unhandled} wait, the demand is {demand}"));
    entries.check(in_flight <= most, || format!("bounded: {in_flight} are in flight of {most}"));
}

#[async_trait]
impl Producer for Stage {
    type Data = Item;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(Arc::new(Teller::new(&self.book, self.origin())));
        self.draining = Some(context.draining());
        self.book.open().draining = Some(context.draining());
        Ok(())
    }

    fn preferred_demand(&self) -> Option<usize> {
        self.book.open().scenario.sources[self.stage].preferred
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<Item>) -> Result<Next> {
        let draining = self.draining.as_ref().is_some_and(Signal::is_raised);
        let (plan, mut dice, left, errors) = {
            let mut entries = self.book.open();
            entries.check(!draining, || format!("drained: producer_{} is asked during a drain", self.stage));
            entries.check(demand > 0, || "an ask for nothing".into());
            let paused = entries.paused;
            entries.check(!paused, || format!("producer_{} is asked while the pipeline is paused", self.stage));
            let plan = entries.scenario.sources[self.stage];
            let seed = entries.scenario.seed;
            let book = &mut entries.sources[self.stage];
            book.asks += 1;
            let dice = Dice::of(seed, ASK, (self.stage as u64) << 32 | book.asks);
            (plan, dice, plan.messages.saturating_sub(book.emitted), book.errors)
        };
        self.book.note("ask", demand as u64, format_args!("producer_{}", self.stage));
        if plan.dead_after.is_some_and(|asks| self.book.open().sources[self.stage].asks > asks) {
            self.fails(&plan);
            return Err("told to be dead".into());
        }
        if left == 0 {
            if plan.finishes {
                return Ok(Next::Finished);
            }
            std::future::pending::<()>().await;
        }
        let delay = dice.below(plan.delay + 1);
        self.book.sleep(delay).await;
        let n = dice.between(1, left.min(demand as u64));
        let (panics, fails) = (dice.percent(plan.panics), dice.percent(plan.errors) && errors < 3);
        let mut emitted;
        if dice.percent(plan.halves) {
            emitted = self.emit(n / 2, out, true);
            let delay = dice.below(plan.delay + 1);
            self.book.sleep(delay).await;
            emitted.extend(self.emit(n - n / 2, out, true));
        } else {
            emitted = self.emit(if fails { n - 1 } else { n }, out, true);
        }
        if panics {
            let mut entries = self.book.open();
            entries.tally.fault("producer panics");
            // What is in the outbox of this ask goes back to its source.
            for number in emitted {
                entries.leaves(number);
                entries.message(number).back = true;
            }
            drop(entries);
            self.book.note("panic", self.stage as u64, "producer");
            panic!("told to panic");
        }
        if fails {
            self.fails(&plan);
            return Err("told to fail".into());
        }
        {
            let mut entries = self.book.open();
            let book = &mut entries.sources[self.stage];
            (book.errors, book.failing_since) = (0, None);
        }
        Ok(if left == n && plan.finishes && dice.percent(50) { Next::Finished } else { Next::More })
    }

    async fn prepare_for_draining(&mut self, out: &mut Outbox<Item>) -> Result<()> {
        let holds = self.book.open().scenario.sources[self.stage].holds;
        self.emit(holds, out, false);
        if holds % 2 == 1 { Err("told to fail".into()) } else { Ok(()) }
    }
}
