//! Messages are lent: whatever a callback does with what it was lent, nothing is lost and nothing is judged twice.

use std::sync::{Arc, Mutex};

use broadway::{
    Batch, BoxProducer, Broadway, DefaultBatcher, Message, Pipeline, Report, Result, StageIndex, StartLink, Status,
    testing::TestProducer, topology::Topology,
};
use broadway_tests::{assert_one_verdict_each, assert_settled, ms, within};

type Stolen = Arc<Mutex<Vec<Message<u64>>>>;
type Batches = Arc<Mutex<Vec<Batch<Thief>>>>;

/// Where the theft happens.
#[derive(Clone, Copy, PartialEq)]
enum At {
    HandleMessage,
    Prepare,
    HandleFailed,
    HandleBatch,
    WholeBatch,
    SwapInPrepare,
    SwapOfTwo,
    TakeOutputs,
}

/// A pipeline of 8 messages in chunks of 4 and batches of 4 that steals message 2, or swaps.
struct Thief {
    at: At,
    stolen: Stolen,
    batches: Batches,
}

impl Thief {
    /// Takes the message whose data are 2, and leaves another in its place.
    fn steal(&self, at: At, messages: &mut [Message<u64>]) {
        if self.at == at
            && let Some(message) = messages.iter_mut().find(|message| message.data == 2)
        {
            self.stolen.lock().unwrap().push(std::mem::replace(message, Message::test(99)));
        }
    }
}

impl Broadway for Thief {
    type Data = u64;
    type Output = u64;
    type Batcher = DefaultBatcher;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("Thief");
        topology.processors.stages(1).max_demand(8).min_demand(4);
        topology.batcher("default").batch_size(4).batch_timeout(10);
        topology
    }

    async fn producer(&self, _stage: StageIndex) -> Result<BoxProducer<u64>> {
        Err("set by the test".into())
    }

    async fn prepare(&self, messages: &mut [Message<u64>]) -> Result<()> {
        self.steal(At::Prepare, messages);
        if self.at == At::SwapInPrepare {
            messages.reverse();
        }
        Ok(())
    }

    async fn process(&self, message: &mut Message<u64>) -> Result<u64> {
        let data = message.data;
        self.steal(At::HandleMessage, std::slice::from_mut(message));
        if self.at == At::SwapOfTwo && (data == 2 || data == 3) {
            // Message 2 is kept, and takes the place of message 3, which then is kept instead.
            let mut kept = self.stolen.lock().unwrap();
            let other = kept.pop().unwrap_or_else(|| Message::test(99));
            kept.push(std::mem::replace(message, other));
        }
        if self.at == At::HandleFailed { Err("fails".into()) } else { Ok(data) }
    }

    async fn process_failed(&self, messages: &mut [Message<u64>]) -> Result<()> {
        self.steal(At::HandleFailed, messages);
        Ok(())
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        self.steal(At::HandleBatch, batch.messages_mut());
        if self.at == At::WholeBatch && batch.outputs().contains(&2) {
            self.batches.lock().unwrap().push(std::mem::replace(batch, Batch::test([7, 8])));
        }
        if self.at == At::TakeOutputs {
            self.steal(At::TakeOutputs, batch.messages_mut());
            batch.take_outputs();
        }
        Ok(())
    }
}

struct Loot {
    pipeline: Pipeline,
    producer: TestProducer<u64>,
    stolen: Stolen,
    batches: Batches,
}

impl Loot {
    async fn start(at: At) -> Self {
        let (producer, stolen, batches) = (TestProducer::of(0..8u64), Stolen::default(), Batches::default());
        let thief = Thief { at, stolen: stolen.clone(), batches: batches.clone() };
        let pipeline = thief.configure().producer(producer.clone()).start_link().await.unwrap();
        Self { pipeline, producer, stolen, batches }
    }

    /// Waits until all but `stolen` messages are settled.
    async fn all_but(&self, stolen: u64) {
        self.pipeline.wait_until(|stats| stats.emitted == 8 && stats.in_flight == stolen).await;
        tokio::time::sleep(ms(100)).await;
        assert_eq!(self.pipeline.stats().in_flight, stolen);
    }

    async fn end(self) -> (Report, TestProducer<u64>) {
        let report = self.pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_one_verdict_each(&self.producer, 8);
        (report, self.producer)
    }
}

#[tokio::test(start_paused = true)]
async fn a_stolen_message_is_released_when_it_is_dropped_and_the_others_are_not_harmed() {
    for (at, verdict) in [
        (At::HandleMessage, Status::Successful),
        (At::Prepare, Status::Successful),
        (At::HandleFailed, Status::Failed),
        (At::HandleBatch, Status::Successful),
        (At::TakeOutputs, Status::Successful),
    ] {
        within(async {
            let loot = Loot::start(at).await;
            loot.all_but(1).await;
            loot.stolen.lock().unwrap().clear();
            let (report, producer) = loot.end().await;
            assert_eq!((report.violations, report.released), (1, 1));
            assert_eq!((producer.with(Status::Released), producer.with(verdict)), (vec![2], vec![0, 1, 3, 4, 5, 6, 7]));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stolen_batch_is_released_when_it_is_dropped() {
    within(async {
        let loot = Loot::start(At::WholeBatch).await;
        loot.all_but(4).await;
        loot.batches.lock().unwrap().clear();
        let (report, producer) = loot.end().await;
        assert_eq!((report.violations, report.released), (4, 4));
        assert_eq!(
            (producer.with(Status::Released), producer.with(Status::Successful)),
            (vec![0, 1, 2, 3], vec![4, 5, 6, 7])
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn two_lent_messages_that_were_exchanged_are_released() {
    within(async {
        let loot = Loot::start(At::SwapOfTwo).await;
        loot.all_but(1).await;
        loot.stolen.lock().unwrap().clear();
        let (report, producer) = loot.end().await;
        // Message 2 was found in the place of 3 and let go of; 3 went with the thief.
        assert_eq!((report.violations, report.released), (2, 2));
        assert_eq!(producer.with(Status::Released), [2, 3]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn swaps_within_what_was_lent_are_harmless() {
    within(async {
        let (report, producer) = Loot::start(At::SwapInPrepare).await.end().await;
        assert_eq!((report.violations, report.acknowledged), (0, 8));
        assert_eq!(producer.rounds()[0], [3, 2, 1, 0].map(|message| (message, Status::Successful)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_never_given_back_does_not_keep_the_pipeline_beyond_its_deadline() {
    within(async {
        let loot = Loot::start(At::HandleMessage).await;
        let report = loot.pipeline.wait().await.unwrap();
        assert_eq!((report.unsettled, report.acknowledged), (1, 7));
        assert!(report.took <= ms(25_000), "{:?}", report.took);
        // Too late to tell the source, which delivers it again; and no harm done.
        drop(loot.stolen);
        assert_eq!(loot.producer.with(Status::Released), Vec::<u64>::new());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn data_may_be_taken_and_the_message_stays() {
    within(async {
        let producer = TestProducer::of(["a".to_owned(), "b".to_owned()]);
        let source = producer.clone();
        let pipeline = broadway::Builder::new(
            "takes",
            move |_| source.clone(),
            |message: &mut Message<String>| {
                let taken = std::mem::take(&mut message.data);
                Box::pin(async move { Ok(taken) })
            },
        )
        .topology(|topology| {
            topology.batcher("default").batch_size(2);
        })
        .handle_batch(|batch| {
            assert_eq!((batch.len(), batch.take_outputs().len(), batch.outputs().len()), (2, 2, 0));
            Box::pin(async { Ok(()) })
        })
        .start_link()
        .await
        .unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(producer.with(Status::Successful), [0, 1]);
    })
    .await;
}
