//! A producer stage of a simulation. What it has emitted is in the book, so another instance goes on where the last was.

use std::sync::Arc;

use broadway::{AckData, Incoming, Next, Outbox, Producer, ProducerContext, Result, Signal, async_trait};

use super::{
    Book, Dice, Item, Teller,
    book::{Due, Entry},
};

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

    /// Emits the next `n`; those of an ask must fit into the demand.
    fn emit(&self, n: u64, out: &mut Outbox<Item>, asked: bool) -> Vec<u64> {
        let mut emitted = Vec::new();
        for _ in 0..n {
            let mut entries = self.book.open();
            let (number, place) = (entries.messages.len() as u64, entries.sources[self.stage].emitted);
            entries.sources[self.stage].emitted += 1;
            let item = Item::new(&entries.scenario, number, self.stage, place);
            entries.messages.push(Entry {
                source: (self.stage, self.instance),
                waiting: true,
                entered: 0,
                handled_at: None,
                batcher: None,
                batched: 0,
                failed: 0,
                due: Due::Released,
                told: None,
                delivered: 0,
            });
            entries.unhandled += 1;
            entries.tally.count("messages", 1);
            entries.handed_over += u64::from(!asked);
            let shape = &entries.scenario.shape;
            let demand = shape.processors * shape.max_demand + entries.handed_over;
            let (unhandled, undisturbed) = (entries.unhandled, entries.kills.is_empty());
            // What a stage that was killed held is on its way back to its source, and no demand.
            if asked && undisturbed {
                entries.check(unhandled <= demand, || format!("bounded: {unhandled} wait, the demand is {demand}"));
            }
            drop(entries);
            self.book.note("emit", number, format_args!("producer_{}", self.stage));
            out.push(Incoming::new(item).ack(AckData::U64(number)));
            emitted.push(number);
        }
        emitted
    }
}

#[async_trait]
impl Producer for Stage {
    type Data = Item;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        let teller = Teller::new(&self.book, (self.stage, self.instance));
        context.acknowledger(Arc::new(teller));
        self.draining = Some(context.draining());
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
            let plan = entries.scenario.sources[self.stage];
            let seed = entries.scenario.seed;
            let book = &mut entries.sources[self.stage];
            book.asks += 1;
            let dice = Dice::of(seed, ASK, (self.stage as u64) << 32 | book.asks);
            (plan, dice, plan.messages.saturating_sub(book.emitted), book.errors)
        };
        self.book.note("ask", demand as u64, format_args!("producer_{}", self.stage));
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
            emitted.into_iter().for_each(|number| entries.leaves(number));
            drop(entries);
            self.book.note("panic", self.stage as u64, "producer");
            panic!("told to panic");
        }
        if fails {
            let mut entries = self.book.open();
            entries.sources[self.stage].errors += 1;
            entries.tally.fault("producer errors");
            entries.spent += 100 << entries.sources[self.stage].errors;
            return Err("told to fail".into());
        }
        self.book.open().sources[self.stage].errors = 0;
        Ok(if left == n && plan.finishes && dice.percent(50) { Next::Finished } else { Next::More })
    }

    async fn prepare_for_draining(&mut self, out: &mut Outbox<Item>) -> Result<()> {
        let holds = self.book.open().scenario.sources[self.stage].holds;
        self.emit(holds, out, false);
        if holds % 2 == 1 { Err("told to fail".into()) } else { Ok(()) }
    }
}
