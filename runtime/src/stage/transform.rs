//! `transformer = f`: a producer whose messages are converted before they reach the processors. What fails to convert fails
//! alone; what the inner producer emitted is handed over even when its ask is dropped.

use std::{
    any::Any,
    fmt,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use async_trait::async_trait;

use super::{
    Next, Outbox, Producer, ProducerContext,
    outbox::{Emitted, Rejected},
};
use crate::{
    error::{Error, Result},
    failure::{Failure, FailureKind},
    ticket::Ticket,
};

/// A producer that emits what `transformer` makes of what `producer` emits.
///
/// A message for which `transformer` fails or panics fails alone. It has no data then, so `handle_failed` does not see it;
/// its source is told that it failed.
///
/// **Cancel-safety**: that of `producer`.
///
/// ```
/// # use broadway::Builder;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::{from_iter, transform};
///
/// let numbers = |_| transform(from_iter(["1", "2", "three"]), |text: &str| text.parse::<u64>());
/// let pipeline = Builder::<u64, ()>::new("numbers", numbers, |_| Box::pin(async { Ok(()) })).start_link().await?;
/// let report = pipeline.wait().await?;
/// assert_eq!((report.acknowledged, report.failed), (2, 1));
/// # Ok(())
/// # }
/// ```
pub fn transform<P, F, T, E>(producer: P, transformer: F) -> impl Producer<Data = T>
where
    P: Producer,
    F: Fn(P::Data) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Into<Error> + 'static,
{
    Transform { producer, transformer, inner: None, stage: Arc::from(""), output: PhantomData }
}

struct Transform<P: Producer, F, T, E> {
    producer: P,
    transformer: F,
    /// Made with the first outbox, whose tickets it shares.
    inner: Option<Outbox<P::Data>>,
    stage: Arc<str>,
    output: PhantomData<fn() -> Result<T, E>>,
}

#[async_trait]
impl<P, F, T, E> Producer for Transform<P, F, T, E>
where
    P: Producer,
    F: Fn(P::Data) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Into<Error> + 'static,
{
    type Data = T;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        self.stage = Arc::from(format!("producer_{}", context.stage()));
        self.producer.init(context).await
    }

    fn preferred_demand(&self) -> Option<usize> {
        self.producer.preferred_demand()
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<T>) -> Result<Next> {
        let mut ask = Ask::new(self, out);
        let (producer, inner) = ask.parts();
        producer.handle_demand(demand, inner).await
    }

    async fn prepare_for_draining(&mut self, out: &mut Outbox<T>) -> Result<()> {
        let mut ask = Ask::new(self, out);
        let (producer, inner) = ask.parts();
        producer.prepare_for_draining(inner).await
    }
}

/// One ask. However it ends, what was emitted by then is converted and handed over.
struct Ask<'a, P: Producer, F: Fn(P::Data) -> Result<T, E>, T, E: Into<Error>> {
    transform: &'a mut Transform<P, F, T, E>,
    out: &'a mut Outbox<T>,
}

impl<'a, P: Producer, F: Fn(P::Data) -> Result<T, E>, T, E: Into<Error>> Ask<'a, P, F, T, E> {
    fn new(transform: &'a mut Transform<P, F, T, E>, out: &'a mut Outbox<T>) -> Self {
        match &mut transform.inner {
            Some(inner) => inner.follow(out),
            inner @ None => *inner = Some(out.sibling()),
        }
        Self { transform, out }
    }

    fn parts(&mut self) -> (&mut P, &mut Outbox<P::Data>) {
        let Transform { producer, inner, .. } = &mut *self.transform;
        (producer, inner.get_or_insert_with(|| self.out.sibling()))
    }
}

impl<P: Producer, F: Fn(P::Data) -> Result<T, E>, T, E: Into<Error>> Drop for Ask<'_, P, F, T, E> {
    fn drop(&mut self) {
        // A producer that panicked is thrown away, and what it emitted is released with it.
        if std::thread::panicking() {
            return;
        }
        let Transform { transformer, inner: Some(inner), stage, .. } = &mut *self.transform else { return };
        self.out.follow(inner);
        self.out.rejected().append(inner.rejected());
        for Emitted { data, ticket, envelope } in inner.emitted().drain(..) {
            match convert(&*transformer, data, stage) {
                Ok(data) => self.out.emitted().push(Emitted { data, ticket, envelope }),
                Err(failure) => self.out.rejected().push(Rejected { ticket, failure }),
            }
        }
        for data in inner.events().drain(..) {
            match convert(&*transformer, data, stage) {
                Ok(data) => self.out.events().push(data),
                Err(failure) => self.out.rejected().push(Rejected { ticket: Ticket::inert(), failure }),
            }
        }
    }
}

fn convert<X, T, E: Into<Error>>(
    transformer: impl Fn(X) -> Result<T, E>,
    data: X,
    stage: &Arc<str>,
) -> Result<T, Box<Failure>> {
    let converted: Result<_, Box<dyn Any + Send>> =
        catch_unwind(AssertUnwindSafe(|| transformer(data).map_err(Into::into)));
    match converted {
        Ok(Ok(data)) => Ok(data),
        Ok(Err(reason)) => Err(Failure::new(FailureKind::Error, reason, stage)),
        Err(panic) => Err(Failure::panicked(panic, stage)),
    }
}

impl<P: Producer + fmt::Debug, F, T, E> fmt::Debug for Transform<P, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transform").field("producer", &self.producer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::FutureExt;

    use super::*;
    use crate::{
        acknowledger::{AckData, AckRef},
        pipeline::Shared,
        stage::Incoming,
        telemetry::Counters,
    };

    /// Emits its numbers at once, and then never returns, or panics.
    struct Numbers(Vec<u64>, After);

    #[derive(Clone, Copy)]
    enum After {
        Return,
        Wait,
        Panic,
    }

    #[async_trait]
    impl Producer for Numbers {
        type Data = u64;

        async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
            for n in self.0.drain(..demand.min(self.0.len())) {
                out.push(Incoming::new(n).ack(AckData::U64(n)).id(n.to_string()));
            }
            match self.1 {
                After::Return => Ok(Next::Finished),
                After::Wait => pending().await,
                After::Panic => panic!("lost the connection"),
            }
        }
    }

    fn even(n: u64) -> Result<String, String> {
        assert_ne!(n, 5, "five is too odd");
        if n.is_multiple_of(2) { Ok(format!("<{n}>")) } else { Err(format!("{n} is odd")) }
    }

    fn outbox() -> (Arc<Shared>, Outbox<String>) {
        let shared = Shared::new("test".into(), Counters::new([]));
        (shared.clone(), Outbox::new(shared, AckRef(7)))
    }

    #[test]
    fn what_fails_to_convert_fails_alone_and_keeps_its_acknowledgement() {
        let (shared, mut out) = outbox();
        let mut producer = transform(Numbers(vec![2, 3, 5, 4], After::Return), even);
        let next = producer.handle_demand(10, &mut out).now_or_never().unwrap().unwrap();
        assert_eq!(next, Next::Finished);
        let good: Vec<_> = out
            .emitted()
            .drain(..)
            .map(|mut emitted| {
                (
                    emitted.data,
                    emitted.envelope.unwrap().id.unwrap(),
                    emitted.ticket.ack_ref(),
                    emitted.ticket.settle().as_u64(),
                )
            })
            .collect();
        let expected = [(2, "<2>"), (4, "<4>")];
        assert_eq!(good, expected.map(|(n, text)| (text.to_owned(), n.to_string().into(), AckRef(7), Some(n))));
        let bad: Vec<_> = out
            .rejected()
            .drain(..)
            .map(|mut rejected| (rejected.ticket.settle().as_u64(), rejected.failure.to_string()))
            .collect();
        assert_eq!(bad[0], (Some(3), "error: 3 is odd".to_owned()));
        assert_eq!(bad[1].0, Some(5));
        assert!(bad[1].1.starts_with("panic: ") && bad[1].1.contains("five is too odd"), "{bad:?}");
        drop((producer, out));
        assert!(shared.lane.take().is_empty(), "all of them are settled");
    }

    #[test]
    fn what_was_emitted_is_handed_over_when_the_ask_is_dropped() {
        let (_shared, mut out) = outbox();
        let mut producer = transform(Numbers(vec![2, 3, 4], After::Wait), even);
        assert!(producer.handle_demand(10, &mut out).now_or_never().is_none());
        assert_eq!((out.len(), out.rejected().len()), (2, 1));
    }

    #[test]
    fn what_was_emitted_before_a_panic_is_released() {
        let (shared, mut out) = outbox();
        let mut producer = transform(Numbers(vec![2, 3, 4], After::Panic), even);
        let asked = AssertUnwindSafe(producer.handle_demand(10, &mut out)).catch_unwind().now_or_never().unwrap();
        assert!(asked.is_err());
        assert!(out.is_empty());
        drop(producer);
        assert_eq!(shared.lane.take().len(), 3);
    }

    #[test]
    fn no_two_messages_share_an_identity() {
        let (_shared, mut out) = outbox();
        let mut producer =
            transform(transform(Numbers((0..8).collect(), After::Return), Ok::<u64, String>), |n| even(n * 2));
        for _ in 0..4 {
            out.push(Incoming::new("own".to_owned()));
            let _ = producer.handle_demand(2, &mut out).now_or_never().unwrap();
        }
        let mut tokens: Vec<_> = out.emitted().iter().map(|emitted| emitted.ticket.token()).collect();
        let count = tokens.len();
        tokens.sort();
        tokens.dedup();
        assert_eq!((tokens.len(), count), (12, 12));
    }
}
