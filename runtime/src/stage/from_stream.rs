//! Any stream as a producer: it gives what is ready of what is asked for, and finishes with its end.

use std::{future::poll_fn, pin::Pin, task::Poll};

use async_trait::async_trait;
use futures::Stream;

use super::{Incoming, Next, Outbox, Producer};
use crate::error::Result;

/// A producer of a stream's items. Its messages need no acknowledgement.
///
/// Made by [`from_stream`], which has an example.
#[derive(Debug, Clone)]
pub struct FromStream<S>(S);

/// Makes a producer of a stream: it polls for as many items as it is asked for, gives what is ready, and finishes with the
/// stream's end. Nobody is told what becomes of a message, and one that is in the pipeline when the process ends is lost. For
/// the events of a stage, [`from_stage`](super::from_stage) asks for no more than it is asked for.
///
/// ```
/// # use broadway::Builder;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::from_stream;
/// use futures::stream;
///
/// let pipeline = Builder::<u64, ()>::new("numbers", |_| from_stream(stream::iter(0..3)), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
/// assert_eq!(pipeline.wait().await?.acknowledged, 3);
/// # Ok(())
/// # }
/// ```
pub fn from_stream<S>(items: S) -> FromStream<Pin<Box<S>>>
where
    S: Stream + Send + 'static,
    S::Item: Send + 'static,
{
    FromStream(Box::pin(items))
}

#[async_trait]
impl<S> Producer for FromStream<Pin<Box<S>>>
where
    S: Stream + Send + 'static,
    S::Item: Send + 'static,
{
    type Data = S::Item;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<S::Item>) -> Result<Next> {
        poll_fn(|cx| {
            while out.len() < demand {
                match self.0.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => out.push(Incoming::new(item)),
                    Poll::Ready(None) => return Poll::Ready(Ok(Next::Finished)),
                    Poll::Pending if out.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(Next::More))
        })
        .await
    }
}
