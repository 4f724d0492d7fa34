//! What `handle_message` takes, read through aliases. Its data is known even if its batchers are another pipeline's, so that
//! this mistake is one error.

use crate::{handler::Lent, message::Message};

/// A message of the pipeline whose batchers are `B`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message of this pipeline, whose batchers are `{B}`",
    label = "not a message of this pipeline",
    note = "write the message type that the attribute generates: the pipeline's name and `Message`, as in `&mut OrdersMessage`"
)]
pub trait Taken<B>: Lent {
    /// The message as the type that was written.
    fn lend(message: &mut Message<Self::Data, B>) -> &mut Self;
}

#[diagnostic::do_not_recommend]
impl<T, B> Taken<B> for Message<T, B> {
    fn lend(message: &mut Self) -> &mut Self {
        message
    }
}
