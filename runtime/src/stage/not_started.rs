//! Why a stage did not start.

use std::{fmt, sync::Arc};

use crate::error::Error;

/// Why a stage did not start.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # use broadway::{Next, Outbox, Producer, ProducerContext, Result, ResultExt, async_trait};
/// use broadway::stage;
///
/// struct Nowhere;
///
/// #[async_trait]
/// impl Producer for Nowhere {
///     type Data = u64;
///
///     async fn init(&mut self, _: &mut ProducerContext) -> Result<()> {
///         Ok(Err("no such queue").permanent()?)
///     }
///
///     async fn handle_demand(&mut self, _: usize, _: &mut Outbox<u64>) -> Result<Next> {
///         Ok(Next::Finished)
///     }
/// }
///
/// let error = stage::producer(Nowhere).name("orders").start().await.unwrap_err();
/// assert_eq!(error.to_string(), "stage `orders` did not start: no such queue");
/// # }
/// ```
#[derive(Debug)]
pub struct NotStarted {
    pub(super) stage: Arc<str>,
    pub(super) reason: Error,
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage `{}` did not start: {}", self.stage, self.reason)
    }
}

impl std::error::Error for NotStarted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.reason)
    }
}
