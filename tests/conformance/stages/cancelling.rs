//! What becomes of a stage when a subscription of it is cancelled, or its producer ends.

use broadway::{
    Incoming, Next, Outbox, Producer, Result, async_trait,
    stage::{self, Cancel, Gives, Reason, Stage, to},
};
use broadway_tests::{Gate, within};

use super::{Passing, Seen, Spy, settle};

/// Gives one event, and crashes when it is asked again and the gate is open.
struct Doomed(Gate, bool);

#[async_trait]
impl Producer for Doomed {
    type Data = u64;

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        if std::mem::replace(&mut self.1, true) {
            self.0.pass().await;
            panic!("doomed");
        }
        out.push(Incoming::new(1));
        Ok(Next::More)
    }
}

/// How the subscription ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// The consumer cancels, for no failure.
    Cancelled,
    /// The consumer cancels, because something failed.
    CancelledInAnger,
    /// The producer is stopped.
    Stopped,
    /// The producer crashes.
    Crashed,
}

async fn doomed() -> (Stage<Gives<u64>>, Gate) {
    let gate = Gate::shut();
    (stage::producer(Doomed(gate.clone(), false)).name("doomed").start().await.unwrap(), gate)
}

async fn bring_about(end: End, spy: &Spy, producer: &Stage<Gives<u64>>, gate: &Gate) -> Reason {
    settle().await;
    let reason = match end {
        End::Cancelled => Reason::Finished,
        End::CancelledInAnger => Reason::failed("angry"),
        End::Stopped => Reason::Stopped,
        End::Crashed => Reason::failed("doomed"),
    };
    match end {
        End::Cancelled | End::CancelledInAnger => spy.subscription().cancel(reason.clone()),
        End::Stopped => producer.stop(),
        End::Crashed => gate.open(),
    }
    settle().await;
    reason
}

/// Whether a consumer goes on. In any case it was told, after its events.
async fn consumer_goes_on(cancel: Cancel, end: End) -> bool {
    let ((producer, gate), spy) = (doomed().await, Spy::new());
    let subscription = to(&producer).cancel(cancel);
    let consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
    let reason = bring_about(end, &spy, &producer, &gate).await;
    let seen = spy.seen.all();
    assert_eq!(seen[2..4], [Seen::Events(vec![1]), Seen::Cancelled("doomed".into(), reason.clone())]);
    if consumer.is_running() {
        assert_eq!(seen.len(), 4);
    } else {
        assert_eq!((consumer.ended().await, &seen[4]), (reason.clone(), &Seen::Terminated(reason)));
    }
    consumer.is_running()
}

#[tokio::test(start_paused = true)]
async fn g061_a_consumer_goes_on_when_a_temporary_subscription_is_cancelled() {
    within(async {
        assert!(consumer_goes_on(Cancel::Temporary, End::Cancelled).await);
        assert!(consumer_goes_on(Cancel::Temporary, End::CancelledInAnger).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g062_and_when_a_transient_one_is_for_no_failure() {
    within(async { assert!(consumer_goes_on(Cancel::Transient, End::Cancelled).await) }).await;
}

#[tokio::test(start_paused = true)]
async fn g063_not_when_it_is_because_something_failed() {
    within(async { assert!(!consumer_goes_on(Cancel::Transient, End::CancelledInAnger).await) }).await;
}

#[tokio::test(start_paused = true)]
async fn g064_a_permanent_one_takes_it_along() {
    within(async {
        assert!(!consumer_goes_on(Cancel::Permanent, End::Cancelled).await);
        assert!(!consumer_goes_on(Cancel::Permanent, End::CancelledInAnger).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g065_a_consumer_goes_on_without_the_producer_of_a_temporary_subscription() {
    within(async {
        assert!(consumer_goes_on(Cancel::Temporary, End::Stopped).await);
        assert!(consumer_goes_on(Cancel::Temporary, End::Crashed).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g066_without_that_of_a_transient_one_unless_it_crashed() {
    within(async {
        assert!(consumer_goes_on(Cancel::Transient, End::Stopped).await);
        assert!(!consumer_goes_on(Cancel::Transient, End::Crashed).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g067_and_never_without_that_of_a_permanent_one() {
    within(async {
        assert!(!consumer_goes_on(Cancel::Permanent, End::Stopped).await);
        assert!(!consumer_goes_on(Cancel::Permanent, End::Crashed).await);
    })
    .await;
}

/// The same of a producer-consumer: what it gives reaches the consumer behind it in any case.
async fn passing_goes_on(cancel: Cancel, end: End) -> bool {
    let ((producer, gate), spy, behind) = (doomed().await, Spy::new(), Spy::new());
    let subscription = to(&producer).cancel(cancel);
    let passing = stage::producer_consumer(Passing(spy.clone())).subscribe_to(subscription).start().await.unwrap();
    let consumer = stage::consumer(behind.clone()).subscribe_to(&passing).start().await.unwrap();
    let reason = bring_about(end, &spy, &producer, &gate).await;
    assert_eq!(spy.seen.all()[2..4], [Seen::Events(vec![1]), Seen::Cancelled("doomed".into(), reason.clone())]);
    assert_eq!(behind.events(), [1]);
    if !passing.is_running() {
        assert_eq!(passing.ended().await, reason);
        assert_eq!(consumer.ended().await, reason, "its own consumer is told the same");
    }
    passing.is_running()
}

#[tokio::test(start_paused = true)]
async fn g076_a_producer_consumer_goes_on_when_a_temporary_subscription_is_cancelled() {
    within(async {
        assert!(passing_goes_on(Cancel::Temporary, End::Cancelled).await);
        assert!(passing_goes_on(Cancel::Temporary, End::CancelledInAnger).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g077_a_permanent_one_takes_it_along() {
    within(async {
        assert!(!passing_goes_on(Cancel::Permanent, End::Cancelled).await);
        assert!(!passing_goes_on(Cancel::Permanent, End::CancelledInAnger).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g078_it_goes_on_without_the_producer_of_a_temporary_subscription() {
    within(async {
        assert!(passing_goes_on(Cancel::Temporary, End::Stopped).await);
        assert!(passing_goes_on(Cancel::Temporary, End::Crashed).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g079_without_that_of_a_transient_one_unless_it_crashed() {
    within(async {
        assert!(passing_goes_on(Cancel::Transient, End::Stopped).await);
        assert!(!passing_goes_on(Cancel::Transient, End::Crashed).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g080_and_never_without_that_of_a_permanent_one() {
    within(async {
        assert!(!passing_goes_on(Cancel::Permanent, End::Stopped).await);
        assert!(!passing_goes_on(Cancel::Permanent, End::Crashed).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn g082_asking_on_a_subscription_that_is_no_more_does_nothing() {
    within(async {
        let ((producer, _gate), spy) = (doomed().await, Spy::manual());
        let subscription = to(&producer).cancel(Cancel::Temporary);
        let _consumer = stage::consumer(spy.clone()).subscribe_to(subscription).start().await.unwrap();
        let subscription = spy.subscription();
        subscription.cancel(Reason::Stopped);
        subscription.ask(1);
        settle().await;
        subscription.ask(1);
        subscription.cancel(Reason::Finished);
        settle().await;
        let cancelled = Seen::Cancelled("doomed".into(), Reason::Stopped);
        assert_eq!(spy.seen.all()[2..], [cancelled], "and nobody is told twice");
        assert!(producer.is_running());
    })
    .await;
}
