//! What `start_link` refuses, what it waits out, and what a pipeline is called.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use broadway::{
    Batcher, BoxProducer, Broadway, Builder, Declared, DefaultBatcher, Message, Result, ResultExt, StageIndex,
    StartError, StartLink, Status, all_running, testing::TestProducer, topology::Topology,
};
use broadway_tests::{Recorder, Scripted, Step, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::{Instant, timeout};

/// A pipeline by hand, as the attribute would write it.
struct Orders {
    name: &'static str,
    made: Arc<AtomicUsize>,
}

impl Orders {
    fn named(name: &'static str) -> Self {
        Self { name, made: Arc::default() }
    }
}

impl Broadway for Orders {
    type Data = u64;
    type Output = ();
    type Batcher = DefaultBatcher;

    const DECLARED: Option<Declared> = Some(Declared { file: "src/orders.rs", line: 7 });

    fn topology(&self) -> Topology {
        Topology::new(self.name)
    }

    async fn producer(&self, stage: StageIndex) -> Result<BoxProducer<u64>> {
        self.made.fetch_add(1, Ordering::SeqCst);
        match stage.get() {
            0 => Ok(Box::new(TestProducer::new())),
            _ => Err("no such queue".into()),
        }
    }

    async fn process(&self, _: &mut Message<u64>) -> Result<()> {
        Ok(())
    }
}

fn is_running(name: &str) -> bool {
    all_running().iter().any(|handle| handle.name() == name)
}

#[tokio::test(start_paused = true)]
async fn a_bad_topology_is_refused_with_all_violations_and_where_it_is_declared() {
    within(async {
        let orders = Orders::named("refused");
        let made = orders.made.clone();
        let setup = orders.configure().processors(|processors| processors.stages(0).max_demand(3).min_demand(5));
        let error = setup.root(|root| root.shutdown(0)).start_link().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the topology of `refused` (declared at src/orders.rs:7) cannot start\n  \
             shutdown = 0ns: `shutdown` must be at least 1 ms; draining needs time\n  \
             processors(stages) = 0: `stages` must be at least 1\n  \
             processors(min_demand) = 5: `min_demand` (5) must be less than `max_demand` (3)"
        );
        assert!(matches!(error, StartError::Topology { ref violations, .. } if violations.len() == 3));
        assert_eq!((made.load(Ordering::SeqCst), is_running("refused")), (0, false));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_default_name_gets_a_number_and_an_explicit_one_must_be_free() {
    within(async {
        let first = Orders::named("Names").start_link().await.unwrap();
        let second = Orders::named("Names").start_link().await.unwrap();
        let third = Orders::named("Names").configure().start_link().await.unwrap();
        assert_eq!([first.name(), second.name(), third.name()], ["Names", "Names-2", "Names-3"]);
        assert_eq!(second.topology().name, "Names-2");

        let error = Orders::named("Names").configure().name("Names-2").start_link().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "a pipeline named `Names-2` is running; stop it first, or leave `name` out to get a free one"
        );
        assert!(matches!(error, StartError::NameInUse { .. }));
        second.stop().await.unwrap();
        let again = Orders::named("Names").configure().name("Names-2").start_link().await.unwrap();
        let fourth = Orders::named("Names").start_link().await.unwrap();
        assert_eq!([again.name(), fourth.name()], ["Names-2", "Names-4"]);
        for pipeline in [first, third, again, fourth] {
            pipeline.stop().await.unwrap();
        }
        assert!(!is_running("Names"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_cannot_be_made_fails_the_start_and_the_name_is_free_again() {
    within(async {
        let setup = || Orders::named("unmade").configure().name("unmade").producers(|producers| producers.stages(2));
        let error = setup().start_link().await.unwrap_err();
        assert_eq!(error.to_string(), "producer 1 (declared at src/orders.rs:7) cannot start: no such queue");
        assert!(matches!(error, StartError::Producer { .. }) && !is_running("unmade"));
        assert!(matches!(setup().start_link().await, Err(StartError::Producer { .. })));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_producer_of_the_setup_takes_the_place_of_the_declared_one_which_is_not_evaluated() {
    within(async {
        let orders = Arc::new(Orders::named("replaced"));
        let setup = orders.clone().configure().producers(|producers| producers.stages(3));
        let pipeline = setup.producer(TestProducer::of([1, 2, 3])).start_link().await.unwrap();
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 3);
        assert_eq!(orders.made.load(Ordering::SeqCst), 0);
    })
    .await;
}

struct Refused;

#[broadway::async_trait]
impl broadway::Producer for Refused {
    type Data = u64;

    async fn init(&mut self, _: &mut broadway::ProducerContext) -> Result<()> {
        let refused: Result<(), std::io::Error> = Err(std::io::Error::other("queue missing"));
        refused.permanent().map_err(|error| Box::new(Wrapped(error)) as broadway::Error)
    }

    async fn handle_demand(&mut self, _: usize, _: &mut broadway::Outbox<u64>) -> Result<broadway::Next> {
        Ok(broadway::Next::Finished)
    }
}

/// The mark is found through `source`.
#[derive(Debug)]
struct Wrapped(broadway::Permanent);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot open the queue")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_never_connect_fails_the_start() {
    within(async {
        let begun = Instant::now();
        let setup = Orders::named("never").configure().producer_with(|_| Refused);
        let error = setup.start_link().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "producer 0 (declared at src/orders.rs:7) cannot start: cannot open the queue: queue missing"
        );
        assert_eq!((begun.elapsed(), is_running("never")), (ms(0), false));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_may_connect_later_starts_not_ready_and_becomes_ready() {
    within(async {
        let recorder = Recorder::default();
        let producer =
            Scripted::new(&recorder, [Step::Emit(vec![1])]).failing_to_connect(["refused", "no route", "busy"]);
        let source = producer.clone();
        let pipeline =
            Builder::new("later", move |_| source.another(), |_| async { Ok(()) }.boxed()).start_link().await.unwrap();
        assert!(!pipeline.health().ready && pipeline.health().running);
        let begun = Instant::now();
        pipeline.wait_until(|stats| stats.acknowledged == 1).await;
        assert!(pipeline.health().ready);
        assert!((ms(150)..ms(310)).contains(&begun.elapsed()), "two waits with jitter: {:?}", begun.elapsed());
        assert_eq!((producer.instances(), pipeline.stats().stages[0].errors), (1, 2));
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

struct Hangs;

#[broadway::async_trait]
impl broadway::Producer for Hangs {
    type Data = u64;

    async fn init(&mut self, _: &mut broadway::ProducerContext) -> Result<()> {
        std::future::pending().await
    }

    async fn handle_demand(&mut self, _: usize, _: &mut broadway::Outbox<u64>) -> Result<broadway::Next> {
        Ok(broadway::Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_hangs_delays_the_start_by_ten_seconds_at_most_and_no_drain() {
    within(async {
        let begun = Instant::now();
        let pipeline = Orders::named("hangs").configure().producer_with(|_| Hangs).start_link().await.unwrap();
        assert_eq!((begun.elapsed(), pipeline.health().ready), (ms(10_000), false));
        // It works all the same for what is pushed.
        assert_eq!(pipeline.test_message(1u64).await.status, Status::Successful);
        pipeline.stop().await.unwrap();
        assert!(begun.elapsed() < ms(10_010), "{:?}", begun.elapsed());
    })
    .await;
}

/// Holds on to something, and connects at once or never.
struct Holds(#[allow(dead_code)] Arc<()>, bool);

#[broadway::async_trait]
impl broadway::Producer for Holds {
    type Data = u64;

    async fn init(&mut self, _: &mut broadway::ProducerContext) -> Result<()> {
        if self.1 { Ok(()) } else { std::future::pending().await }
    }

    async fn handle_demand(&mut self, _: usize, _: &mut broadway::Outbox<u64>) -> Result<broadway::Next> {
        Ok(broadway::Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_leaves_nothing_behind() {
    within(async {
        // While a producer connects, and while `on_start` runs.
        for connects in [false, true] {
            let (held, hooks) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
            let (source, kept, called) = (held.clone(), held.clone(), hooks.clone());
            let hook = move || {
                called.fetch_add(1, Ordering::SeqCst);
                let kept = kept.clone();
                async move {
                    let _kept = kept;
                    std::future::pending().await
                }
                .boxed()
            };
            let setup = Builder::new("unborn", move |_| Holds(source.clone(), connects), |_| async { Ok(()) }.boxed())
                .on_start(hook)
                .configure()
                .name("unborn");
            let metrics = tokio::runtime::Handle::current().metrics();
            let tasks = metrics.num_alive_tasks();
            assert!(timeout(ms(100), setup.start_link()).await.is_err());
            assert_eq!(hooks.load(Ordering::SeqCst), usize::from(connects));
            assert_eq!(Arc::strong_count(&held), 1, "producer, callbacks and hook are gone");
            assert_eq!((metrics.num_alive_tasks(), is_running("unborn")), (tasks, false));
            let next = Orders::named("next").configure().name("unborn").start_link().await.expect("the name is free");
            next.stop().await.unwrap();
        }
    })
    .await;
}

struct Panics;

#[broadway::async_trait]
impl broadway::Producer for Panics {
    type Data = u64;

    async fn init(&mut self, _: &mut broadway::ProducerContext) -> Result<()> {
        panic!("told to panic")
    }

    async fn handle_demand(&mut self, _: usize, _: &mut broadway::Outbox<u64>) -> Result<broadway::Next> {
        Ok(broadway::Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_panics_at_start_fails_it_and_not_its_caller() {
    within(async {
        let error = Orders::named("panics").configure().producer_with(|_| Panics).start_link().await.unwrap_err();
        assert_eq!(error.to_string(), "producer 0 (declared at src/orders.rs:7) cannot start: panicked: told to panic");
        let made = Orders::named("panics").configure().producer_with(|_| -> Refused { panic!("told to panic") });
        let error = made.start_link().await.unwrap_err();
        assert_eq!(error.to_string(), "producer 0 (declared at src/orders.rs:7) cannot start: panicked: told to panic");
        assert!(!is_running("panics"));
    })
    .await;
}

#[test]
fn without_a_runtime_nothing_starts_and_the_error_says_what_to_do() {
    let error = Orders::named("nowhere").start_link().now_or_never().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "no tokio runtime: call `start_link` inside `#[tokio::main]` or `block_on`");
}

#[test]
fn a_runtime_that_ends_first_says_so_to_those_who_wait() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let first = runtime();
    let pipeline = first.block_on(Orders::named("outlived").start_link()).unwrap();
    first.block_on(pipeline.wait_until(|_| true));
    drop(first);
    let error = runtime().block_on(within(pipeline.wait())).unwrap_err();
    assert_eq!(error.to_string(), "the runtime ended before the pipeline did");
    assert!(!is_running("outlived") && !pipeline.health().running);
}

#[tokio::test(start_paused = true)]
async fn batchers_without_a_handle_batch_are_refused() {
    within(async {
        let builder = || {
            Builder::new("no-sink", |_| TestProducer::<u64>::new(), |_| async { Ok(()) }.boxed()).topology(|topology| {
                topology.batcher("default");
            })
        };
        let error = builder().start_link().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`no-sink` cannot start: the pipeline has batchers and no `handle_batch`; give its builder one"
        );
        assert!(matches!(error, StartError::Callbacks { .. }) && !is_running("no-sink"));
        let pipeline = builder().handle_batch(|_| async { Ok(()) }.boxed()).start_link().await.unwrap();
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

/// Two batchers by hand; what is not routed goes to the second one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Two {
    First,
    Second,
}

impl Batcher for Two {
    const DEFAULT: Option<Self> = Some(Self::Second);

    fn index(self) -> usize {
        self as usize
    }
}

#[tokio::test(start_paused = true)]
async fn a_default_batcher_that_the_topology_does_not_agree_with_is_refused() {
    within(async {
        let builder = |default: &'static str| {
            Builder::routed(
                "two",
                |_| TestProducer::<u64>::new(),
                |message: &mut Message<u64, Two>| {
                    message.put_batcher(Two::First);
                    async { Ok(()) }.boxed()
                },
            )
            .topology(move |topology| {
                topology.batcher("one");
                topology.batcher("two");
                topology.default_to(default);
            })
            .handle_batch(|_| async { Ok(()) }.boxed())
        };
        let error = builder("one").start_link().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`two` cannot start: messages that are not routed go to batcher `one` by the topology, and \
             `Batcher::DEFAULT` is `Second`; make them agree"
        );
        assert_settled(&builder("two").start_link().await.unwrap().stop().await.unwrap());
        // `unrouted = fail` goes before either.
        let setup = builder("one").configure().root(|topology| topology.unrouted_fail());
        assert_settled(&setup.start_link().await.unwrap().stop().await.unwrap());
    })
    .await;
}
