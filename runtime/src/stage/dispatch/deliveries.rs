//! What a dispatcher sends.

use super::SubscriptionId;

/// What a dispatcher sends.
///
/// [`Dispatcher`](super::Dispatcher) has an example.
#[derive(Debug)]
pub struct Deliveries<T> {
    sent: Vec<(SubscriptionId, Vec<T>)>,
    refused: usize,
}

impl<T> Default for Deliveries<T> {
    fn default() -> Self {
        Self { sent: Vec::new(), refused: 0 }
    }
}

impl<T> Deliveries<T> {
    /// Sends a subscription events, in this order, as one list. No events, no list.
    pub fn send(&mut self, to: SubscriptionId, events: Vec<T>) {
        if !events.is_empty() {
            self.sent.push((to, events));
        }
    }

    /// Counts events that nobody gets: they are in the stage's `refused`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use std::collections::VecDeque;
    ///
    /// use broadway::stage::{self, Deliveries, Dispatcher, Refused, SubscriptionId, Terms, from_iter, to};
    /// use futures::TryStreamExt;
    ///
    /// /// For one display: of what has come, it shows the newest.
    /// #[derive(Default)]
    /// struct Newest(Option<(SubscriptionId, usize)>);
    ///
    /// impl<T> Dispatcher<T> for Newest {
    ///     fn subscribe(&mut self, id: SubscriptionId, _: Terms<T>) -> Result<(), Refused> {
    ///         match self.0 {
    ///             Some(_) => Err(Refused::new("there is a display already")),
    ///             None => Ok(self.0 = Some((id, 0))),
    ///         }
    ///     }
    ///
    ///     fn cancel(&mut self, id: SubscriptionId) {
    ///         self.0.take_if(|(display, _)| *display == id);
    ///     }
    ///
    ///     fn ask(&mut self, id: SubscriptionId, demand: usize) {
    ///         self.0.iter_mut().filter(|(display, _)| *display == id).for_each(|(_, open)| *open += demand);
    ///     }
    ///
    ///     fn demand(&self) -> usize {
    ///         self.0.map_or(0, |(_, open)| open)
    ///     }
    ///
    ///     fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
    ///         let Some((display, open)) = self.0.as_mut().filter(|(_, open)| *open > 0) else { return };
    ///         let Some(newest) = events.pop_back() else { return };
    ///         out.refuse(events.drain(..).count());
    ///         out.send(*display, vec![newest]);
    ///         *open -= 1;
    ///     }
    /// }
    ///
    /// let readings = stage::producer(from_iter(1..=100)).dispatcher(Newest::default()).start().await?;
    /// let shown: Vec<u64> = stage::stream([to(&readings).max_demand(10)])?.try_collect().await?;
    /// assert_eq!(shown.last(), Some(&100));
    /// assert_eq!(shown.len() as u64 + readings.counts().refused, 100);
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse(&mut self, events: usize) {
        self.refused += events;
    }

    /// Takes what was sent so far.
    pub fn take(&mut self) -> Vec<(SubscriptionId, Vec<T>)> {
        std::mem::take(&mut self.sent)
    }

    pub(crate) fn drain(&mut self) -> std::vec::Drain<'_, (SubscriptionId, Vec<T>)> {
        self.sent.drain(..)
    }

    pub(crate) fn take_refused(&mut self) -> usize {
        std::mem::take(&mut self.refused)
    }
}
