//! What `handle_message` takes, read through aliases. Its data is known even if its batchers are another pipeline's, and
//! even if it is no message at all, so that each of these mistakes is one error.

use std::marker::PhantomData;

use crate::{
    error::Result,
    handler::{BoxProducer, Lent},
    message::Message,
    payload::Payload,
    stage::Producer,
};

use super::producer::{EmittedAs, Source};

/// A message of the pipeline whose batchers are `B`.
// docs/errors.md: message-of-another-pipeline
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

/// Asks whether `M` is a message: of two constants of one name the inherent one is taken, where there is one.
#[derive(Debug)]
pub struct Probe<M: ?Sized>(PhantomData<M>);

impl<T, B> Probe<Message<T, B>> {
    /// It is one.
    pub const IS_A_MESSAGE: bool = true;
}

/// The answer for everything else.
pub trait NoMessage {
    /// It is none.
    const IS_A_MESSAGE: bool = false;
}

impl<M: ?Sized> NoMessage for Probe<M> {}

/// A type that `handle_message` takes, of which it is known whether it is a message.
#[derive(Debug)]
pub struct Read<const IS_A_MESSAGE: bool>;

/// The data of a message; something that compiles, for what is none.
pub trait Reads<M> {
    /// The data.
    type Data;
}

impl<M: Lent> Reads<M> for Read<true> {
    type Data = M::Data;
}

impl<M> Reads<M> for Read<false> {
    type Data = Payload;
}

impl Read<true> {
    /// The message as the type that was written.
    pub fn lend<M: Taken<B, Data = T>, T, B>(message: &mut Message<T, B>) -> &mut M {
        M::lend(message)
    }

    /// The producer of one stage.
    ///
    /// # Errors
    /// None: those of `module` are its own.
    pub fn emits<T: EmittedAs<P::Data>, P: Producer>(source: Source<P>) -> Result<BoxProducer<T>> {
        source.emits()
    }
}

impl Read<false> {
    /// The one error about what is no message.
    pub fn lend<M: Lent, T, B>(_: &mut Message<T, B>) -> &mut M {
        unreachable!("what is no message does not compile")
    }

    /// Nothing is said about a producer of what is no message.
    ///
    /// # Errors
    /// None: it is never called.
    pub fn emits<T, P: Producer>(_: Source<P>) -> Result<BoxProducer<T>> {
        unreachable!("what is no message does not compile")
    }
}
