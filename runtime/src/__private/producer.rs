//! `module` and `transformer`: a producer of what `handle_message` takes.

use super::outcome::Reason;
use crate::{
    error::Result,
    handler::BoxProducer,
    stage::{Producer, transform},
};

/// Whether what a producer emits is what `handle_message` takes.
// docs/errors.md: producer-of-other-data
#[diagnostic::on_unimplemented(
    message = "the producer emits `{X}`, but `handle_message` takes a message of `{Self}`",
    label = "a message of `{Self}`",
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

/// What `module` yields. Its type is known before it is asked what it emits, for the sake of the error.
#[derive(Debug)]
pub struct Source<P>(P);

impl<P> Source<P> {
    /// What `module` yields.
    pub fn new(producer: P) -> Self {
        Self(producer)
    }

    /// The producer of one stage. What a generic producer emits follows from `T`.
    ///
    /// # Errors
    /// None: those of `module` are its own.
    pub fn emits<T>(self) -> Result<BoxProducer<T>>
    where
        P: Producer,
        T: EmittedAs<P::Data>,
    {
        Ok(T::boxed(self.0))
    }
}

/// The producer of one stage, whose messages are converted.
///
/// # Errors
/// None: those of `module` are its own.
pub fn transformed<T, P, F, E>(producer: P, transformer: F) -> Result<BoxProducer<T>>
where
    P: Producer,
    F: Fn(P::Data) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Reason + 'static,
{
    Ok(Box::new(transform(producer, move |data| transformer(data).map_err(Reason::reason))))
}
