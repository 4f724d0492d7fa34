//! What users hand to a stage besides its instance (dispatchers, functions) may panic, and its end may come at any time: the
//! stage ends as it says, and nobody is left waiting.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use broadway::{
    Incoming, Next, Outbox, Producer, Result, async_trait,
    stage::{
        self, Cancel, Consumer, ConsumerSupervisor, Deliveries, Dispatcher, Partition, ProducerConsumer, Reason,
        Refused, SubscribeError, Subscription, SubscriptionId, Terms, from_iter, to,
    },
};
use broadway_tests::{Gate, Log, ms, within};
use futures::TryStreamExt;
use tokio::sync::watch;

/// Lets everything run that can: time is paused, and moves on only when nothing else can.
async fn settle() {
    tokio::time::sleep(ms(1)).await;
}

/// Gives its numbers at its first ask, however many were asked for, and finishes.
struct Hasty(u64);

#[async_trait]
impl Producer for Hasty {
    type Data = u64;

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        out.extend((0..self.0).map(Incoming::new));
        Ok(Next::Finished)
    }
}

/// Writes its chunks down. The gate lets them through.
struct Chunks(Log<Vec<u64>>, Gate);

impl Consumer for Chunks {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        self.0.push(events);
        self.1.pass().await;
        Ok(Next::More)
    }
}

/// Gives each event ten times.
struct Tenfold;

impl ProducerConsumer for Tenfold {
    type Event = u64;
    type Data = u64;

    async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
        out.extend(events.into_iter().flat_map(|event| [event; 10]));
        Ok(Next::More)
    }
}

/// Panics where it is told to.
#[derive(Clone, Copy, PartialEq)]
enum Unlucky {
    InSubscribe,
    InAsk,
    InDispatch,
    InCancel,
    /// In the dispatch, and whenever it is asked what it holds from then on.
    FromDispatchOn,
}

struct Panics {
    unlucky: Unlucky,
    demand: usize,
    broken: bool,
}

impl Panics {
    fn new(unlucky: Unlucky) -> Self {
        Self { unlucky, demand: 0, broken: false }
    }

    fn at(&self, place: Unlucky) {
        assert!(self.unlucky != place, "out of luck");
    }
}

impl Dispatcher<u64> for Panics {
    fn subscribe(&mut self, _: SubscriptionId, _: Terms<u64>) -> Result<(), Refused> {
        self.at(Unlucky::InSubscribe);
        self.demand = 10;
        Ok(())
    }

    fn cancel(&mut self, _: SubscriptionId) {
        self.at(Unlucky::InCancel);
    }

    fn ask(&mut self, _: SubscriptionId, _: usize) {
        self.at(Unlucky::InAsk);
    }

    fn demand(&self) -> usize {
        self.demand
    }

    fn dispatch(&mut self, events: &mut VecDeque<u64>, _: &mut Deliveries<u64>) {
        if !events.is_empty() {
            self.broken = self.unlucky == Unlucky::FromDispatchOn;
            self.at(Unlucky::InDispatch);
            self.at(Unlucky::FromDispatchOn);
        }
    }

    fn held(&self) -> usize {
        assert!(!self.broken, "out of luck");
        0
    }
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_panics_ends_its_stage_and_leaves_nobody_waiting() {
    within(async {
        use Unlucky::{FromDispatchOn, InAsk, InCancel, InDispatch, InSubscribe};
        for unlucky in [InSubscribe, InAsk, InDispatch, InCancel, FromDispatchOn] {
            let panics = Panics::new(unlucky);
            let numbers = stage::producer(from_iter(0..)).name("numbers").dispatcher(panics).start().await.unwrap();
            let (chunks, gate) = (Log::new(), Gate::shut());
            let consumer = stage::consumer(Chunks(chunks, gate)).start().await.unwrap();
            let subscribed = consumer.subscribe(&numbers).await;
            match subscribed {
                Ok(subscription) if unlucky == InCancel => subscription.cancel(Reason::Stopped),
                Ok(_) => assert!(unlucky != InSubscribe),
                Err(error) => {
                    assert_eq!(error, SubscribeError::ProducerEnded { producer: "numbers".into() });
                    assert!(unlucky == InSubscribe);
                }
            }
            let failed = Reason::failed("out of luck");
            assert_eq!(numbers.ended().await, failed);
            // In the end of a producer that has not accepted it, it is not told why.
            let reason = if unlucky == InSubscribe { Reason::NotRunning } else { failed };
            assert_eq!(consumer.ended().await, reason);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_subscribes_beside_one_that_makes_the_dispatcher_panic_is_not_left_waiting() {
    within(async {
        let panics = Panics::new(Unlucky::InSubscribe);
        let numbers = stage::producer(from_iter(0..)).dispatcher(panics).start().await.unwrap();
        let consumer = stage::consumer(Chunks(Log::new(), Gate::shut())).start().await.unwrap();
        let temporary = || to(&numbers).cancel(Cancel::Temporary);
        let (first, second) = (consumer.subscribe(temporary()), consumer.subscribe(temporary()));
        assert!(matches!(first.await, Err(SubscribeError::ProducerEnded { .. })));
        assert!(matches!(second.await, Err(SubscribeError::ProducerEnded { .. })));
        consumer.drain();
        assert_eq!(consumer.ended().await, Reason::Finished, "though it had subscribed");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_on_discard_harms_nothing() {
    within(async {
        let told = Arc::new(AtomicUsize::new(0));
        let panics = || {
            let told = told.clone();
            move |events| {
                told.fetch_add(events, Relaxed);
                panic!("no such metric");
            }
        };
        let hasty = stage::producer(Hasty(9)).buffer_size(3).on_discard(panics()).start().await.unwrap();
        let all: Vec<u64> = stage::stream([to(&hasty).max_demand(1)]).unwrap().try_collect().await.unwrap();
        assert_eq!((all.len(), hasty.ended().await), (4, Reason::Finished));
        assert_eq!((hasty.counts().discarded, told.swap(0, Relaxed)), (5, 5));

        // It has chunks that it has not read, and events that nobody has asked for, when it is told to end.
        let numbers = stage::producer(from_iter(0..8)).start().await.unwrap();
        let tenfold = stage::producer_consumer(Tenfold).on_discard(panics());
        let tenfold = tenfold.subscribe_to(to(&numbers).max_demand(4).min_demand(2)).start().await.unwrap();
        let mut first = stage::stream([to(&tenfold).max_demand(1)]).unwrap();
        assert_eq!(first.try_next().await.unwrap(), Some(0));
        settle().await;
        tenfold.stop();
        assert_eq!(tenfold.ended().await, Reason::Stopped);
        assert!(told.load(Relaxed) > 0);
        assert_eq!(tenfold.counts().discarded, told.load(Relaxed) as u64);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_dispatcher_refuses_is_an_error_of_the_stream() {
    within(async {
        let parity = Partition::new([0, 1], |n: &u64| Some(n % 2));
        let numbers = stage::producer(from_iter(0..)).name("numbers").dispatcher(parity).start().await.unwrap();
        for cancel in [Cancel::Permanent, Cancel::Temporary] {
            let mut events = stage::stream([to(&numbers).partition(7).cancel(cancel)]).unwrap();
            let error = events.try_next().await.unwrap_err();
            assert!(error.to_string().contains("there is no partition `7`"), "{error}");
            assert_eq!(events.try_next().await.unwrap(), None);
        }
        assert!(numbers.is_running());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_longer_than_a_chunk_is_cut_in_a_drain_as_well() {
    within(async {
        let (chunks, gate) = (Log::new(), Gate::shut());
        let (one, other) = (stage::producer(from_iter(0..4u64)), stage::producer(from_iter(4..8u64)));
        let (one, other) = (one.start().await.unwrap(), other.start().await.unwrap());
        let consumer = stage::consumer(Chunks(chunks.clone(), gate.clone()));
        let by_two = |producer| to(producer).max_demand(4).min_demand(2);
        let consumer = consumer.subscribe_to(by_two(&one)).subscribe_to(by_two(&other)).start().await.unwrap();
        settle().await;
        assert_eq!(chunks.all().len(), 1, "the others wait");
        consumer.drain();
        gate.open();
        assert_eq!(consumer.ended().await, Reason::Finished);
        assert_eq!(chunks.all().iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2, 2]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_ends_with_its_consumers_does_so_when_it_has_finished_as_well() {
    within(async {
        let hasty = stage::producer(Hasty(8)).end_with_consumers().start().await.unwrap();
        let mut one = stage::stream([to(&hasty).max_demand(1)]).unwrap();
        one.try_next().await.unwrap();
        drop(one);
        assert_eq!(hasty.ended().await, Reason::Finished);
        assert_eq!(hasty.counts().discarded, 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 16)]
async fn a_supervisor_whose_children_end_all_at_once_ends() {
    within(async {
        for _ in 0..2_000 {
            let (go, gone) = watch::channel(false);
            let children = ConsumerSupervisor::temporary(move |_: u64| {
                let mut gone = gone.clone();
                async move {
                    gone.wait_for(|go| *go).await?;
                    Ok(())
                }
            });
            let handle = children.children();
            let stage = stage::consumer(children.shutdown(ms(60_000))).start().await.unwrap();
            for child in 0..32 {
                handle.start_child(child).unwrap();
            }
            stage.stop();
            go.send_replace(true);
            stage.ended().await;
            assert_eq!(handle.counts().active, 0);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_child_can_be_started_from_a_thread_of_ones_own() {
    within(async {
        let (done, mut is_done) = tokio::sync::mpsc::unbounded_channel();
        let supervisor = ConsumerSupervisor::temporary(move |n: u64| {
            let done = done.clone();
            async move { Ok(done.send(n)?) }
        });
        let children = supervisor.children();
        let stage = stage::consumer(supervisor).start().await.unwrap();
        std::thread::spawn(move || children.start_child(7)).join().unwrap().unwrap();
        assert_eq!(is_done.recv().await, Some(7));
        stage.stop();
    })
    .await;
}
