//! Any iterator as a producer: it gives what is asked for, and finishes with its end.

use async_trait::async_trait;

use super::{Incoming, Next, Outbox, Producer};
use crate::error::Result;

/// A producer of an iterator's items. Its messages need no acknowledgement.
///
/// Made by [`from_iter`], which has an example.
#[derive(Debug, Clone)]
pub struct FromIter<I>(I);

/// Makes a producer of an iterator. Each producer stage runs through an iterator of its own.
///
/// ```
/// # use broadway::Builder;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// use broadway::stage::from_iter;
///
/// let pipeline = Builder::<&str, ()>::new("words", |_| from_iter(["a", "b", "c"]), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
/// assert_eq!(pipeline.wait().await?.acknowledged, 3);
/// # Ok(())
/// # }
/// ```
pub fn from_iter<I>(items: I) -> FromIter<I::IntoIter>
where
    I: IntoIterator,
{
    FromIter(items.into_iter())
}

#[async_trait]
impl<I> Producer for FromIter<I>
where
    I: Iterator + Send + 'static,
    I::Item: Send + 'static,
{
    type Data = I::Item;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<I::Item>) -> Result<Next> {
        out.extend(self.0.by_ref().take(demand).map(Incoming::new));
        Ok(if out.len() < demand { Next::Finished } else { Next::More })
    }
}
