//! Any iterator as a producer: it gives what is asked for, and finishes with its end.

use async_trait::async_trait;

use super::{Incoming, Next, Outbox, Producer};
use crate::error::Result;

/// A producer of an iterator's items. Its messages need no acknowledgement.
#[derive(Debug, Clone)]
pub struct FromIter<I>(I);

/// Makes a producer of an iterator. Each producer stage runs through an iterator of its own.
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
