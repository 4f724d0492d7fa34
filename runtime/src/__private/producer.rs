//! `module`: what is a producer, and one of the right type.

use crate::{
    error::{Error, Result},
    handler::BoxProducer,
    stage::{Producer, transform},
};

/// Whether what a producer emits is what `handle_message` takes.
#[diagnostic::on_unimplemented(
    message = "the producer emits `{Self}`, but `handle_message` takes a message of `{T}`",
    label = "emits `{Self}`",
    note = "change the type of the message, or convert with `transformer = f`, where `f` is a function from `{Self}` to `Result<{T}, E>`"
)]
pub trait Emits<T>: Sized {
    /// The producer, boxed.
    fn boxed(producer: impl Producer<Data = Self>) -> BoxProducer<T>;
}

impl<T: Send + 'static> Emits<T> for T {
    fn boxed(producer: impl Producer<Data = T>) -> BoxProducer<T> {
        Box::new(producer)
    }
}

/// The producer of one stage.
pub fn boxed<T, P: Producer>(producer: P) -> BoxProducer<T>
where
    P::Data: Emits<T>,
{
    P::Data::boxed(producer)
}

/// The producer of one stage, whose messages are converted.
pub fn transformed<T, P, F, E>(producer: P, transformer: F) -> BoxProducer<T>
where
    P: Producer,
    F: Fn(P::Data) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Into<Error> + 'static,
{
    Box::new(transform(producer, transformer))
}
