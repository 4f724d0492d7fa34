//! The pipeline of a simulation. Its callbacks do what the dice of a message or a batch say, write down what they did, and
//! check what they are lent.

use std::hash::Hash;

use broadway::{
    Batch, BatchMode, Batcher, BoxProducer, Broadway, Message, MessageOf, Result, ResultExt, StageIndex,
    topology::Topology,
};

use super::{Book, Dice, Item, Stage, batching::Batching, book::Due, handling::Handling};

/// A batcher by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Route(pub(super) usize);

impl Batcher for Route {
    const DEFAULT: Option<Self> = Some(Self(0));

    fn index(self) -> usize {
        self.0
    }
}

/// The pipeline.
#[derive(Debug)]
pub(super) struct Simulated(pub(super) Book);

const PREPARE: u64 = 41;
const FAILED: u64 = 43;

impl Broadway for Simulated {
    type Data = Item;
    type Output = u64;
    type Batcher = Route;

    fn topology(&self) -> Topology {
        let entries = self.0.open();
        entries.scenario.shape.topology(entries.scenario.sources.len())
    }

    async fn producer(&self, stage: StageIndex) -> Result<BoxProducer<Item>> {
        Ok(Box::new(Stage::new(&self.0, stage.get())))
    }

    async fn prepare(&self, messages: &mut [MessageOf<Self>]) -> Result<()> {
        let mut entries = self.0.open();
        let Some(first) = messages.first() else {
            entries.check(false, || "prepare_messages is lent nothing".into());
            return Ok(());
        };
        let mut dice = Dice::of(entries.scenario.seed, PREPARE, first.data.number);
        if !dice.percent(entries.scenario.callbacks.prepare) {
            return Ok(());
        }
        for message in messages.iter() {
            entries.leaves(message.data.number);
            entries.message(message.data.number).due = Due::Failed;
        }
        entries.tally.fault("prepare_messages");
        drop(entries);
        assert!(dice.percent(50), "told to panic");
        Err("told to fail".into())
    }

    async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
        let mut dice = message.data.dice.clone();
        let plan = self.0.open().scenario.callbacks;
        let handling = Handling::begin(&self.0, &message.data);
        let delay = dice.below(plan.delay + 1);
        self.0.sleep(delay).await;
        message.put_batch_key(&dice.below(plan.keys));
        if dice.percent(plan.flush) {
            message.put_batch_mode(BatchMode::Flush);
        }
        if dice.percent(plan.hang) {
            std::future::pending::<()>().await;
        }
        if dice.percent(plan.steal) {
            handling.stolen();
            drop(std::mem::replace(message, Message::test(Item::fake())));
            return Ok(0);
        }
        if dice.percent(plan.panic) {
            handling.ends("panics", Due::Failed);
            panic!("told to panic");
        }
        if dice.percent(plan.fail) {
            message.fail("told to fail");
            handling.ends("fail()", Due::Failed);
            return if dice.percent(50) { Ok(0) } else { Err("told to fail".into()) };
        }
        if dice.percent(plan.error) {
            handling.ends("errors", Due::Failed);
            return if dice.percent(50) { Err("told to fail".into()) } else { Ok(Err("told to fail").permanent()?) };
        }
        let number = message.data.number;
        if dice.percent(plan.done) {
            handling.ends("done()", Due::Successful);
            return message.done();
        }
        let route = handling.route(&mut dice);
        if let Some(route) = route {
            message.put_batcher(Route(route));
        }
        Ok(number * 2 + 1)
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        let plan = self.0.open().scenario.callbacks;
        let (batching, mut dice) = Batching::begin(&self.0, batch);
        let delay = dice.below(plan.batch_delay + 1);
        self.0.sleep(delay).await;
        if dice.percent(plan.batch_swap) {
            let last = batch.len() - 1;
            batch.messages_mut().swap(0, last);
        }
        if dice.percent(plan.batch_hang) {
            std::future::pending::<()>().await;
        }
        let mut failed = Vec::new();
        if dice.percent(plan.batch_fail) {
            for message in batch.messages_mut().iter_mut().filter(|_| dice.percent(30)) {
                message.fail("told to fail");
                failed.push(message.data.number);
            }
        }
        if dice.percent(plan.batch_panic) {
            batching.ends("batch panics", |_| Due::Failed);
            panic!("told to panic");
        }
        if dice.percent(plan.batch_error) {
            batching.ends("batch errors", |_| Due::Failed);
            return Err("told to fail".into());
        }
        batching.ends("batches", |number| if failed.contains(&number) { Due::Failed } else { Due::Successful });
        Ok(())
    }

    async fn process_failed(&self, messages: &mut [MessageOf<Self>]) -> Result<()> {
        let mut entries = self.0.open();
        let Some(first) = messages.first() else {
            entries.check(false, || "handle_failed is lent nothing".into());
            return Ok(());
        };
        let plan = entries.scenario.callbacks;
        let mut dice = Dice::of(entries.scenario.seed, FAILED, first.data.number);
        let fails = dice.percent(plan.failed);
        for message in messages.iter_mut() {
            let number = message.data.number;
            let (has_failure, due) = (message.failure().is_some(), entries.message(number).due);
            entries.check(has_failure && due == Due::Failed, || {
                format!("isolated: handle_failed sees {number}, which should be {due:?}")
            });
            entries.message(number).failed += 1;
            let times = entries.message(number).failed;
            entries.check(times == 1, || format!("handle_failed sees {number} again"));
            entries.message(number).due = if fails {
                Due::Released
            } else if dice.percent(plan.discard) {
                message.discard();
                Due::Discarded
            } else if dice.percent(plan.later) {
                message.release_after(crate::ms(5));
                Due::Later
            } else {
                Due::Failed
            };
        }
        if fails {
            entries.tally.fault("handle_failed");
            drop(entries);
            assert!(dice.percent(50), "told to panic");
            return Err("told to fail".into());
        }
        Ok(())
    }

    fn processor_partition(&self, message: &MessageOf<Self>) -> u64 {
        let mut entries = self.0.open();
        let mut dice = message.data.dice.clone();
        let panics = entries.scenario.callbacks.partition_panic;
        if Dice::new(dice.any()).percent(panics) {
            entries.leaves(message.data.number);
            entries.message(message.data.number).due = Due::Failed;
            entries.tally.fault("partition_by");
            drop(entries);
            panic!("told to panic");
        }
        message.data.partition
    }

    fn batcher_partition(&self, _batcher: Route, message: &MessageOf<Self>) -> u64 {
        message.data.partition
    }
}
