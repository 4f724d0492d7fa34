//! A running stage as the source of a pipeline: demand goes through, the end of one side is that of the other, and nothing
//! that was sent is lost on the way but in a crash.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use broadway::{
    AckData, Builder, Incoming, Message, Next, Outbox, Pipeline, Producer, Result, StageIndex, StartError, Status,
    StopError, async_trait, channel,
    stage::{
        self, Broadcast, Cancel, Fair, FromStage, Gives, Partition, ProducerConsumer, Reason, Stage, Subscription, To,
        from_iter, from_stage, to,
    },
};
use broadway_tests::{Gate, Listener, Log, Recorder, assert_settled, ms, sorted, within};
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use tokio::time::Instant;

/// Lets everything run that can: time is paused, and moves on only when nothing else can.
async fn settle() {
    tokio::time::sleep(ms(1)).await;
}

/// Counts, and writes down what it is asked for.
struct Counter {
    next: u64,
    end: u64,
    asks: Log<usize>,
}

#[async_trait]
impl Producer for Counter {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.asks.push(demand);
        let last = self.end.min(self.next + demand as u64);
        out.extend((self.next..last).map(Incoming::new));
        self.next = last;
        Ok(if last == self.end { Next::Finished } else { Next::More })
    }
}

async fn counter(end: u64) -> (Stage<Gives<u64>>, Log<usize>) {
    let asks = Log::new();
    let counter = Counter { next: 0, end, asks: asks.clone() };
    (stage::producer(counter).name("counter").start().await.unwrap(), asks)
}

/// Gives 0 to 4, and crashes.
async fn crashing() -> Stage<Gives<u64>> {
    let numbers = (0..).map(|n: u64| if n == 5 { panic!("the disk is full") } else { n });
    stage::producer(from_iter(numbers)).name("crashing").start().await.unwrap()
}

/// Hands on each number after a while.
struct Slow;

impl ProducerConsumer for Slow {
    type Event = u64;
    type Data = u64;

    async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
        tokio::time::sleep(ms(50)).await;
        out.extend(events);
        Ok(Next::More)
    }
}

/// A pipeline whose handler borrows nothing.
fn built<S: Producer<Data = u64>>(
    name: &str,
    source: impl Fn(StageIndex) -> S + Send + Sync + 'static,
    handle: impl Fn(&mut Message<u64>) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
) -> Builder<u64, ()> {
    Builder::new(name, source, move |message| handle(message))
}

/// A pipeline with one processor of `max_demand` 10 and `min_demand` 5, whose handler is `handle`.
fn pipeline<S: Producer<Data = u64>>(
    source: impl Fn(usize) -> S + Send + Sync + 'static,
    stages: usize,
    handle: impl Fn(u64) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
) -> Builder<u64, ()> {
    let handler = move |message: &mut Message<u64>| handle(message.data);
    built("numbers", move |stage| source(stage.get()), handler).topology(move |topology| {
        topology.producers.stages(stages);
        topology.processors.stages(1).max_demand(10).min_demand(5);
    })
}

/// A pipeline that writes down what it handles.
async fn logged<S: Producer<Data = u64>>(
    stages: usize,
    source: impl Fn(usize) -> S + Send + Sync + 'static,
) -> (Pipeline, Log<u64>) {
    let log = Log::new();
    let handled = log.clone();
    let logged = move |n| {
        handled.push(n);
        async { Ok(()) }.boxed()
    };
    (pipeline(source, stages, logged).start_link().await.unwrap(), log)
}

/// The same, where each message waits at the gate.
async fn gated<S: Producer<Data = u64>>(
    gate: &Gate,
    stages: usize,
    source: impl Fn(usize) -> S + Send + Sync + 'static,
) -> Pipeline {
    let gate = gate.clone();
    let handle = move |_| {
        let gate = gate.clone();
        async move {
            gate.pass().await;
            Ok(())
        }
        .boxed()
    };
    pipeline(source, stages, handle).start_link().await.unwrap()
}

/// How often its producer failed.
fn errors(pipeline: &Pipeline) -> u64 {
    pipeline.stats().stages.iter().filter(|stage| stage.name == "producer_0").map(|stage| stage.errors).sum()
}

fn numbers(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

#[tokio::test(start_paused = true)]
async fn the_source_is_asked_for_exactly_what_the_pipeline_can_take() {
    within(async {
        let ((counter, asks), gate) = (counter(1_000).await, Gate::shut());
        let source = counter.clone();
        let pipeline = gated(&gate, 1, move |_| from_stage(&source)).await;
        gate.until_waiting(1).await;
        settle().await;
        assert_eq!(asks.all(), [10], "all that the processor may hold, and then nothing");
        for handled in 1..=100 {
            gate.let_through(1);
            settle().await;
            let emitted = counter.counts().emitted;
            assert!(emitted <= handled + 10, "{emitted} were emitted when {handled} were handled");
        }
        let asked: usize = asks.all().iter().sum();
        assert_eq!(asked as u64, counter.counts().emitted, "what is asked for is given");
        gate.open();
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 1_000);
        assert_eq!(counter.counts().discarded, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn back_pressure_reaches_the_very_source_through_other_stages() {
    within(async {
        let ((counter, _), gate) = (counter(1_000).await, Gate::shut());
        let slow = stage::producer_consumer(Slow).subscribe_to(to(&counter).max_demand(4).min_demand(2));
        let slow = slow.start().await.unwrap();
        let source = slow.clone();
        let pipeline = gated(&gate, 1, move |_| from_stage(&source)).await;
        tokio::time::sleep(ms(10_000)).await;
        // Ten for the pipeline, and what the slow stage has asked for.
        assert_eq!(slow.counts().sent, 10);
        assert!(counter.counts().emitted <= 10 + 4, "{:?}", counter.counts());
        gate.open();
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_others_ask_for_meanwhile_is_held_and_no_more_than_an_ask() {
    within(async {
        let ((counter, asks), gate) = (counter(1_000).await, Gate::shut());
        counter.accumulate();
        let source = counter.clone();
        let pipeline = gated(&gate, 1, move |_| from_stage(to(&source).max_demand(4))).await;
        settle().await;
        // It waits in its ask while somebody else takes all demand.
        pipeline.push_messages((100..110).collect::<Vec<u64>>()).await.unwrap();
        settle().await;
        counter.forward();
        settle().await;
        assert_eq!((asks.all(), counter.counts().sent), (vec![4], 4));
        gate.open();
        let report = pipeline.wait().await.unwrap();
        assert!(asks.all().iter().all(|ask| *ask <= 4), "{:?}", asks.all());
        assert_settled(&report);
        assert_eq!(report.acknowledged, 10 + 1_000);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_lets_nothing_through_and_loses_nothing() {
    within(async {
        let (counter, _) = counter(100).await;
        counter.accumulate();
        let source = counter.clone();
        let (pipeline, log) = logged(1, move |_| from_stage(&source)).await;
        settle().await;
        pipeline.pause();
        settle().await;
        counter.forward();
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!((log.len(), counter.counts().sent), (0, 10), "the ask that was under way is answered");
        pipeline.resume();
        assert_eq!(pipeline.wait().await.unwrap().acknowledged, 100);
        assert_eq!(log.all(), numbers(0..100));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_given_on_as_it_is_asked_for() {
    within(async {
        let ((counter, _), gate) = (counter(100).await, Gate::shut());
        counter.accumulate();
        let source = counter.clone();
        let pipeline = gated(&gate, 1, move |_| from_stage(&source)).await;
        settle().await;
        pipeline.pause();
        settle().await;
        counter.forward();
        pipeline.push_messages((100..105).collect::<Vec<u64>>()).await.unwrap();
        settle().await;
        assert_eq!((counter.counts().sent, pipeline.stats().in_flight), (10, 5), "ten are held");
        pipeline.resume();
        settle().await;
        assert_eq!((counter.counts().sent, pipeline.stats().in_flight), (10, 10), "half of them had room");
        gate.open();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, 105);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn events_keep_their_order_and_the_end_of_the_source_is_that_of_the_pipeline() {
    within(async {
        let (counter, _) = counter(1_234).await;
        let (pipeline, log) = logged(1, move |_| from_stage(&counter)).await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(log.all(), numbers(0..1_234));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_handles_what_was_sent_and_leaves_the_rest_to_others() {
    within(async {
        let (counter, _) = counter(u64::MAX).await;
        let source = counter.clone();
        let gate = Gate::shut();
        let pipeline = gated(&gate, 1, move |_| from_stage(&source)).await;
        gate.let_through(57);
        settle().await;
        let stopping = tokio::spawn(async move { pipeline.stop().await.unwrap() });
        settle().await;
        gate.open();
        let report = stopping.await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, counter.counts().discarded), (counter.counts().sent, 0));
        assert!(counter.is_running());
        let next: Vec<u64> = stage::stream([to(&counter).max_demand(2)]).unwrap().take(2).try_collect().await.unwrap();
        assert_eq!(next, [report.acknowledged, report.acknowledged + 1], "its demand is gone with it");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_nothing_that_the_source_has_not_sent() {
    within(async {
        let (counter, _) = counter(u64::MAX).await;
        let slow = stage::producer_consumer(Slow).subscribe_to(to(&counter).max_demand(4)).start().await.unwrap();
        let source = slow.clone();
        let (pipeline, log) = logged(1, move |_| from_stage(&source)).await;
        tokio::time::sleep(ms(120)).await;
        let started = Instant::now();
        let report = pipeline.stop().await.unwrap();
        assert!(started.elapsed() < ms(5), "{:?}", started.elapsed());
        assert_settled(&report);
        assert_eq!((report.acknowledged, log.len() as u64), (slow.counts().sent, slow.counts().sent));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_stopped_finishes_the_pipeline() {
    within(async {
        let (counter, _) = counter(u64::MAX).await;
        let source = counter.clone();
        let gate = Gate::shut();
        let pipeline = gated(&gate, 1, move |_| from_stage(&source)).await;
        gate.until_waiting(1).await;
        counter.stop();
        gate.open();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, 10);
    })
    .await;
}

/// How a pipeline ends whose source does, by the subscription's `Cancel`: what it handled, and whether it gave up.
async fn end_of(source: Stage<Gives<u64>>, cancel: Cancel, stopped: bool) -> (u64, Option<String>) {
    let stage = source.clone();
    let (pipeline, _) = logged(1, move |_| from_stage(to(&stage).cancel(cancel))).await;
    settle().await;
    if stopped {
        source.stop();
    }
    match pipeline.wait().await {
        Ok(report) => (report.acknowledged, None),
        Err(StopError::GaveUp { reason, report }) => (report.acknowledged, Some(reason)),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_source_ends_the_pipeline_as_the_subscription_says() {
    within(async {
        let gave_up = "`producer_0`: subscription to `crashing`: failed: the disk is full";
        for cancel in [Cancel::Permanent, Cancel::Transient, Cancel::Temporary] {
            let failure = (cancel != Cancel::Temporary).then(|| gave_up.to_owned());
            assert_eq!(end_of(crashing().await, cancel, false).await, (5, failure), "{cancel:?}");
            assert_eq!(end_of(counter(20).await.0, cancel, false).await, (20, None), "{cancel:?}");
            let idle = stage::producer(from_iter(0..5u64).then_idle()).start().await.unwrap();
            assert_eq!(end_of(idle, cancel, true).await, (5, None), "{cancel:?}");
        }
    })
    .await;
}

/// A producer that waits when another one has finished.
struct ThenIdle<P>(Option<P>);

trait Idle: Producer + Sized {
    fn then_idle(self) -> ThenIdle<Self> {
        ThenIdle(Some(self))
    }
}

impl<P: Producer> Idle for P {}

#[async_trait]
impl<P: Producer> Producer for ThenIdle<P> {
    type Data = P::Data;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<P::Data>) -> Result<Next> {
        let Some(producer) = &mut self.0 else { return std::future::pending().await };
        if producer.handle_demand(demand, out).await? == Next::Finished {
            self.0 = None;
        }
        Ok(Next::More)
    }
}

/// Subscribes first to `stages[0]`, and each time again to the next; the last one again and again.
fn one_after_the_other(cancel: Cancel, stages: Vec<Stage<Gives<u64>>>) -> FromStage<u64> {
    let mut next = 0;
    let first = to(&stages[0]).cancel(cancel);
    from_stage(first).resubscribe(move || {
        next = (next + 1).min(stages.len() - 1);
        to(&stages[next]).cancel(cancel)
    })
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_may_end_is_followed_by_the_next() {
    within(async {
        let idle = stage::producer(from_iter(0..30u64).then_idle()).start().await.unwrap();
        let stages = vec![crashing().await, counter(20).await.0, idle];
        let (pipeline, log) = logged(1, move |_| one_after_the_other(Cancel::Temporary, stages.clone())).await;
        settle().await;
        assert_settled(&pipeline.stop().await.unwrap());
        assert_eq!(log.all(), (0..5).chain(0..20).chain(0..30).collect::<Vec<_>>());

        let (finishes, (other, _)) = (counter(20).await.0, counter(30).await);
        let stages = vec![finishes, other, crashing().await];
        let (pipeline, log) = logged(1, move |_| one_after_the_other(Cancel::Transient, stages.clone())).await;
        let error = pipeline.wait().await.unwrap_err();
        assert!(error.to_string().contains("subscription to `crashing`: failed: the disk is full"), "{error}");
        assert_eq!(log.all(), (0..20).chain(0..30).chain(0..5).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_next_stage_that_is_not_there_yet_is_waited_for() {
    within(async {
        let current = Arc::new(std::sync::Mutex::new(counter(20).await.0));
        let source = current.clone();
        let (pipeline, log) = logged(1, move |_| {
            let first = to(&*source.lock().unwrap()).cancel(Cancel::Transient);
            let source = source.clone();
            from_stage(first).resubscribe(move || to(&*source.lock().unwrap()).cancel(Cancel::Transient))
        })
        .await;
        tokio::time::sleep(ms(5_000)).await;
        let errors = errors(&pipeline);
        assert!((3..20).contains(&errors), "it backs off: {errors} errors");
        *current.lock().unwrap() = counter(30).await.0;
        tokio::time::sleep(ms(30_000)).await;
        assert_eq!(log.all(), (0..20).chain(0..30).collect::<Vec<_>>());
        pipeline.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn several_producer_stages_share_one_stage() {
    within(async {
        let fair = stage::producer(from_iter(0..1_000u64)).dispatcher(Fair::new()).start().await.unwrap();
        for source in [counter(1_000).await.0, fair] {
            let from = Log::new();
            let seen = from.clone();
            let handler = move |message: &mut Message<u64>| {
                seen.push((message.source().map(str::to_owned), message.data));
                async {
                    tokio::time::sleep(ms(1)).await;
                    Ok(())
                }
                .boxed()
            };
            let stage = source.clone();
            let incoming = move |stage: StageIndex| move |n| Incoming::new(n).source(stage.to_string());
            let source = move |index| from_stage(&stage).incoming(incoming(index));
            let pipeline = built("shared", source, handler).topology(|topology| {
                topology.producers.stages(3);
                topology.processors.stages(4).max_demand(10);
            });
            let report = pipeline.start_link().await.unwrap().wait().await.unwrap();
            assert_settled(&report);
            assert_eq!(sorted(from.all().into_iter().map(|(_, n)| n)), numbers(0..1_000));
            let mut by_stage = BTreeMap::<_, usize>::new();
            from.all().into_iter().for_each(|(stage, _)| *by_stage.entry(stage).or_default() += 1);
            assert_eq!(by_stage.len(), 3, "each has had some: {by_stage:?}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_producer_stage_takes_its_partition() {
    within(async {
        let partitions = Partition::new(0..3u64, |n: &u64| Some(n % 3));
        let numbers = stage::producer(from_iter(0..300u64)).dispatcher(partitions).start().await.unwrap();
        let log = Log::new();
        let seen = log.clone();
        let source = move |index: StageIndex| {
            from_stage(to(&numbers).partition(index)).incoming(move |n| Incoming::new(n).source(index.to_string()))
        };
        let handler = move |message: &mut Message<u64>| {
            seen.push((message.data, message.source().unwrap().to_owned()));
            async { Ok(()) }.boxed()
        };
        let pipeline = built("partitions", source, handler).topology(|topology| {
            topology.producers.stages(3);
        });
        assert_eq!(pipeline.start_link().await.unwrap().wait().await.unwrap().acknowledged, 300);
        assert!(log.all().iter().all(|(n, stage)| (n % 3).to_string() == *stage), "{:?}", log.all());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn two_pipelines_get_what_is_broadcast_at_the_pace_of_the_slower() {
    within(async {
        let numbers = stage::producer(from_iter(0..100u64)).dispatcher(Broadcast::new()).accumulate();
        let numbers = numbers.start().await.unwrap();
        let (one, other, gate) = (numbers.clone(), numbers.clone(), Gate::shut());
        let (fast, log) = logged(1, move |_| from_stage(&one)).await;
        let slow = gated(&gate, 1, move |_| from_stage(to(&other).selector(|n| n % 2 == 0))).await;
        numbers.forward();
        settle().await;
        assert!(log.len() <= 20, "{} while the other takes ten", log.len());
        gate.open();
        let (fast, slow) = tokio::join!(fast.wait(), slow.wait());
        assert_eq!((fast.unwrap().acknowledged, slow.unwrap().acknowledged), (100, 50));
    })
    .await;
}

/// Why a pipeline with such a source does not start.
async fn not_started(source: impl Fn() -> FromStage<u64> + Send + Sync + 'static) -> String {
    let error = pipeline(move |_| source(), 1, |_| async { Ok(()) }.boxed()).start_link().await.unwrap_err();
    assert!(matches!(error, StartError::Producer { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_can_never_be_fails_the_start() {
    within(async {
        let (numbers, _) = counter(10).await;
        let partitions = Partition::new(["a"], |_: &u64| Some("a"));
        let partitioned = stage::producer(from_iter(0..10u64)).name("parts").dispatcher(partitions);
        let partitioned = partitioned.start().await.unwrap();
        let (ended, _) = counter(10).await;
        ended.stop();
        ended.ended().await;
        let stage = numbers.clone();
        let text = not_started(move || from_stage(to(&stage).min_demand(1))).await;
        assert!(text.contains("subscription to `counter`: a pipeline says itself when more is asked for"), "{text}");
        let stage = numbers.clone();
        let text = not_started(move || from_stage(to(&stage).max_demand(0))).await;
        assert!(text.contains("subscription to `counter`: `max_demand` must be at least 1"), "{text}");
        let stage = numbers.clone();
        let again = move || {
            let next = stage.clone();
            from_stage(&stage).resubscribe(move || to(&next))
        };
        let text = not_started(again).await;
        assert!(text.contains("say `cancel(Cancel::Transient)` or `Temporary`"), "{text}");
        let text = not_started(move || from_stage(to(&partitioned).partition("b"))).await;
        assert!(text.contains("subscription to `parts`: there is no partition `b`, there are `a`"), "{text}");
        for cancel in [Cancel::Permanent, Cancel::Transient, Cancel::Temporary] {
            let ended = ended.clone();
            let text = not_started(move || from_stage(to(&ended).cancel(cancel))).await;
            assert!(text.contains("subscription to `counter`: the producer has ended"), "{text}");
        }
    })
    .await;
}

/// A pipeline whose one producer stage holds ten events, because it is paused.
async fn holding(source: impl Fn(&Stage<Gives<u64>>) -> FromStage<u64, Numbered> + Send + Sync + 'static) -> Pipeline {
    let (counter, _) = counter(100).await;
    counter.accumulate();
    let stage = counter.clone();
    let (pipeline, _) = logged(1, move |_| source(&stage)).await;
    settle().await;
    pipeline.pause();
    settle().await;
    counter.forward();
    settle().await;
    assert_eq!(counter.counts().sent, 10);
    pipeline
}

type Numbered = fn(u64) -> Incoming<u64>;

fn numbered(n: u64) -> Incoming<u64> {
    Incoming::new(n).ack(AckData::U64(n))
}

#[tokio::test(start_paused = true)]
async fn what_it_holds_when_the_pipeline_drains_is_handled() {
    within(async {
        let pipeline = holding(|stage| from_stage(stage).incoming(numbered as Numbered)).await;
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, 10);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_it_holds_when_it_crashes_is_released_to_its_acknowledger() {
    within(async {
        let recorder = Recorder::default();
        let told = recorder.clone();
        let source =
            move |stage: &_| from_stage(stage).incoming(numbered as Numbered).acknowledger(Arc::new(told.clone()));
        let pipeline = holding(source).await;
        pipeline.kill("producer_0");
        settle().await;
        let released = (0..10).map(|n| (n, Status::Released)).collect::<Vec<_>>();
        assert_eq!(recorder.all(), released);
        // The one in its place has subscribed again, and goes on behind them.
        pipeline.resume();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.released, report.acknowledged), (10, 90));
        assert!(recorder.all().contains(&(10, Status::Successful)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn or_is_lost_and_told() {
    let listener = Listener::default();
    let guard = tracing::subscriber::set_default(listener.clone());
    within(async {
        let pipeline = holding(|stage| from_stage(stage).incoming(numbered as Numbered)).await;
        pipeline.kill("producer_0");
        settle().await;
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
    drop(guard);
    let discarded = listener.named("discarded");
    assert_eq!(discarded.iter().map(|told| &*told.values["events"]).collect::<Vec<_>>(), ["10"]);
}

#[tokio::test(start_paused = true)]
async fn verdicts_go_to_its_acknowledger() {
    within(async {
        let (counter, _) = counter(6).await;
        let recorder = Recorder::default();
        let told = recorder.clone();
        let source = move |_| from_stage(&counter).incoming(numbered).acknowledger(Arc::new(told.clone()));
        let odd = |n: u64| async move { if n % 2 == 1 { Err("odd".into()) } else { Ok(()) } }.boxed();
        let report = pipeline(source, 1, odd).start_link().await.unwrap().wait().await.unwrap();
        assert_eq!((report.acknowledged, report.failed), (3, 3));
        let expected = |n| (n, if n % 2 == 1 { Status::Failed } else { Status::Successful });
        assert_eq!(recorder.all(), (0..6).map(expected).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_starts_again_finds_its_partition_free() {
    within(async {
        let partitions = Partition::new(["all"], |_: &u64| Some("all"));
        let numbers = stage::producer(from_iter(0..100)).dispatcher(partitions).start().await.unwrap();
        let gate = Gate::shut();
        let pipeline = gated(&gate, 1, move |_| from_stage(to(&numbers).partition("all"))).await;
        gate.until_waiting(1).await;
        pipeline.kill("producer_0");
        settle().await;
        assert_eq!(pipeline.stats().restarts, 1);
        gate.open();
        settle().await;
        assert_eq!(errors(&pipeline), 0, "at once");
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!(report.acknowledged, 100);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_panic_of_incoming_takes_is_one_event() {
    within(async {
        let (counter, _) = counter(100).await;
        let (pipeline, log) = logged(1, move |_| {
            from_stage(&counter)
                .incoming(|n| if n == 42 { panic!("no 42") } else { numbered(n) })
                .acknowledger(Arc::new(Recorder::default()))
        })
        .await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        // Those behind it in its list are released, and nobody delivers them again here.
        assert_eq!(report.acknowledged + report.released, 99);
        assert!(!log.all().contains(&42) && log.all().contains(&99));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_can_pass_on_what_another_gives() {
    within(async {
        let relay = |source: Stage<Gives<u64>>| stage::producer(from_stage(&source)).name("relay").start();
        let source = counter(100).await.0;
        let finishing = relay(source).await.unwrap();
        let all: Vec<u64> = stage::stream([&finishing]).unwrap().try_collect().await.unwrap();
        assert_eq!((all, finishing.ended().await), (numbers(0..100), Reason::Finished));

        let failing = relay(crashing().await).await.unwrap();
        let items: Vec<String> = stage::stream([to(&failing).max_demand(10)])
            .unwrap()
            .map(|item: Result<u64>| item.map_or_else(|error| error.to_string(), |n| n.to_string()))
            .collect()
            .await;
        let failure = "subscription to `relay`: failed: subscription to `crashing`: failed: the disk is full";
        assert_eq!(items, ["0", "1", "2", "3", "4", failure]);
    })
    .await;
}

/// Passes messages on, and fails with each hundredth.
struct Fragile(Arc<AtomicUsize>);

impl ProducerConsumer for Fragile {
    type Event = Incoming<u64>;
    type Data = Incoming<u64>;

    async fn handle_events(
        &mut self,
        events: Vec<Incoming<u64>>,
        out: &mut Vec<Incoming<u64>>,
        _: &Subscription,
    ) -> Result<Next> {
        for event in events {
            if self.0.fetch_add(1, SeqCst) % 100 == 99 {
                return Err("the hundredth".into());
            }
            out.push(event.map(|n| n * 2));
        }
        Ok(Next::More)
    }
}

#[tokio::test(start_paused = true)]
async fn chained_messages_lose_nothing_on_their_way_through_stages_that_crash() {
    within(async {
        // upstream pipeline -> channel -> stage that crashes -> pipeline
        let (sender, receiver) = channel::<Incoming<u64>>(10);
        let entry = stage::producer(receiver).start().await.unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let make = move || Fragile(seen.clone());
        let fragile = stage::producer_consumer(make()).restart(make).subscribe_to(to(&entry).max_demand(10));
        let fragile = fragile.start().await.unwrap();
        let (last, handled) = (fragile.clone(), Log::new());
        let log = handled.clone();
        let handler = move |message: &mut Message<u64>| {
            log.push(message.data);
            async { Ok(()) }.boxed()
        };
        let source = move |_| from_stage(&last).incoming(|message| message);
        let downstream = built("down", source, handler).start_link().await.unwrap();
        let recorder = Recorder::default();
        let told = recorder.clone();
        let rows = stage::producer(from_iter(0..250u64)).start().await.unwrap();
        let source = move |_| from_stage(&rows).incoming(numbered).acknowledger(Arc::new(told.clone()));
        let send = move |message: &mut Message<u64>| {
            let (sender, next) = (sender.clone(), Incoming::new(message.data).chained(message));
            async move { Ok(sender.send(next).await?) }.boxed()
        };
        let upstream = built("up", source, send).start_link().await.unwrap();
        let report = upstream.wait().await.unwrap();
        assert_settled(&report);
        let report = (report.acknowledged, report.released);
        assert_eq!(report.0 + report.1, 250);
        // Two crashes, each with at most the chunk in hand.
        assert!((2..=2 * 5).contains(&report.1), "{report:?}");
        assert_eq!(fragile.counts().restarts, 2);
        assert_settled(&downstream.stop().await.unwrap());
        // The source knows exactly which ones came through.
        let successful = recorder.all().into_iter().filter(|(_, status)| *status == Status::Successful);
        assert_eq!(sorted(handled.all()), sorted(successful.map(|(n, _)| n * 2)));
    })
    .await;
}

/// The attribute's form.
mod attribute {
    use super::*;
    use broadway::prelude::broadway;

    struct Numbers {
        lines: Stage<Gives<String>>,
        handled: Log<u64>,
    }

    fn parse(line: String) -> Result<u64, std::num::ParseIntError> {
        line.parse()
    }

    #[broadway(
        producers(default(module = from_stage(to(&self.lines).partition(stage)), transformer = parse, stages = 2)),
        processors(default(stages = 4, max_demand = 10)),
    )]
    impl Numbers {
        async fn handle_message(&self, message: &mut NumbersMessage<u64>) -> Result<()> {
            self.handled.push(message.data);
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_attribute_takes_a_stage_with_a_transformer() {
        within(async {
            let lines = (0..100).map(|n| if n % 10 == 9 { "nine".to_owned() } else { n.to_string() });
            let partitions = Partition::new(0..2, |line: &String| Some(line.len() % 2));
            let lines = stage::producer(from_iter(lines)).dispatcher(partitions).start().await.unwrap();
            let handled = Log::new();
            let numbers = Numbers { lines, handled: handled.clone() };
            let report = numbers.start_link().await.unwrap().wait().await.unwrap();
            assert_settled(&report);
            assert_eq!((report.acknowledged, report.failed, handled.len()), (90, 10, 90));
        })
        .await;
    }
}

#[allow(dead_code, reason = "only that it is Send")]
fn it_is_send(from: FromStage<u64>, to: To<u64>) -> impl Send {
    (from, to)
}
