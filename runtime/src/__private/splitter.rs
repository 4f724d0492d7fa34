//! `max_bytes`, `size_by` and `splitter`.

use broadway_topology::Batcher;

use crate::{
    batch::MessageOf,
    handler::Broadway,
    splitter::{BoxSplitter, ByteLen, Splitter},
};

/// What `max_bytes` counts where there is no `size_by`: the output, or the data where there is no output.
// docs/errors.md: length-is-not-known
#[diagnostic::on_unimplemented(
    message = "`max_bytes` does not know how many bytes `{Self}` has",
    label = "its length is not known",
    note = "write `size_by = f`, where `f` is a function `(&Message, &Output) -> usize`; or implement `broadway::ByteLen`"
)]
pub trait Measured<T> {
    /// How many bytes a message counts.
    fn measure(&self, data: &T) -> usize;
}

#[diagnostic::do_not_recommend]
impl<T: ByteLen> Measured<T> for () {
    fn measure(&self, data: &T) -> usize {
        data.byte_len()
    }
}

#[diagnostic::do_not_recommend]
impl<T, O: ByteLen> Measured<T> for O {
    fn measure(&self, _: &T) -> usize {
        self.byte_len()
    }
}

type Boxed<P> = Option<BoxSplitter<MessageOf<P>, <P as Broadway>::Output>>;

/// The splitter of a batcher with `max_bytes`, by the lengths that are known.
pub fn by_length<P: Broadway<Output: Measured<P::Data>>>(batcher: &Batcher) -> Boxed<P> {
    by_size::<P>(batcher, |message, output| output.measure(&message.data))
}

/// The splitter of a batcher with `max_bytes` and `size_by`.
pub fn by_size<P: Broadway>(
    batcher: &Batcher,
    size: impl Fn(&MessageOf<P>, &P::Output) -> usize + Clone + Send + Sync + 'static,
) -> Boxed<P> {
    Some(BoxSplitter::max_bytes(batcher.max_bytes?, size))
}

/// A splitter of the pipeline's own. It cannot keep a `max_bytes` that was set later.
pub fn split_by<P: Broadway, S>(batcher: &Batcher, splitter: S) -> Boxed<P>
where
    S: Splitter<MessageOf<P>, P::Output> + Clone,
{
    batcher.max_bytes.is_none().then(|| BoxSplitter::new(splitter))
}
