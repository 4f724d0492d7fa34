//! Stages that exchange events on demand: the talk's two step lists, and what the original does wrong.

use std::time::Duration;

use broadway::{
    Incoming, Next, Outbox, Producer, ProducerContext, Result, ResultExt, async_trait,
    stage::{
        self, Cancel, Consumer, Fair, Partition, ProducerConsumer, Reason, Stage, Subscription, Takes, from_iter, to,
    },
};
use broadway_tests::{Gate, Log, ms, within};
use futures::{FutureExt, TryStreamExt};

/// Lets everything run that can: time is paused, and moves on only when nothing else can.
async fn settle() {
    tokio::time::sleep(ms(1)).await;
}

/// What the two sides say to each other, in order.
type Steps = Log<String>;

/// Producer A: counts.
struct A(u64, Steps);

#[async_trait]
impl Producer for A {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.1.push(format!("B asks A for {demand}"));
        let events = demand.min(20 - self.0 as usize) as u64;
        out.extend((self.0..self.0 + events).map(Incoming::new));
        self.0 += events;
        self.1.push(format!("A sends {events} to B"));
        Ok(if self.0 == 20 { Next::Finished } else { Next::More })
    }
}

/// Consumer B: takes a while for each chunk.
struct B(Steps);

impl Consumer for B {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        self.0.push(format!("B handles {}", events.len()));
        tokio::time::sleep(ms(100)).await;
        Ok(Next::More)
    }
}

async fn steps(max_demand: usize, min_demand: usize) -> Vec<String> {
    let steps = Steps::new();
    let a = stage::producer(A(0, steps.clone())).start().await.unwrap();
    let subscription = to(&a).max_demand(max_demand).min_demand(min_demand);
    stage::consumer(B(steps.clone())).subscribe_to(subscription).start().await.unwrap().ended().await;
    steps.all()
}

#[tokio::test(start_paused = true)]
async fn with_max_demand_10_and_min_demand_0_one_side_waits_for_the_other() {
    within(async {
        assert_eq!(
            steps(10, 0).await,
            [
                "B asks A for 10",
                "A sends 10 to B",
                "B handles 10",
                "B asks A for 10",
                "A sends 10 to B",
                "B handles 10",
            ]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn with_max_demand_10_and_min_demand_5_there_is_always_something_to_do() {
    within(async {
        assert_eq!(
            steps(10, 5).await,
            [
                "B asks A for 10",
                "A sends 10 to B",
                "B handles 5",
                // B goes on with the other five while A answers.
                "B handles 5",
                "B asks A for 5",
                "A sends 5 to B",
                "B handles 5",
                "B asks A for 5",
                "A sends 5 to B",
                "B handles 5",
            ]
        );
    })
    .await;
}

/// Writes down what it is given; with a gate, it handles a chunk when it is let through.
struct Collects(Log<u64>, Option<Gate>);

impl Consumer for Collects {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        events.into_iter().for_each(|event| self.0.push(event));
        if let Some(gate) = &self.1 {
            gate.pass().await;
        }
        Ok(Next::More)
    }
}

async fn collects(to: stage::To<u64>) -> (Log<u64>, Gate, Stage<Takes<u64>>) {
    let (log, gate) = (Log::new(), Gate::shut());
    let consumer = stage::consumer(Collects(log.clone(), Some(gate.clone()))).subscribe_to(to).start().await.unwrap();
    (log, gate, consumer)
}

/// Writes down each chunk that it is given.
struct Chunks(Log<Vec<u64>>);

impl Consumer for Chunks {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        self.0.push(events);
        Ok(Next::More)
    }
}

/// 23 events come as one list, because 23 were asked for at once.
#[tokio::test(start_paused = true)]
async fn a_list_that_is_longer_than_a_chunk_is_cut_in_order() {
    within(async {
        let (numbers, log) = (stage::producer(from_iter(0..23)).start().await.unwrap(), Log::new());
        let chunks = stage::consumer(Chunks(log.clone())).subscribe_to(to(&numbers).max_demand(23).min_demand(13));
        assert_eq!(chunks.start().await.unwrap().ended().await, Reason::Finished);
        assert_eq!(log.all(), [0..10, 10..20, 20..23].map(|chunk| chunk.collect::<Vec<u64>>()));
    })
    .await;
}

/// Answers its first ask when the gate opens, with three events; then it waits.
struct Late(Gate, bool);

#[async_trait]
impl Producer for Late {
    type Data = u64;

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.0.pass().await;
        if std::mem::replace(&mut self.1, true) {
            std::future::pending::<()>().await;
        }
        out.extend([1, 2, 3].map(Incoming::new));
        Ok(Next::More)
    }
}

/// gen_stage#311: ten were asked for and their consumer has left, three are buffered, and the next one asks for five.
#[tokio::test(start_paused = true)]
async fn what_is_buffered_is_sent_to_who_subscribes_after_one_who_has_left() {
    within(async {
        let gate = Gate::shut();
        let late = stage::producer(Late(gate.clone(), false)).start().await.unwrap();
        let (_, _, gone) = collects(to(&late).max_demand(10)).await;
        settle().await;
        gone.stop();
        gone.ended().await;
        gate.open();
        settle().await;
        assert_eq!(late.buffered(), 3);
        let (log, ..) = collects(to(&late).max_demand(5)).await;
        settle().await;
        assert_eq!((log.all(), late.buffered()), (vec![1, 2, 3], 0));
    })
    .await;
}

fn parity(n: &u64) -> Option<&'static str> {
    Some(if n.is_multiple_of(2) { "even" } else { "odd" })
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_partition_is_not_lost_when_its_consumer_leaves() {
    within(async {
        let numbers =
            stage::producer(from_iter((0..20).chain([21, 23]))).dispatcher(Partition::new(["even", "odd"], parity));
        let numbers = numbers.start().await.unwrap();
        let of = |partition| to(&numbers).max_demand(4).min_demand(0).partition(partition).cancel(Cancel::Temporary);
        let (even, gate, stuck) = collects(of("even")).await;
        let (odd, open, _odd) = collects(of("odd")).await;
        open.open();
        settle().await;
        assert!(numbers.buffered() > 0, "some wait for the partition that is stuck");
        stuck.stop();
        gate.open();
        stuck.ended().await;
        let (rest, open, _even) = collects(of("even")).await;
        open.open();
        settle().await;
        // What it was sent went with it, nothing else.
        assert_eq!((even.all(), stuck.counts().discarded), (vec![0, 2], 2));
        assert_eq!(rest.all(), [8, 10, 12, 14, 16, 18]);
        assert_eq!(odd.all(), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
        assert_eq!(numbers.counts().discarded, 0);
    })
    .await;
}

/// With two partitions of `max_demand` 10, twenty events are held for one that is stuck before the other has to wait.
#[tokio::test(start_paused = true)]
async fn an_idle_partition_is_blocked_by_a_skewed_one_only_beyond_the_bound() {
    within(async {
        for (skewed, held, arrives) in [(29, 19, true), (30, 20, false)] {
            let events = (0..skewed).map(|n| n * 2).chain([1]);
            let numbers = stage::producer(from_iter(events)).dispatcher(Partition::new(["even", "odd"], parity));
            let numbers = numbers.start().await.unwrap();
            let of = |partition| to(&numbers).max_demand(10).min_demand(0).partition(partition);
            let (even, _gate, _even) = collects(of("even")).await;
            let (odd, ..) = collects(of("odd")).await;
            settle().await;
            assert_eq!((even.len(), numbers.buffered(), odd.len()), (10, held, usize::from(arrives)), "{skewed}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn work_that_is_shared_goes_to_who_is_free() {
    within(async {
        let numbers = stage::producer(from_iter(0..100u64)).dispatcher(Fair::new()).accumulate().start().await.unwrap();
        let one = || to(&numbers).max_demand(1).min_demand(0);
        let (slow, _gate, _slow) = collects(one()).await;
        let (quick, open, quick_stage) = collects(one()).await;
        open.open();
        numbers.forward();
        settle().await;
        assert_eq!((slow.len(), quick.len()), (1, 99));
        drop(quick_stage);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn draining_the_producers_loses_nothing_all_the_way_down() {
    within(async {
        let numbers = stage::producer(from_iter(0..)).start().await.unwrap();
        let log = Log::new();
        let passing =
            stage::producer_consumer(Doubles).subscribe_to(to(&numbers).max_demand(10)).start().await.unwrap();
        let consumer =
            stage::consumer(Slow(log.clone())).subscribe_to(to(&passing).max_demand(10)).start().await.unwrap();
        tokio::time::sleep(ms(55)).await;
        numbers.drain();
        assert_eq!(consumer.ended().await, Reason::Finished);
        assert_eq!((numbers.ended().await, passing.ended().await), (Reason::Finished, Reason::Finished));
        let emitted = numbers.counts().emitted;
        assert_eq!(log.all(), (0..emitted).map(|n| n * 2).collect::<Vec<_>>());
        assert!(emitted > 20);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_consumer_in_the_middle_drains_with_what_it_was_sent() {
    within(async {
        let numbers = stage::producer(from_iter(0..)).start().await.unwrap();
        let log = Log::new();
        let consumer =
            stage::consumer(Slow(log.clone())).subscribe_to(to(&numbers).max_demand(10)).start().await.unwrap();
        tokio::time::sleep(ms(5)).await;
        consumer.drain();
        assert_eq!(consumer.ended().await, Reason::Finished);
        assert_eq!((log.all().len() as u64, consumer.counts().discarded), (numbers.counts().sent, 0));
        assert!(numbers.is_running());
    })
    .await;
}

struct Doubles;

impl ProducerConsumer for Doubles {
    type Event = u64;
    type Data = u64;

    async fn handle_events(&mut self, events: Vec<u64>, out: &mut Vec<u64>, _: &Subscription) -> Result<Next> {
        out.extend(events.iter().map(|n| n * 2));
        Ok(Next::More)
    }
}

struct Slow(Log<u64>);

impl Consumer for Slow {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        tokio::time::sleep(ms(10)).await;
        events.into_iter().for_each(|event| self.0.push(event));
        Ok(Next::More)
    }
}

/// Handles one by one, and panics at a number.
struct Fragile(Log<u64>, u64);

impl Consumer for Fragile {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        assert_ne!(events, [self.1], "unlucky");
        events.into_iter().for_each(|event| self.0.push(event));
        Ok(Next::More)
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_with_restarts_loses_the_chunk_in_hand_and_keeps_its_subscriptions() {
    within(async {
        let (log, numbers) = (Log::new(), stage::producer(from_iter(0..10u64)).start().await.unwrap());
        let again = log.clone();
        let consumer = stage::consumer(Fragile(log.clone(), 3)).restart(move || Fragile(again.clone(), 5));
        let consumer = consumer.subscribe_to(to(&numbers).max_demand(2).min_demand(1)).start().await.unwrap();
        assert_eq!(consumer.ended().await, Reason::Finished);
        assert_eq!(log.all(), [0, 1, 2, 4, 6, 7, 8, 9]);
        let counts = consumer.counts();
        assert_eq!((counts.restarts, counts.discarded, counts.handled), (2, 2, 10));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_crash_more_than_its_restarts_ends_it() {
    within(async {
        let numbers = stage::producer(from_iter(0..)).start().await.unwrap();
        let consumer = stage::consumer(Fragile(Log::new(), 0)).name("fragile");
        let consumer = consumer.restart_at_most(1, 5, || Fragile(Log::new(), 1));
        let consumer = consumer.subscribe_to(to(&numbers).max_demand(2).min_demand(1)).start().await.unwrap();
        let Reason::Failed(text) = consumer.ended().await else { panic!("it did not fail") };
        assert!(text.contains("unlucky") && text.ends_with("(its one restart in 5 s were used up)"), "{text}");
    })
    .await;
}

/// Emits its number and panics in the same ask.
struct Doomed(u64);

#[async_trait]
impl Producer for Doomed {
    type Data = u64;

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        out.push(Incoming::new(self.0));
        assert_eq!(self.0, 3, "doomed");
        Ok(Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_producer_emitted_before_it_crashed_is_sent() {
    within(async {
        let mut next = 0;
        let doomed = stage::producer(Doomed(0)).restart(move || {
            next += 1;
            Doomed(next)
        });
        let doomed = doomed.start().await.unwrap();
        let events: Vec<u64> = stage::stream([&doomed]).unwrap().try_collect().await.unwrap();
        assert_eq!((events, doomed.counts().restarts), (vec![0, 1, 2, 3], 3));
    })
    .await;
}

/// Fails to connect once, then fails once in an ask.
struct Moody(u32);

#[async_trait]
impl Producer for Moody {
    type Data = u64;

    async fn init(&mut self, _: &mut ProducerContext) -> Result<()> {
        self.0 += 1;
        if self.0 == 1 { Err("no route".into()) } else { Ok(()) }
    }

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.0 += 1;
        if self.0 == 3 {
            return Err("cut off".into());
        }
        out.push(Incoming::new(7));
        Ok(Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_a_producer_are_waited_out() {
    within(async {
        let begun = tokio::time::Instant::now();
        let moody = stage::producer(Moody(0)).start().await.unwrap();
        let events: Vec<u64> = stage::stream([&moody]).unwrap().try_collect().await.unwrap();
        assert_eq!((events, moody.counts().errors), (vec![7], 2));
        assert!((Duration::from_millis(100)..Duration::from_millis(300)).contains(&begun.elapsed()));
    })
    .await;
}

/// Wants its messages acknowledged.
struct Queue;

#[async_trait]
impl Producer for Queue {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(std::sync::Arc::new(broadway::NoopAcknowledger));
        Ok(())
    }

    async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
        Ok(Err("it must not be asked").permanent()?)
    }
}

#[tokio::test(start_paused = true)]
async fn a_producer_whose_messages_are_to_be_acknowledged_does_not_start() {
    let error = stage::producer(Queue).start().await.unwrap_err().to_string();
    assert!(error.contains("to be acknowledged") && error.ends_with("use the producer in a pipeline"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn stages_that_nobody_can_reach_any_more_end() {
    within(async {
        let dropped = Log::new();
        struct Held(Log<&'static str>, std::ops::RangeFrom<u64>);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.push("dropped");
            }
        }
        impl Iterator for Held {
            type Item = u64;
            fn next(&mut self) -> Option<u64> {
                self.1.next()
            }
        }
        let numbers = stage::producer(from_iter(Held(dropped.clone(), 0..))).start().await.unwrap();
        let doubles = stage::producer_consumer(Doubles).subscribe_to(&numbers).start().await.unwrap();
        let mut stream = stage::stream([&doubles]).unwrap();
        drop((numbers, doubles));
        assert_eq!(stream.try_next().await.unwrap(), Some(0), "they are reached through the stream");
        drop(stream);
        settle().await;
        assert_eq!(dropped.all(), ["dropped"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_stages_transformer_fails_on_is_refused() {
    within(async {
        let texts = from_iter(["1", "two", "3"]);
        let numbers = stage::producer(stage::transform(texts, str::parse::<u64>)).start().await.unwrap();
        let got: Vec<u64> = stage::stream([&numbers]).unwrap().try_collect().await.unwrap();
        let counts = numbers.counts();
        assert_eq!((got, counts.emitted, counts.refused), (vec![1, 3], 2, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_leaves_no_stage_behind() {
    within(async {
        let steps = Steps::new();
        let a = stage::producer(A(0, steps.clone())).start().await.unwrap();
        // The task of the consumer runs by then, and waits for the producer's answer.
        assert!(stage::consumer(B(steps.clone())).subscribe_to(&a).start().now_or_never().is_none());
        tokio::time::sleep(ms(1_000)).await;
        let handled = steps.all().iter().filter(|step| step.starts_with("B handles")).count();
        assert_eq!(handled, 0, "{:?}", steps.all());
        // The producer is there for the next one.
        let next = stage::consumer(B(steps.clone())).subscribe_to(&a).start().await.unwrap();
        assert_eq!(next.ended().await, Reason::Finished);
        assert_eq!(next.counts().handled, 20);
    })
    .await;
}
