//! Where a batch ends besides `batch_size`. A splitter sees every message before it is added, so that a limit can be a hard
//! one; its state belongs to one batch, and every batch starts with a clone of the first state.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;

use crate::payload::Payload;

/// What a splitter decides about a message. `batch_size` is a limit all the same.
///
/// [`Splitter`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// The message belongs to the batch, which has room for more.
    Add,
    /// The message belongs to the batch, which leaves.
    AddAndEmit,
    /// The batch leaves without the message, which is the first of the next one and is shown to a new splitter. For the
    /// first message of a batch, which is then too large for any, it means [`AddAndEmit`](Self::AddAndEmit).
    EmitBeforeAdd,
}

/// Says where batches end: `splitter = MySplitter::new()` on a batcher (Broadway's `batch_size = {acc, fun}`). `M` is the
/// pipeline's message, `O` its output.
///
/// A splitter is cloned for each new batch, after a full one as after one that left by time or flush (Broadway's
/// documentation says otherwise, its code does not). A panic fails the message that it was asked about, alone; the batch so
/// far leaves.
///
/// ```
/// use broadway::{prelude::*, MessageOf, Split, Splitter, stage::from_iter};
///
/// /// At most so much weight in a batch.
/// #[derive(Clone)]
/// struct ByWeight { left: u64 }
///
/// impl Splitter<MessageOf<Parcels>, u64> for ByWeight {
///     fn split(&mut self, _: &MessageOf<Parcels>, weight: &u64) -> Split {
///         match self.left.checked_sub(*weight) {
///             Some(0) => Split::AddAndEmit,
///             Some(left) => { self.left = left; Split::Add }
///             None => Split::EmitBeforeAdd,
///         }
///     }
/// }
///
/// struct Parcels;
///
/// #[broadway(
///     producers(default(module = from_iter([4u64, 4, 4, 2, 10]))),
///     processors(default(stages = 1)),
///     batchers(default(splitter = ByWeight { left: 10 })),
/// )]
/// impl Parcels {
///     async fn handle_message(&self, message: &mut ParcelsMessage<u64>) -> Result<u64> {
///         Ok(message.data)
///     }
///
///     async fn handle_batch(&self, batch: &mut Batch<Self>) {
///         assert!(batch.outputs().iter().sum::<u64>() <= 10);
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let report = Parcels.start_link().await?.wait().await?;
/// assert_eq!((report.acknowledged, report.failed, report.batches), (5, 0, 3)); // 4 + 4, 4 + 2, 10
/// # Result::<()>::Ok(()) }).unwrap();
/// ```
// docs/errors.md: not-a-splitter
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a splitter of this pipeline",
    label = "not a `Splitter`",
    note = "implement `broadway::Splitter<{M}, {O}>` for it, and `Clone`"
)]
pub trait Splitter<M, O>: Send + Sync + 'static {
    /// Decides about the next message of the batch.
    fn split(&mut self, message: &M, output: &O) -> Split;
}

trait CloneSplitter<M, O>: Splitter<M, O> {
    fn boxed(&self) -> Box<dyn CloneSplitter<M, O>>;
}

impl<M: 'static, O: 'static, S: Splitter<M, O> + Clone> CloneSplitter<M, O> for S {
    fn boxed(&self) -> Box<dyn CloneSplitter<M, O>> {
        Box::new(self.clone())
    }
}

/// A splitter whose type was put aside: what [`Broadway::splitter`](crate::Broadway::splitter) returns.
///
/// ```
/// use broadway::{BoxSplitter, Message};
///
/// let splitter = BoxSplitter::<Message<String>, ()>::max_bytes(1 << 20, |message, _| message.data.len());
/// assert_eq!(format!("{splitter:?}"), "BoxSplitter(..)");
/// ```
pub struct BoxSplitter<M, O>(Box<dyn CloneSplitter<M, O>>);

impl<M: 'static, O: 'static> BoxSplitter<M, O> {
    /// A splitter in its first state.
    ///
    /// ```
    /// use broadway::{BoxSplitter, Message, Split, Splitter};
    ///
    /// /// Pairs.
    /// #[derive(Clone)]
    /// struct Two { is_second: bool }
    ///
    /// impl<T> Splitter<Message<T>, ()> for Two {
    ///     fn split(&mut self, _: &Message<T>, _: &()) -> Split {
    ///         if std::mem::replace(&mut self.is_second, true) { Split::AddAndEmit } else { Split::Add }
    ///     }
    /// }
    ///
    /// let splitter = BoxSplitter::<Message<u64>, ()>::new(Two { is_second: false });
    /// # let _ = splitter.clone();
    /// ```
    pub fn new(splitter: impl Splitter<M, O> + Clone) -> Self {
        Self(Box::new(splitter))
    }

    /// At most `most` bytes in a batch, as `size` counts them. A message that is larger is a batch alone.
    pub fn max_bytes(most: u64, size: impl Fn(&M, &O) -> usize + Clone + Send + Sync + 'static) -> Self {
        Self::new(ByBytes { most, held: None, size })
    }

    pub(crate) fn split(&mut self, message: &M, output: &O) -> Split {
        self.0.split(message, output)
    }
}

impl<M: 'static, O: 'static> Clone for BoxSplitter<M, O> {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl<M, O> fmt::Debug for BoxSplitter<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxSplitter(..)")
    }
}

/// `max_bytes`.
#[derive(Clone)]
struct ByBytes<F> {
    most: u64,
    /// Bytes in the batch so far; `None` before its first message.
    held: Option<u64>,
    size: F,
}

impl<M, O, F: Fn(&M, &O) -> usize + Send + Sync + 'static> Splitter<M, O> for ByBytes<F> {
    fn split(&mut self, message: &M, output: &O) -> Split {
        let size = (self.size)(message, output) as u64;
        let sum = self.held.unwrap_or(0).saturating_add(size);
        if self.held.is_some() && sum > self.most {
            return Split::EmitBeforeAdd;
        }
        self.held = Some(sum);
        if sum < self.most { Split::Add } else { Split::AddAndEmit }
    }
}

/// Types that know how many bytes they are, so that `max_bytes` needs no `size_by`. For types of one's own too.
///
/// ```
/// use broadway::ByteLen;
///
/// struct Line { text: String, comment: Option<String> }
///
/// impl ByteLen for Line {
///     fn byte_len(&self) -> usize {
///         self.text.byte_len() + self.comment.byte_len()
///     }
/// }
/// assert_eq!(Line { text: "four".to_owned(), comment: None }.byte_len(), 4);
/// ```
pub trait ByteLen {
    /// How many bytes it has.
    fn byte_len(&self) -> usize;
}

macro_rules! byte_len {
    ($($type:ty),*) => {$(
        impl ByteLen for $type {
            fn byte_len(&self) -> usize {
                self.len()
            }
        }
    )*};
}
byte_len!(Payload, Bytes, Vec<u8>, Box<[u8]>, Arc<[u8]>, &[u8], Cow<'_, [u8]>);
byte_len!(String, Box<str>, Arc<str>, &str, Cow<'_, str>);

impl<T: ByteLen> ByteLen for Option<T> {
    fn byte_len(&self) -> usize {
        self.as_ref().map_or(0, ByteLen::byte_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_never_holds_more_bytes_than_it_may_but_for_one_large_message() {
        let fresh = BoxSplitter::<(), usize>::max_bytes(10, |(), size| *size);
        let decisions = |sizes: &[usize]| {
            let mut splitter = fresh.clone();
            sizes.iter().map(|size| splitter.split(&(), size)).collect::<Vec<_>>()
        };
        assert_eq!(decisions(&[4, 5, 1]), [Split::Add, Split::Add, Split::AddAndEmit]);
        assert_eq!(decisions(&[4, 7]), [Split::Add, Split::EmitBeforeAdd]);
        assert_eq!(decisions(&[11]), [Split::AddAndEmit]);
        // Nothing is still a message: the large one is not put to it.
        assert_eq!(decisions(&[0, 11]), [Split::Add, Split::EmitBeforeAdd]);
        assert_eq!(decisions(&[1, usize::MAX]), [Split::Add, Split::EmitBeforeAdd]);
    }
}
