//! A producer without a pipeline: a test plays the runtime's part, one ask at a time, and settles by hand. For connectors.

use std::{collections::BTreeMap, sync::Arc};

use broadway_topology::Role;

use crate::{
    acknowledger::{AckRef, Settled, Settlement},
    error::{Error, Result},
    message::Message,
    pipeline::{Shared, Status},
    stage::{Next, Outbox, Producer, ProducerContext, StageIndex},
    telemetry::{Counters, StageCounters},
};

/// A producer and what a pipeline would hold for it.
///
/// ```
/// use broadway::{Next, Status, testing::{ProducerHarness, TestProducer}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let mut harness = ProducerHarness::start(TestProducer::of(["good", "bad"])).await?;
/// assert_eq!(harness.ask(10).await?, Next::Finished);
///
/// let verdicts = harness.take().into_iter().zip([Status::Successful, Status::Failed]).collect();
/// assert!(harness.settle(verdicts).await.is_empty()); // all have arrived
/// assert_eq!(harness.producer().with(Status::Failed), [1]);
///
/// harness.pause(true);
/// harness.drain().await?;
/// assert!(harness.take().is_empty()); // it held nothing back
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ProducerHarness<P: Producer> {
    producer: P,
    shared: Arc<Shared>,
    counters: Arc<StageCounters>,
    context: ProducerContext,
    outbox: Option<Outbox<P::Data>>,
}

impl<P: Producer> ProducerHarness<P> {
    /// Initializes the producer.
    ///
    /// **Cancel-safety**: the producer is dropped.
    ///
    /// # Errors
    /// The producer's own.
    pub async fn start(mut producer: P) -> Result<Self> {
        const NAME: &str = "producer_0";
        let counters = Counters::new([(NAME, Role::Producer(0))]);
        let stage = counters.stage(NAME);
        let shared = Shared::new("harness".into(), counters);
        let mut context = ProducerContext::new(StageIndex(0), shared.clone());
        producer.init(&mut context).await?;
        Ok(Self { producer, shared, counters: stage, context, outbox: None })
    }

    /// The producer.
    pub fn producer(&self) -> &P {
        &self.producer
    }

    fn parts(&mut self) -> (&mut P, &mut Outbox<P::Data>) {
        let Self { producer, context, outbox, .. } = self;
        (producer, outbox.get_or_insert_with(|| context.outbox()))
    }

    /// One ask. A test drops it wherever it likes.
    ///
    /// **Cancel-safety**: what was emitted by then is there for [`take`](Self::take), as in a pipeline.
    ///
    /// # Errors
    /// The producer's own.
    pub async fn ask(&mut self, demand: usize) -> Result<Next> {
        let (producer, outbox) = self.parts();
        producer.handle_demand(demand, outbox).await
    }

    /// What has been emitted since the last time.
    pub fn take(&mut self) -> Vec<Message<P::Data>> {
        let emitted = std::mem::take(self.parts().1.emitted());
        StageCounters::add(&self.counters.emitted, emitted.len());
        emitted.into_iter().map(|emitted| Message::new(emitted.data, emitted.ticket, emitted.envelope)).collect()
    }

    /// Raises or lowers the paused signal.
    pub fn pause(&self, paused: bool) {
        self.shared.pause(paused);
    }

    /// Raises the draining signal and lets the producer hand over or give back what it holds.
    ///
    /// **Cancel-safety**: as that of [`ask`](Self::ask).
    ///
    /// # Errors
    /// The producer's own.
    pub async fn drain(&mut self) -> Result<()> {
        self.shared.drain();
        let (producer, outbox) = self.parts();
        producer.prepare_for_draining(outbox).await
    }

    /// Tells the source, once, and returns what did not arrive, by the message's place.
    ///
    /// **Cancel-safety**: the messages are gone, and their source has been told or not.
    pub async fn settle(&self, messages: Vec<(Message<P::Data>, Status)>) -> Vec<(usize, Error)> {
        let mut groups: BTreeMap<AckRef, Vec<(usize, Status, Settlement)>> = BTreeMap::new();
        for (place, (mut message, verdict)) in messages.into_iter().enumerate() {
            let ack_ref = message.ticket.ack_ref();
            let settlement =
                Settlement { data: message.ticket.settle(), failure: None, release_after: message.release_delay() };
            groups.entry(ack_ref).or_default().push((place, verdict, settlement));
        }
        let mut undelivered = Vec::new();
        for (ack_ref, mut group) in groups {
            let Some(acknowledger) = self.shared.acknowledger(ack_ref) else { continue };
            group.sort_by_key(|(_, verdict, _)| match verdict {
                Status::Successful => 0,
                Status::Failed => 1,
                Status::Released => 2,
            });
            StageCounters::add(&self.counters.released, group.len());
            let places: Vec<usize> = group.iter().map(|(place, ..)| *place).collect();
            let successful = group.iter().filter(|(_, verdict, _)| *verdict == Status::Successful).count();
            let failed = group.iter().filter(|(_, verdict, _)| *verdict == Status::Failed).count();
            let settlements: Vec<Settlement> = group.into_iter().map(|(.., settlement)| settlement).collect();
            let (successful, rest) = settlements.split_at(successful);
            let (failed, released) = rest.split_at(failed);
            let report = acknowledger.ack(ack_ref, Settled { successful, failed, released }).await;
            undelivered.extend(report.undelivered.into_iter().map(|(position, reason)| (places[position], reason)));
        }
        undelivered
    }
}
