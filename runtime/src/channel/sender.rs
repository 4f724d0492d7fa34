//! The end of a channel that messages are put into.

use std::fmt;

use tokio::sync::mpsc::{self, Permit, error};

use crate::{pipeline::MessageOutcome, stage::Incoming};

/// Puts messages into a [`channel`](super::channel()). Cheap to clone; the pipeline finishes when the last one is dropped.
///
/// Everything that is sent is a `T`, or an [`Incoming`] where the message should have an id, a key or headers.
///
/// ```
/// use broadway::{Incoming, channel::{SendError, TrySendError}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (sender, receiver) = broadway::channel(2);
/// assert_eq!(sender.send(7).await, Ok(()));
/// assert_eq!(sender.try_send(Incoming::new(8).id("eight")), Ok(()));
/// assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
/// drop(receiver);
/// assert_eq!(sender.send(9).await, Err(SendError(9)));
/// # }
/// ```
pub struct Sender<T>(mpsc::Sender<Incoming<T>>);

/// The pipeline has ended, or drains: the data comes back.
///
/// [`Sender`] has an example.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// Why [`Sender::try_send`] did not send; the data comes back.
///
/// [`Sender`] has an example.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// As many messages wait as the channel holds: the pipeline does not keep up.
    Full(T),
    /// The pipeline has ended, or drains.
    Closed(T),
}

impl<T: Send + 'static> Sender<T> {
    pub(super) fn new(sender: mpsc::Sender<Incoming<T>>) -> Self {
        Self(sender)
    }

    /// Sends a message, and waits for room: back-pressure reaches who sends.
    ///
    /// **Cancel-safety**: dropped before it returns, nothing was sent, and the place in the line is lost.
    ///
    /// # Errors
    /// [`SendError`] if the pipeline has ended or drains.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (sender, receiver) = broadway::channel(1);
    /// sender.send(7).await.unwrap();
    /// drop(receiver);
    /// assert_eq!(sender.send(8).await.unwrap_err().0, 8);
    /// # }
    /// ```
    pub async fn send(&self, message: impl Into<Incoming<T>>) -> Result<(), SendError<T>> {
        let mut message = message.into();
        let Ok(room) = self.room(&mut message).await else { return Err(SendError(message.into_data())) };
        room.send(message);
        Ok(())
    }

    /// Sends a message if there is room right now.
    ///
    /// # Errors
    /// [`TrySendError`]: there is no room, or nobody to take it.
    ///
    /// ```
    /// use broadway::channel::TrySendError;
    ///
    /// let (sender, receiver) = broadway::channel(1);
    /// sender.try_send(7).unwrap();
    /// assert_eq!(sender.try_send(8), Err(TrySendError::Full(8)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(9), Err(TrySendError::Closed(9)));
    /// ```
    pub fn try_send(&self, message: impl Into<Incoming<T>>) -> Result<(), TrySendError<T>> {
        let message = message.into();
        let no_room = match self.0.try_reserve() {
            Ok(room) => {
                room.send(message);
                return Ok(());
            }
            Err(no_room) => no_room,
        };
        message.unchain();
        let data = message.into_data();
        Err(match no_room {
            error::TrySendError::Full(()) => TrySendError::Full(data),
            error::TrySendError::Closed(()) => TrySendError::Closed(data),
        })
    }

    /// Sends a message, waits for room, and then until it is settled: what became of it, with what `handle_message` returned or
    /// why it failed. One that was sent and that no pipeline judged is [released](crate::Status::Released): it may have been
    /// handled in part.
    ///
    /// A message that was [chained](Incoming::chained) is settled for its upstream message all the same.
    ///
    /// **Cancel-safety**: dropped while it waits for room, nothing was sent; later, the message goes its way and nobody is told.
    ///
    /// # Errors
    /// [`SendError`] if the pipeline has ended or drains: nothing was sent.
    ///
    /// ```
    /// # use broadway::{Builder, channel::SendError};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let (sender, receiver) = broadway::channel::<u64>(8);
    /// let pipeline = Builder::new("answers", move |_| receiver.clone(), |message| {
    ///     let answer = message.data * 6;
    ///     Box::pin(async move { Ok(answer) })
    /// })
    /// .start_link()
    /// .await?;
    /// assert_eq!(sender.submit(7).await?.output(), Some(&42u64));
    /// pipeline.stop().await?;
    /// assert_eq!(sender.submit(7).await.unwrap_err(), SendError(7));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn submit(&self, message: impl Into<Incoming<T>>) -> Result<MessageOutcome, SendError<T>> {
        let mut message = message.into();
        let Ok(room) = self.room(&mut message).await else { return Err(SendError(message.into_data())) };
        let outcome = message.awaited();
        room.send(message);
        Ok(outcome.await.unwrap_or_else(|_| MessageOutcome::released()))
    }

    /// Waits for room for a message. If there is none to come, or nobody waits for it any more, the message that this one was
    /// chained to waits for it no more.
    async fn room(&self, message: &mut Incoming<T>) -> Result<Permit<'_, Incoming<T>>, error::SendError<()>> {
        let mut unsent = Unsent { message, has_room: false };
        let room = self.0.reserve().await?;
        unsent.has_room = true;
        Ok(room)
    }

    /// How many more messages may wait right now.
    ///
    /// ```
    /// let (sender, _receiver) = broadway::channel(8);
    /// sender.try_send(7).unwrap();
    /// assert_eq!(sender.capacity(), 7);
    /// ```
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Waits until nothing that is sent is taken any more: the pipeline has ended, or drains. Cancel-safe.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (sender, receiver) = broadway::channel::<u64>(8);
    /// drop(receiver);
    /// sender.closed().await;
    /// # }
    /// ```
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// A message that waits for room.
struct Unsent<'a, T> {
    message: &'a mut Incoming<T>,
    has_room: bool,
}

impl<T> Drop for Unsent<'_, T> {
    fn drop(&mut self) {
        if !self.has_room {
            self.message.unchain();
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("capacity", &self.0.capacity()).finish_non_exhaustive()
    }
}

// Neither prints the data.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pipeline that the channel feeds has ended, or drains")
    }
}

impl<T> std::error::Error for SendError<T> {}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the channel is full: the pipeline does not keep up; `send` waits for room"),
            Self::Closed(_) => f.write_str("the pipeline that the channel feeds has ended, or drains"),
        }
    }
}

impl<T> std::error::Error for TrySendError<T> {}
