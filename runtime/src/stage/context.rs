//! What an instance is told of its own stage.

use std::{fmt, sync::Arc};

use super::{
    Reason,
    port::{Order, Port},
};

/// What can be ordered of a stage, whatever it gives.
pub(crate) trait Orders: Send + Sync {
    fn order(&self, order: Order);

    /// The last handle was dropped.
    fn out_of_reach(&self);
}

impl<T: Send> Orders for Port<T> {
    fn order(&self, order: Order) {
        self.order(order);
    }

    fn out_of_reach(&self) {
        self.change(|standing| standing.unreachable = true);
    }
}

/// A consumer's, or producer-consumer's, own stage. It may be kept and cloned; it is no handle, so it keeps no stage alive.
///
/// ```
/// use broadway::{
///     Next, Result,
///     stage::{self, Consumer, Reason, StageContext, Subscription, from_iter},
/// };
///
/// /// Ends as soon as it sees a 7.
/// struct Lucky(Option<StageContext>);
///
/// impl Consumer for Lucky {
///     type Event = u64;
///
///     async fn init(&mut self, context: &StageContext) -> Result<()> {
///         assert_eq!(context.name(), "lucky");
///         self.0 = Some(context.clone());
///         Ok(())
///     }
///
///     async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
///         if events.contains(&7) {
///             self.0.iter().for_each(|context| context.end(Reason::Stopped));
///         }
///         Ok(Next::More)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let numbers = stage::producer(from_iter(0..)).start().await?;
/// let lucky = stage::consumer(Lucky(None)).name("lucky").subscribe_to(&numbers).start().await?;
/// assert_eq!(lucky.ended().await, Reason::Stopped);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StageContext {
    name: Arc<str>,
    orders: Arc<dyn Orders>,
}

impl StageContext {
    pub(crate) fn new(name: Arc<str>, orders: Arc<dyn Orders>) -> Self {
        Self { name, orders }
    }

    /// The stage's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends the stage, for that reason, when the callback under way has returned. What it was sent and has not handled is
    /// discarded.
    pub fn end(&self, reason: Reason) {
        self.orders.order(Order::End(reason));
    }
}

impl fmt::Debug for StageContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageContext").field("name", &self.name).finish_non_exhaustive()
    }
}
