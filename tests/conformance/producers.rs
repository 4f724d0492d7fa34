//! The producer's stage: what it asks, what the producer may do, how it ends.

use broadway::{AckData, Incoming, Next, Outbox, Producer, ProducerContext, Result, async_trait};
use broadway_tests::{Forwarder, Log, Running, ms, within};
use tokio::sync::mpsc;

/// Answers each ask with the number of the ask before it, and keeps that number.
struct Counts {
    last: u64,
    asks: Log<usize>,
    dropped: Log<&'static str>,
}

#[async_trait]
impl Producer for Counts {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.asks.push(demand);
        out.push(Incoming::new(self.last));
        self.last += 1;
        Ok(if self.last == 3 { Next::Finished } else { Next::More })
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        self.dropped.push("dropped");
    }
}

async fn counted() -> (Running, Log<usize>, Log<&'static str>) {
    let (asks, dropped) = (Log::new(), Log::new());
    let (log, drops) = (asks.clone(), dropped.clone());
    let running = Forwarder::new("counts")
        .start_with(Default::default(), move |_| Counts { last: 0, asks: log.clone(), dropped: drops.clone() })
        .await;
    running.pipeline.wait().await.unwrap();
    (running, asks, dropped)
}

#[tokio::test(start_paused = true)]
async fn t112_an_ask_is_answered_with_messages_and_the_producer_keeps_its_state() {
    within(async {
        let (running, asks, _) = counted().await;
        assert_eq!(running.handled.all(), [0, 1, 2]);
        assert!(asks.all().iter().all(|demand| (1..=2).contains(demand)), "{:?}", asks.all());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t114_a_producer_that_has_finished_is_not_asked_again_and_its_last_messages_count() {
    within(async {
        let (running, asks, _) = counted().await;
        assert_eq!((asks.len(), running.pipeline.stats().acknowledged), (3, 3));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t122_what_a_producer_does_when_it_is_dropped_is_done_when_the_pipeline_has_ended() {
    within(async {
        let (_running, _, dropped) = counted().await;
        assert_eq!(dropped.all(), ["dropped"]);
    })
    .await;
}

/// The least that a producer can be.
struct Least(bool);

#[async_trait]
impl Producer for Least {
    type Data = u64;

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        if !std::mem::replace(&mut self.0, true) {
            out.push(Incoming::new(7));
            return Ok(Next::More);
        }
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn t123_a_producer_needs_nothing_but_an_answer_to_demand() {
    within(async {
        let running = Forwarder::new("least").start_with(Default::default(), |_| Least(false)).await;
        running.settled(1).await;
        let report = running.pipeline.stop().await.unwrap();
        assert_eq!((report.acknowledged, running.handled.all()), (1, vec![7]));
    })
    .await;
}

/// Is pushed to through a channel of its own, and awaits it inside of an ask.
struct Pushed(Option<mpsc::UnboundedReceiver<u64>>);

#[async_trait]
impl Producer for Pushed {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let Some(receiver) = &mut self.0 else { return Ok(Next::Finished) };
        let Some(first) = receiver.recv().await else { return Ok(Next::Finished) };
        out.push(Incoming::new(first).ack(AckData::U64(first)));
        while out.len() < demand
            && let Ok(next) = receiver.try_recv()
        {
            out.push(Incoming::new(next).ack(AckData::U64(next)));
        }
        Ok(Next::More)
    }
}

async fn pushed() -> (Running, mpsc::UnboundedSender<u64>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = std::sync::Mutex::new(Some(receiver));
    let running = Forwarder::new("pushed");
    let running = running.start_with(Default::default(), move |_| Pushed(receiver.lock().unwrap().take())).await;
    (running, sender)
}

#[tokio::test(start_paused = true)]
async fn t117_what_is_sent_to_a_producer_leaves_it_without_an_ask_of_its_own() {
    within(async {
        let (running, sender) = pushed().await;
        for number in 0..4 {
            // It waits in its ask all the while.
            tokio::time::sleep(ms(1_000)).await;
            sender.send(number).unwrap();
            running.settled(number + 1).await;
        }
        assert_eq!(running.handled.all(), [0, 1, 2, 3]);
        running.pipeline.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t119_a_producer_whose_senders_are_gone_finishes_after_what_was_sent() {
    within(async {
        let (running, sender) = pushed().await;
        (0..5).for_each(|number| sender.send(number).unwrap());
        drop(sender);
        let report = running.pipeline.wait().await.unwrap();
        assert_eq!((report.reason, running.handled.all()), (broadway::EndReason::Finished, vec![0, 1, 2, 3, 4]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t121_what_is_sent_to_a_producer_is_transformed_on_its_way() {
    within(async {
        let (sender, receiver) = mpsc::unbounded_channel();
        let receiver = std::sync::Mutex::new(Some(receiver));
        let producer = move |_| {
            let pushed = Pushed(receiver.lock().unwrap().take());
            broadway::stage::transform(pushed, |number| Result::<u64>::Ok(number + 100))
        };
        let running = Forwarder::new("pushed").start_with(Default::default(), producer).await;
        sender.send(1).unwrap();
        running.settled(1).await;
        assert_eq!(running.handled.all(), [101]);
        running.pipeline.stop().await.unwrap();
    })
    .await;
}

/// Refuses to connect for good.
struct Refused;

#[async_trait]
impl Producer for Refused {
    type Data = u64;

    async fn init(&mut self, _: &mut ProducerContext) -> Result<()> {
        use broadway::ResultExt;
        Ok(Err("queue missing").permanent()?)
    }

    async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
        Ok(Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn t111_a_producer_that_can_never_begin_fails_the_start_with_its_reason() {
    within(async {
        use futures::FutureExt;
        let builder = broadway::Builder::new("refused", |_| Refused, |_| async { Ok(()) }.boxed());
        let error = builder.start_link().await.unwrap_err();
        assert_eq!(error.to_string(), "producer 0 cannot start: queue missing");
    })
    .await;
}
