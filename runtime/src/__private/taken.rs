//! What `handle_message` takes, read through aliases. The one trait serves its data and its batchers, so that whatever is
//! wrong with it leads to the same error at the same place.

use crate::message::Message;

/// A message of the pipeline whose batchers are `B`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message of this pipeline, whose batchers are `{B}`",
    label = "not a message of this pipeline",
    note = "write the message type that the attribute generates: the pipeline's name and `Message`, as in `&mut OrdersMessage`"
)]
pub trait Taken<B>: Sized {
    /// The message's data.
    type Data;

    /// The message as the type that was written.
    fn lend(message: &mut Message<Self::Data, B>) -> &mut Self;
}

impl<T, B> Taken<B> for Message<T, B> {
    type Data = T;

    fn lend(message: &mut Self) -> &mut Self {
        message
    }
}
