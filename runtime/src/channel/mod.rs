//! A channel that feeds a pipeline from its own process. It is bounded: who sends waits, or is told that it is full. Nothing
//! that was taken in is lost by a stop: what waits is handed over to the drain, and what is sent after it comes back.

mod receiver;
mod sender;

use tokio::sync::mpsc;

pub use receiver::Receiver;
pub use sender::{SendError, Sender, TrySendError};

/// Makes a channel in which at most `capacity` messages wait (at least 1), for one pipeline: the [`Receiver`] is its
/// producer, and a clone of it goes to each producer stage; the [`Sender`] is cloned to wherever messages come from.
///
/// The pipeline finishes when all senders are dropped and all that was sent is settled. When it drains, what waits in the channel is
/// handled, and sends fail from then on.
///
/// **This is memory.** Messages in it, and those in flight, are lost when the process dies. [`Sender::send`] promises no more than
/// that the message is in the channel. Where that is not enough: [`Sender::submit`] waits for the verdict, so that who asked can
/// be told and ask again; [`Incoming::chained`](crate::Incoming::chained) leaves the message that it came from in its own
/// source until then; or put a durable queue in its place.
///
/// ```
/// use broadway::{channel, prelude::*};
///
/// struct Resize { images: channel::Receiver<u64> }
///
/// #[broadway(producers(default(module = self.images.clone())), processors(default(stages = 4)))]
/// impl Resize {
///     async fn handle_message(&self, message: &mut ResizeMessage<u64>) -> Result<u64> {
///         if message.data == 13 { Err("not an image".into()) } else { Ok(message.data / 2) }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let (sender, images) = broadway::channel(1000);
/// let pipeline = Resize { images }.start_link().await?;
/// sender.send(12).await?;
/// // An HTTP handler can answer with what became of its request.
/// assert_eq!(sender.submit(20).await?.output(), Some(&10u64));
/// assert_eq!(sender.submit(13).await?.failure.unwrap().reason().to_string(), "not an image");
/// drop(sender);
/// assert_eq!(pipeline.wait().await?.acknowledged, 2);
/// # Ok(())
/// # }
/// ```
pub fn channel<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel(capacity.clamp(1, tokio::sync::Semaphore::MAX_PERMITS));
    (Sender::new(sender), Receiver::new(receiver))
}
