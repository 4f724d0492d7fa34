//! A subscription that a stage was told to make.

use std::{future::Future, pin::Pin, task};

use tokio::sync::oneshot;

use crate::stage::{Reason, SubscribeError, Subscription, To, inbox::Inbox, inlet::Request};

/// A subscription that was asked for. It comes about whether this is awaited or not; awaiting it from within a callback
/// of the stage that subscribes waits for ever.
///
/// Made by [`Stage::subscribe`](super::Stage::subscribe). **Cancel-safety**: dropped, the subscription comes about all
/// the same, and nobody is told.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::{self, ConsumerSupervisor, Subscribing, from_iter, to};
/// use futures::future::try_join_all;
///
/// let mut sensors = Vec::new();
/// for sensor in 0..3u64 {
///     sensors.push(stage::producer(from_iter([sensor; 10])).start().await?);
/// }
/// let log = stage::consumer(ConsumerSupervisor::temporary(|_: u64| async { Ok(()) })).start().await?;
/// // All are asked for before the first answer is waited for.
/// let subscribing: Vec<Subscribing> = sensors.iter().map(|sensor| log.subscribe(to(sensor).max_demand(5))).collect();
/// assert_eq!(try_join_all(subscribing).await?.len(), 3);
/// log.ended().await;
/// assert_eq!(log.counts().handled, 30);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Subscribing(oneshot::Receiver<Result<Subscription, SubscribeError>>);

impl Future for Subscribing {
    type Output = Result<Subscription, SubscribeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|said| said.unwrap_or(Err(SubscribeError::ConsumerEnded)))
    }
}

pub(crate) fn request<T>(inbox: &Inbox<T>, to: To<T>, replaces: Option<(&Subscription, Reason)>) -> Subscribing {
    let (answer, answered) = oneshot::channel();
    let answer = Box::new(move |said| drop(answer.send(said)));
    let replaces = replaces.map(|(old, reason)| (old.id(), reason));
    inbox.request(Request { to, replaces, answer });
    Subscribing(answered)
}
