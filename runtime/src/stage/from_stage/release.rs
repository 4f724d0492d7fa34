//! What becomes of events that the producer holds when it is dropped.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::FromStage;
use crate::{
    stage::{Incoming, ProducerContext, Reason},
    telemetry::events,
};

/// Hands events to the acknowledger that `init` registered, as released.
pub(super) type Release<T, F> = fn(&mut ProducerContext, &mut F, VecDeque<T>);

/// What was not given on when the producer crashed, or was cut, is released where somebody is told of that, and told as
/// discarded where nobody is.
impl<T, F> Drop for FromStage<T, F> {
    fn drop(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        held.extend(self.inlet.end(&Reason::Stopped));
        let (false, Some(context), Some(release)) = (held.is_empty(), &mut self.context, self.release) else { return };
        if context.has_acknowledger() {
            // A drop does not panic, whatever `incoming` does.
            drop(catch_unwind(AssertUnwindSafe(|| release(context, &mut self.incoming, held))));
        } else {
            events::discarded(context.pipeline(), held.len());
        }
    }
}

/// A [`Release`].
pub(super) fn release<T, D, F: FnMut(T) -> Incoming<D>>(
    context: &mut ProducerContext,
    incoming: &mut F,
    held: VecDeque<T>,
) {
    let mut out = context.outbox();
    held.into_iter().for_each(|event| out.push(incoming(event)));
}
