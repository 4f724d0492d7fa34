//! `module` and `transformer`: a producer of what `handle_message` takes.

use std::marker::PhantomData;

use super::outcome::Reason;
use crate::{
    error::Result,
    handler::BoxProducer,
    stage::{Producer, transform},
};

/// Whether what a producer emits is what `handle_message` takes.
#[diagnostic::on_unimplemented(
    message = "the producer emits `{X}`, but `handle_message` takes a message of `{Self}`",
    label = "emits `{X}`",
    note = "change the type of the message, or convert with `transformer = f`, where `f` is a function from `{X}` to `Result<{Self}, E>`"
)]
pub trait EmittedAs<X>: Sized {
    /// The producer, boxed.
    fn boxed(producer: impl Producer<Data = X>) -> BoxProducer<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> EmittedAs<T> for T {
    fn boxed(producer: impl Producer<Data = T>) -> BoxProducer<T> {
        Box::new(producer)
    }
}

/// Makes producers of `T`. The type of a producer that is generic over what it emits follows from it.
#[derive(Debug)]
pub struct ProducerOf<T>(PhantomData<T>);

impl<T> ProducerOf<T> {
    /// The producer of one stage.
    pub fn boxed<P: Producer>(producer: P) -> BoxProducer<T>
    where
        T: EmittedAs<P::Data>,
    {
        T::boxed(producer)
    }

    /// The producer of one stage, whose messages are converted.
    pub fn transformed<P, F, E>(producer: P, transformer: F) -> BoxProducer<T>
    where
        P: Producer,
        F: Fn(P::Data) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Reason + 'static,
    {
        Box::new(transform(producer, move |data| transformer(data).map_err(Reason::reason)))
    }
}
