//! A pipeline that is stopped from its own inside drains, and nobody waits for himself (X6).

use std::sync::{Arc, OnceLock};

use broadway::{
    AckRef, AckReport, Acknowledger, Builder, Closures, DefaultBatcher, EndReason, Next, Outbox, Pipeline, Producer,
    ProducerContext, Result, Settled, StopError, async_trait, testing::TestProducer,
};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled, ms, within, within_real};
use futures::FutureExt;
use tokio::time::Instant;

/// Where the callback is that stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Message,
    Batch,
    Prepare,
    Failed,
    Ask,
    Draining,
    Ack,
}

/// Shared with the callbacks, which get the owner as soon as there is one.
#[derive(Clone)]
struct Stopper {
    owner: Arc<OnceLock<Pipeline>>,
    place: Place,
    told: Log<StopError>,
}

impl Stopper {
    async fn stop_at(&self, place: Place) -> Result<()> {
        if self.place == place
            && self.told.is_empty()
            && let Some(owner) = self.owner.get()
        {
            self.told.push(owner.stop().await.unwrap_err());
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Source(TestProducer<u64>, Stopper);

#[async_trait]
impl Producer for Source {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(Arc::new(self.clone()));
        Ok(())
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let next = self.0.handle_demand(demand, out).await;
        self.1.stop_at(Place::Ask).await?;
        next
    }

    async fn prepare_for_draining(&mut self, _out: &mut Outbox<u64>) -> Result<()> {
        self.1.stop_at(Place::Draining).await
    }
}

#[async_trait]
impl Acknowledger for Source {
    async fn ack(&self, ack_ref: AckRef, settled: Settled<'_>) -> AckReport {
        self.1.stop_at(Place::Ack).await.unwrap();
        self.0.ack(ack_ref, settled).await
    }
}

async fn start(producer: &TestProducer<u64>, stopper: &Stopper) {
    let source = Source(producer.clone(), stopper.clone());
    let [handle, batch, prepare, failed] = std::array::from_fn(|_| stopper.clone());
    let pipeline = Builder::new(
        "suicidal",
        move |_| source.clone(),
        move |message| {
            let stopper = handle.clone();
            async move {
                tokio::time::sleep(ms(1)).await;
                stopper.stop_at(Place::Message).await?;
                if message.data % 10 == 3 { Err("fails".into()) } else { Ok(message.data) }
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(2);
        topology.batcher("default").batch_size(4).batch_timeout(50);
    })
    .prepare_messages(move |_| {
        let stopper = prepare.clone();
        async move { stopper.stop_at(Place::Prepare).await }.boxed()
    })
    .handle_batch(move |_: &mut broadway::Batch<Closures<u64, u64, DefaultBatcher>>| {
        let stopper = batch.clone();
        async move { stopper.stop_at(Place::Batch).await }.boxed()
    })
    .handle_failed(move |_| {
        let stopper = failed.clone();
        async move { stopper.stop_at(Place::Failed).await }.boxed()
    })
    .start_link()
    .await
    .unwrap();
    stopper.owner.set(pipeline).unwrap();
    producer.push_all(0..2_000);
}

#[tokio::test(start_paused = true)]
async fn x6_a_callback_that_stops_its_own_pipeline_starts_the_drain_and_does_not_wait_for_itself() {
    use Place::*;
    for place in [Message, Batch, Prepare, Failed, Ask, Draining, Ack] {
        within(async {
            let stopper = Stopper { owner: Arc::default(), place, told: Log::new() };
            let producer = TestProducer::new();
            start(&producer, &stopper).await;
            let (owner, started) = (stopper.owner.get().unwrap(), Instant::now());
            let report = if place == Draining { owner.stop().await } else { owner.wait().await }.unwrap();
            assert!(started.elapsed() < ms(1_000), "{place:?}: {:?}", started.elapsed());
            assert_settled(&report);
            assert_one_verdict_each(&producer, report.emitted);
            assert_eq!((report.reason, report.released), (EndReason::Stopped, 0), "{place:?}");
            assert!(report.emitted < 2_000, "{place:?}: {report}");
            let told = stopper.told.all();
            assert!(matches!(&told[..], [StopError::Inside { pipeline }] if pipeline == owner.name()), "{told:?}");
            assert!(told[0].report().is_none());
            // After the end everybody is told how it ended.
            assert_eq!(owner.stop().await.unwrap(), report);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_several_threads() {
    within_real(async {
        let stopper = Stopper { owner: Arc::default(), place: Place::Message, told: Log::new() };
        let producer = TestProducer::new();
        start(&producer, &stopper).await;
        let report = stopper.owner.get().unwrap().wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.released, stopper.told.is_empty()), (0, false));
    })
    .await;
}

/// A pipeline of one message, whose handler does this with the owner that it finds.
async fn handling<F>(owner: &Arc<OnceLock<Pipeline>>, name: &str, handle: fn(Arc<OnceLock<Pipeline>>) -> F) -> Pipeline
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (source, owner) = (TestProducer::new(), owner.clone());
    source.push(1u64);
    Builder::new(name, move |_| source.clone(), move |_| handle(owner.clone()).boxed()).start_link().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn waiting_inside_is_refused_and_stops_nothing() {
    within(async {
        let owner = Arc::new(OnceLock::new());
        let pipeline = handling(&owner, "waits", |owner| async move {
            let error = owner.get().unwrap().wait().await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "a callback of `waits` cannot wait for the end of its own pipeline; after `stop` it drains all the same, \
                 and whoever calls `wait` outside of it gets the report"
            );
            let running = owner.get().unwrap().run_until(std::future::ready(())).await;
            assert!(matches!(running, Err(StopError::Inside { .. })), "{running:?}");
            Ok(())
        })
        .await;
        owner.set(pipeline).unwrap();
        let pipeline = owner.get().unwrap();
        pipeline.wait_until(|stats| stats.acknowledged == 1).await;
        assert!(pipeline.health().running);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_callback_may_stop_another_pipeline_and_wait_for_it() {
    within(async {
        let (none, other) = (Arc::default(), Arc::new(OnceLock::new()));
        let slow = handling(&none, "slow", |_| async {
            tokio::time::sleep(ms(700)).await;
            Ok(())
        });
        other.set(slow.await).unwrap();
        other.get().unwrap().wait_until(|stats| stats.in_flight == 1).await;
        let stops = handling(&other, "stops the other", |other| async move {
            let report = other.get().unwrap().stop().await?;
            assert_eq!((report.acknowledged, report.reason), (1, EndReason::Stopped));
            Ok(())
        });
        let stops = stops.await;
        stops.wait_until(|stats| stats.acknowledged == 1).await;
        assert!(!other.get().unwrap().health().running);
        assert_settled(&stops.stop().await.unwrap());
    })
    .await;
}
