//! Each event to the subscription of its partition. Invariant: what is for a partition that is busy is held for it, in
//! order, whoever comes and goes; and no more is held than the partitions' subscriptions have room for in all.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{Deliveries, Dispatcher, Refused, SubscriptionId, Terms};

/// Sends each event to the subscription of its partition. Every partition has one subscription; it names the partition.
///
/// An event for a partition that is busy, or that nobody has subscribed to yet, is held for it, so that the others go on.
/// The bound of what is held is the sum of the largest demands that the partitions' subscriptions have had (with two of
/// `max_demand` 10: 20 events), or [`hold`](Self::hold). An idle partition goes on until so many events are held for busy
/// ones; then the source has to wait for those. A subscription that ends leaves what is held to the next one.
///
/// ```
/// use std::collections::VecDeque;
///
/// use broadway::stage::{Deliveries, Dispatcher, Partition, SubscriptionId, Terms};
///
/// let by_parity = |n: &u64| Some(if n % 2 == 0 { "even" } else { "odd" });
/// let mut partition = Partition::new(["even", "odd"], by_parity);
/// let odd = SubscriptionId::new();
/// partition.subscribe(odd, Terms { partition: Some("odd".into()), ..Terms::default() })?;
/// partition.ask(odd, 10);
/// let (mut events, mut out) = ((0..6).collect::<VecDeque<u64>>(), Deliveries::default());
/// partition.dispatch(&mut events, &mut out);
/// assert_eq!(out.take(), [(odd, vec![1, 3, 5])]);
/// assert_eq!((partition.held(), partition.oldest_held()), (3, Some(0)));
///
/// let refused = partition.subscribe(SubscriptionId::new(), Terms { partition: Some("prime".into()), ..Terms::default() });
/// assert_eq!(refused.unwrap_err().to_string(), "there is no partition `prime`, there are `even` and `odd`");
/// # Ok::<(), broadway::stage::Refused>(())
/// ```
pub struct Partition<T, K> {
    index: BTreeMap<K, usize>,
    of: Of<T, K>,
    lanes: Vec<Lane<T>>,
    held: usize,
    hold: Option<usize>,
    /// Events that were taken so far.
    taken: u64,
}

/// To which partition an event belongs.
type Of<T, K> = Box<dyn Fn(&T) -> Option<K> + Send>;

/// One partition.
struct Lane<T> {
    name: String,
    subscriber: Option<SubscriptionId>,
    open: usize,
    /// The most that was open at once.
    window: usize,
    /// What waits for it, with the place at which it was taken.
    waiting: VecDeque<(u64, T)>,
    /// What this dispatch sends.
    now: Vec<T>,
}

impl<T: Hash> Partition<T, usize> {
    /// Partitions 0 to `partitions - 1`, by the hash of the whole event: the same in each run of the same program.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// use std::collections::HashSet;
    ///
    /// use broadway::stage::{self, Partition, from_iter, to};
    /// use futures::TryStreamExt;
    ///
    /// let words = from_iter("to be or not to be that is the question".split(' '));
    /// let words = stage::producer(words).dispatcher(Partition::by_hash(2)).start().await?;
    /// let (first, second) = (stage::stream([to(&words).partition(0)])?, stage::stream([to(&words).partition(1)])?);
    /// let (first, second): (Vec<&str>, Vec<&str>) = tokio::try_join!(first.try_collect(), second.try_collect())?;
    /// assert_eq!(first.len() + second.len(), 10);
    /// let distinct = |words: Vec<&'static str>| words.into_iter().collect::<HashSet<_>>();
    /// assert!(distinct(first).is_disjoint(&distinct(second))); // both `be` went the same way
    /// # Ok(())
    /// # }
    /// ```
    pub fn by_hash(partitions: usize) -> Self {
        Self::new(0..partitions, move |event: &T| {
            let mut hasher = DefaultHasher::new();
            event.hash(&mut hasher);
            Some((hasher.finish() % partitions.max(1) as u64) as usize)
        })
    }
}

impl<T, K: Ord + fmt::Display> Partition<T, K> {
    /// These partitions; `of` says to which an event belongs, or to none: such events go nowhere, and are counted as
    /// refused. So are those of a partition that there is not. A subscription names its partition as it is displayed.
    pub fn new(partitions: impl IntoIterator<Item = K>, of: impl Fn(&T) -> Option<K> + Send + 'static) -> Self {
        let (mut lanes, mut index) = (Vec::new(), BTreeMap::new());
        for key in partitions {
            let name = key.to_string();
            if index.insert(key, lanes.len()).is_none() {
                let (waiting, now) = (VecDeque::new(), Vec::new());
                lanes.push(Lane { name, subscriber: None, open: 0, window: 0, waiting, now });
            }
        }
        Self { index, of: Box::new(of), lanes, held: 0, hold: None, taken: 0 }
    }

    /// How many events are held for busy partitions, all together: at least 1. By default the sum of the largest demands.
    ///
    /// ```
    /// use std::collections::VecDeque;
    ///
    /// use broadway::stage::{Deliveries, Dispatcher, Partition, SubscriptionId, Terms};
    ///
    /// let mut parity = Partition::new([0, 1], |n: &u64| Some(n % 2)).hold(2);
    /// let even = SubscriptionId::new();
    /// parity.subscribe(even, Terms { partition: Some("0".into()), ..Terms::default() })?;
    /// parity.ask(even, 100);
    /// let (mut events, mut out) = ((1..=9).collect::<VecDeque<u64>>(), Deliveries::default());
    /// parity.dispatch(&mut events, &mut out);
    /// assert_eq!(out.take(), [(even, vec![2])]);
    /// assert_eq!((parity.held(), parity.demand()), (2, 0)); // 1 and 3: no more is asked for until somebody takes them
    /// assert_eq!(events, [4, 5, 6, 7, 8, 9]);
    /// # Ok::<(), broadway::stage::Refused>(())
    /// ```
    pub fn hold(mut self, events: usize) -> Self {
        self.hold = Some(events.max(1));
        self
    }

    fn bound(&self) -> usize {
        self.hold.unwrap_or_else(|| self.lanes.iter().fold(0, |sum, lane| sum.saturating_add(lane.window)))
    }

    fn lane(&mut self, id: SubscriptionId) -> Option<&mut Lane<T>> {
        self.lanes.iter_mut().find(|lane| lane.subscriber == Some(id))
    }
}

impl<T, K> fmt::Debug for Partition<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.lanes.iter().map(|lane| (&lane.name, (lane.open, lane.waiting.len())))).finish()
    }
}

impl<T: Send, K: Ord + fmt::Display + Send> Dispatcher<T> for Partition<T, K> {
    fn subscribe(&mut self, id: SubscriptionId, terms: Terms<T>) -> Result<(), Refused> {
        terms.only("partition", true, false)?;
        let names = || {
            let names: Vec<String> = self.lanes.iter().map(|lane| format!("`{}`", lane.name)).collect();
            match names.split_last() {
                None => "none".to_owned(),
                Some((last, [])) => last.clone(),
                Some((last, others)) => format!("{} and {last}", others.join(", ")),
            }
        };
        let Some(wanted) = &terms.partition else {
            return Err(Refused::new(format!("say which `partition` it takes, there are {}", names())));
        };
        let Some(at) = self.lanes.iter().position(|lane| lane.name == *wanted) else {
            return Err(Refused::new(format!("there is no partition `{wanted}`, there are {}", names())));
        };
        let lane = &mut self.lanes[at];
        if lane.subscriber.is_some() {
            return Err(Refused::new(format!("the partition `{wanted}` is already taken by another subscription")));
        }
        (lane.subscriber, lane.open) = (Some(id), 0);
        Ok(())
    }

    fn cancel(&mut self, id: SubscriptionId) {
        if let Some(lane) = self.lane(id) {
            (lane.subscriber, lane.open) = (None, 0);
        }
    }

    fn ask(&mut self, id: SubscriptionId, demand: usize) {
        if let Some(lane) = self.lane(id) {
            lane.open = lane.open.saturating_add(demand);
            lane.window = lane.window.max(lane.open);
        }
    }

    fn demand(&self) -> usize {
        let open = self.lanes.iter().fold(0_usize, |sum, lane| sum.saturating_add(lane.open));
        open.min(self.bound().saturating_sub(self.held))
    }

    fn dispatch(&mut self, events: &mut VecDeque<T>, out: &mut Deliveries<T>) {
        for lane in &mut self.lanes {
            let n = lane.open.min(lane.waiting.len());
            lane.open -= n;
            self.held -= n;
            lane.now.extend(lane.waiting.drain(..n).map(|(_, event)| event));
        }
        let (mut open, bound) =
            (self.lanes.iter().fold(0_usize, |sum, lane| sum.saturating_add(lane.open)), self.bound());
        while open > 0
            && self.held < bound
            && let Some(event) = events.pop_front()
        {
            let place = self.taken;
            self.taken += 1;
            let Some(at) = (self.of)(&event).and_then(|key| self.index.get(&key)) else {
                out.refuse(1);
                continue;
            };
            let lane = &mut self.lanes[*at];
            if lane.open > 0 {
                (lane.open, open) = (lane.open - 1, open - 1);
                lane.now.push(event);
            } else {
                lane.waiting.push_back((place, event));
                self.held += 1;
            }
        }
        for lane in &mut self.lanes {
            if let Some(id) = lane.subscriber {
                out.send(id, std::mem::take(&mut lane.now));
            }
        }
    }

    fn held(&self) -> usize {
        self.held
    }

    fn oldest_held(&self) -> Option<u64> {
        self.lanes.iter().filter_map(|lane| lane.waiting.front().map(|(place, _)| *place)).min()
    }
}
