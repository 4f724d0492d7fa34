//! The pipeline of a simulation. Its callbacks do what the dice of a message or a batch say, write down what they did, and
//! check what they are lent.

use broadway::{
    Batch, Batcher, BoxProducer, BoxSplitter, Broadway, Failure, MessageOf, Report, Result, StageIndex, topology,
    topology::Topology,
};

use super::{Book, Stage, callback, failing, fault, fault::Fault, hooks, sink};

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

impl Simulated {
    /// Whether `partition_by` of a layer panics at a message: then it fails for good.
    fn panics(&self, message: &MessageOf<Self>, layer: u64) -> bool {
        let (number, mut entries) = (message.data.number, self.0.open());
        let panics = entries.scenario.callbacks.partition_panic;
        let entry = entries.sees(number);
        let too_often = entry.due == super::entry::Due::Failed;
        if !message.data.dice.again(layer).percent(panics) {
            return false;
        }
        entries.leaves(number);
        if !too_often {
            let entry = entries.message(number);
            entry.batcher = None;
            entry.fails(Fault::PANIC, None, false);
        }
        entries.tally.fault("partition_by");
        true
    }

    fn refuses(&self, failure: &Failure) -> bool {
        let permanent = failure.is_permanent();
        self.0.open().check(!permanent, || format!("`when` is asked about a permanent failure: {failure}"));
        self.0.open().tally.count("`when` asked", 1);
        !fault::when(failure)
    }
}

impl Broadway for Simulated {
    type Data = super::Item;
    type Output = u64;
    type Batcher = Route;

    fn topology(&self) -> Topology {
        let entries = self.0.open();
        entries.scenario.shape.topology(entries.scenario.sources.len())
    }

    async fn producer(&self, stage: StageIndex) -> Result<BoxProducer<Self::Data>> {
        Ok(Box::new(Stage::new(&self.0, stage.get())))
    }

    async fn prepare(&self, messages: &mut [MessageOf<Self>]) -> Result<()> {
        failing::prepare(&self.0, messages).await
    }

    async fn process(&self, message: &mut MessageOf<Self>) -> Result<u64> {
        callback::handle(&self.0, message).await
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        sink::handle(&self.0, batch).await
    }

    async fn process_failed(&self, messages: &mut [MessageOf<Self>]) -> Result<()> {
        failing::failed(&self.0, messages)
    }

    fn splitter(&self, batcher: &topology::Batcher) -> Option<BoxSplitter<MessageOf<Self>, u64>> {
        let place = self.topology().batchers.iter().position(|other| other.name == batcher.name)?;
        let splitting = self.0.open().scenario.shape.batchers[place].splitting?;
        Some(splitting.splitter(&self.0))
    }

    async fn started(&self) -> Result<()> {
        hooks::start(&self.0).await
    }

    async fn drained(&self, report: &Report) -> Result<()> {
        hooks::drained(&self.0, report).await
    }

    async fn stopped(&self) -> Result<()> {
        hooks::stop(&self.0).await
    }

    fn processor_partition(&self, message: &MessageOf<Self>) -> u64 {
        assert!(!self.panics(message, 3), "told to panic");
        message.data.partition
    }

    fn batcher_partition(&self, _batcher: Route, message: &MessageOf<Self>) -> u64 {
        assert!(!self.panics(message, 5), "told to panic");
        message.data.partition
    }

    fn processor_retries(&self, failure: &Failure) -> bool {
        !self.refuses(failure)
    }

    fn batcher_retries(&self, _batcher: Route, failure: &Failure) -> bool {
        !self.refuses(failure)
    }
}
