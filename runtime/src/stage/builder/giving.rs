//! What every stage that gives has: a dispatcher and a buffer.

use std::sync::Arc;

use super::{ProducerBuilder, ProducerConsumerBuilder};
use crate::stage::{
    Demand, Dispatcher, Keep, Producer, ProducerConsumer,
    buffer::Buffer,
    counts::Counters,
    outlet::{OnDiscard, Outlet},
    port::{Port, Standing},
};

/// What the builder of a stage that gives knows.
pub(super) struct Giving<T> {
    pub(super) dispatcher: Box<dyn Dispatcher<T>>,
    pub(super) size: usize,
    pub(super) keep: Keep,
}

impl<T> Giving<T> {
    pub(super) fn new(size: usize) -> Self {
        Self { dispatcher: Box::new(Demand::new()), size, keep: Keep::default() }
    }

    pub(super) fn outlet(
        self,
        counters: Arc<Counters>,
        on_discard: OnDiscard,
        standing: Standing,
    ) -> (Arc<Port<T>>, Outlet<T>) {
        let port = Arc::new(Port::new(standing.clone()));
        let buffer = Buffer::new(self.size, self.keep);
        let outlet = Outlet::new(port.clone(), self.dispatcher, buffer, counters, on_discard, standing);
        (port, outlet)
    }
}

macro_rules! giving {
    ($($builder:ident<$of:ident: $bound:ident>;)+) => {$(
        impl<$of: $bound> $builder<$of> {
            /// Who gets which events; by default [`Demand`].
            ///
            /// [`To`](crate::stage::To) has an example with [`Partition`](crate::stage::Partition) and one with
            /// [`Broadcast`](crate::stage::Broadcast).
            pub fn dispatcher(mut self, dispatcher: impl Dispatcher<$of::Data> + 'static) -> Self {
                self.giving.dispatcher = Box::new(dispatcher);
                self
            }
        }
    )+};
}

giving! {
    ProducerBuilder<P: Producer>;
    ProducerConsumerBuilder<H: ProducerConsumer>;
}
