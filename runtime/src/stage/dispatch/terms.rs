//! What a subscription says to its producer's dispatcher.

use std::fmt;

use super::Refused;

/// What a subscription says to the dispatcher of its producer. One that does not know what it says refuses it.
///
/// ```
/// use broadway::stage::{Demand, Dispatcher, Partition, SubscriptionId, Terms};
///
/// let of_europe = || Terms { partition: Some("eu".into()), ..Terms::default() };
/// let mut partition = Partition::new(["eu", "us"], |order: &(&'static str, u64)| Some(order.0));
/// partition.subscribe(SubscriptionId::new(), of_europe())?;
/// let refused = Dispatcher::<(&str, u64)>::subscribe(&mut Demand::new(), SubscriptionId::new(), of_europe());
/// let why = "the `demand` dispatcher has no partitions, leave `partition` out";
/// assert_eq!(refused.unwrap_err().to_string(), why);
/// # Ok::<(), broadway::stage::Refused>(())
/// ```
pub struct Terms<T> {
    /// The partition that it takes.
    pub partition: Option<String>,
    /// Which events it wants.
    pub selector: Option<Selector<T>>,
}

/// Says of an event whether a subscription wants it.
///
/// ```
/// use broadway::stage::{Selector, Terms};
///
/// fn above(limit: i32) -> Selector<i32> {
///     Box::new(move |degrees| *degrees > limit)
/// }
///
/// let terms = Terms { selector: Some(above(80)), ..Terms::default() };
/// let wants = terms.selector.as_ref().unwrap();
/// assert_eq!([19, 84, 80].map(|degrees| wants(&degrees)), [false, true, false]);
/// ```
pub type Selector<T> = Box<dyn Fn(&T) -> bool + Send>;

impl<T> Default for Terms<T> {
    fn default() -> Self {
        Self { partition: None, selector: None }
    }
}

impl<T> fmt::Debug for Terms<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let selector = self.selector.as_ref().map(|_| "..");
        f.debug_struct("Terms").field("partition", &self.partition).field("selector", &selector).finish()
    }
}

impl<T> Terms<T> {
    /// Refuses what a dispatcher of that name does not know.
    pub(super) fn only(&self, dispatcher: &str, partition: bool, selector: bool) -> Result<(), Refused> {
        if self.partition.is_some() && !partition {
            return Err(Refused::new(format!(
                "the `{dispatcher}` dispatcher has no partitions, leave `partition` out"
            )));
        }
        if self.selector.is_some() && !selector {
            return Err(Refused::new(format!(
                "the `{dispatcher}` dispatcher does not select, leave `selector` out or use `Broadcast`"
            )));
        }
        Ok(())
    }
}
