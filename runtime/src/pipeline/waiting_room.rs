//! Where what failed waits for its next attempt, and what may not overtake it is parked behind it. A room is one stage's
//! own; the rooms of a layer share one [`Budget`]. A room that holds more than was paid for is over: its stage takes
//! nothing new. Dropping the room releases what is in it.

use std::{
    collections::{BinaryHeap, HashMap, VecDeque},
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

/// How many messages of a layer may wait: `max_waiting`.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    taken: AtomicUsize,
    freed: Notify,
}

impl Budget {
    pub(crate) fn new(most: u64) -> Arc<Self> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Arc::new(Self { most, taken: AtomicUsize::new(0), freed: Notify::new() })
    }

    /// How many messages wait that were paid for.
    #[cfg(feature = "testing")]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }

    /// Takes up to `n`, and says how many.
    fn take(&self, n: usize) -> usize {
        let mut got = 0;
        let take = |taken: usize| {
            got = n.min(self.most - taken.min(self.most));
            Some(taken + got)
        };
        // It always succeeds.
        let _ = self.taken.fetch_update(SeqCst, SeqCst, take);
        got
    }

    fn give(&self, n: usize) {
        if n > 0 {
            self.taken.fetch_sub(n, SeqCst);
            self.freed.notify_waiters();
        }
    }

    /// Whether something was given back since this was called and enabled.
    pub(crate) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }
}

pub(crate) struct WaitingRoom<K, T> {
    pub(crate) budget: Arc<Budget>,
    weight: fn(&T) -> usize,
    waiting: BinaryHeap<Waiting<K, T>>,
    /// Keys of which something waits, or is parked.
    keys: HashMap<K, Behind<T>>,
    /// Keys whose first is through, and that have others parked.
    ready: VecDeque<K>,
    sequence: u64,
    held: usize,
    paid: usize,
}

/// What is behind the one that waits.
struct Behind<T> {
    waits: bool,
    ready: bool,
    /// The one that waited was released: what comes later is released as well, so that order is kept.
    given_up: bool,
    parked: VecDeque<T>,
}

/// One that waits; the greatest is due first.
struct Waiting<K, T> {
    due: Instant,
    sequence: u64,
    key: Option<K>,
    item: T,
}

impl<K: Eq + Hash + Clone, T> WaitingRoom<K, T> {
    /// `weight` is how many messages an item is.
    pub(crate) fn new(budget: Arc<Budget>, weight: fn(&T) -> usize) -> Self {
        let (waiting, keys, ready) = (BinaryHeap::new(), HashMap::new(), VecDeque::new());
        Self { budget, weight, waiting, keys, ready, sequence: 0, held: 0, paid: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Pays for what was added, as far as the budget goes, and gives back what is no longer needed. Whether the room holds
    /// more than that.
    pub(crate) fn is_over(&mut self) -> bool {
        if self.paid < self.held {
            self.paid += self.budget.take(self.held - self.paid);
        }
        self.held > self.paid
    }

    /// Nothing of the room is in hand any more: what was taken out of it is free for others.
    pub(crate) fn give_back(&mut self) {
        if self.paid > self.held {
            self.budget.give(self.paid - self.held);
            self.paid = self.held;
        }
    }

    /// Lets an item wait until it is due. What has its key has to be parked from here on.
    pub(crate) fn wait(&mut self, item: T, key: Option<K>, due: Instant) {
        self.held += (self.weight)(&item);
        self.sequence += 1;
        if let Some(key) = &key {
            self.behind(key).waits = true;
        }
        self.waiting.push(Waiting { due, sequence: self.sequence, key, item });
    }

    /// Whether something of that key waits or is parked.
    pub(crate) fn holds(&self, key: &K) -> bool {
        self.keys.contains_key(key)
    }

    /// Whether nothing is held up by a key.
    pub(crate) fn holds_no_key(&self) -> bool {
        self.keys.is_empty()
    }

    /// Parks what has come behind all that is parked. Behind one that was given up it is released.
    pub(crate) fn park(&mut self, item: T, key: &K) {
        let weight = (self.weight)(&item);
        let behind = self.behind(key);
        if !behind.given_up {
            behind.parked.push_back(item);
            self.held += weight;
        }
    }

    /// Parks what was in hand before all that is parked.
    pub(crate) fn park_first(&mut self, item: T, key: &K) {
        self.held += (self.weight)(&item);
        self.behind(key).parked.push_front(item);
    }

    /// Takes what is parked behind the one of that key, to be [`restore`](Self::restore)d.
    pub(crate) fn parked(&mut self, key: &K) -> VecDeque<T> {
        self.keys.get_mut(key).map(|behind| std::mem::take(&mut behind.parked)).unwrap_or_default()
    }

    pub(crate) fn restore(&mut self, key: &K, parked: VecDeque<T>) {
        if !parked.is_empty() {
            self.behind(key).parked = parked;
        }
    }

    fn behind(&mut self, key: &K) -> &mut Behind<T> {
        let new = || Behind { waits: false, ready: false, given_up: false, parked: VecDeque::new() };
        self.keys.entry(key.clone()).or_insert_with(new)
    }

    /// When the next one is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.waiting.peek().map(|waiting| waiting.due)
    }

    /// Takes one that is due by then; afterwards [`go_on`](Self::go_on) is called for its key.
    pub(crate) fn take_due(&mut self, by: Option<Instant>) -> Option<(T, Option<K>)> {
        if by.is_some_and(|by| self.next_due().is_none_or(|due| due > by)) {
            return None;
        }
        let Waiting { key, item, .. } = self.waiting.pop()?;
        if let Some(key) = &key {
            self.behind(key).waits = false;
        }
        self.held -= (self.weight)(&item);
        Some((item, key))
    }

    /// Takes one that was parked behind one that is through; afterwards [`go_on`](Self::go_on) is called for its key.
    pub(crate) fn take_parked(&mut self) -> Option<(T, K)> {
        loop {
            let key = self.ready.front()?.clone();
            if let Some(item) = self.behind(&key).parked.pop_front() {
                self.held -= (self.weight)(&item);
                return Some((item, key));
            }
            self.ready.pop_front();
            self.behind(&key).ready = false;
            self.go_on(&key);
        }
    }

    /// One of that key is through, or waits again: then the others stay parked.
    pub(crate) fn go_on(&mut self, key: &K) {
        let Some(behind) = self.keys.get_mut(key) else { return };
        if behind.waits || behind.given_up {
            if std::mem::take(&mut behind.ready) {
                self.ready.retain(|ready| ready != key);
            }
        } else if behind.parked.is_empty() {
            if !behind.ready {
                self.keys.remove(key);
            }
        } else if !std::mem::replace(&mut behind.ready, true) {
            self.ready.push_back(key.clone());
        }
    }

    /// One of that key was released, and so is what is parked behind it and what comes later.
    pub(crate) fn give_up(&mut self, key: &K) {
        let behind = self.behind(key);
        behind.given_up = true;
        let parked = std::mem::take(&mut behind.parked);
        self.held -= parked.iter().map(|item| (self.weight)(item)).sum::<usize>();
        self.go_on(key);
    }
}

impl<K, T> Drop for WaitingRoom<K, T> {
    fn drop(&mut self) {
        self.budget.give(self.paid);
    }
}

impl<K, T> Ord for Waiting<K, T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.due, other.sequence).cmp(&(self.due, self.sequence))
    }
}

impl<K, T> PartialOrd for Waiting<K, T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K, T> PartialEq for Waiting<K, T> {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl<K, T> Eq for Waiting<K, T> {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn room(budget: &Arc<Budget>) -> WaitingRoom<u64, &'static str> {
        WaitingRoom::new(budget.clone(), |_| 1)
    }

    #[test]
    fn what_is_parked_comes_in_order_after_the_one_that_waits() {
        let (mut room, now) = (room(&Budget::new(10)), Instant::now());
        room.wait("a1", Some(1), now + Duration::from_secs(2));
        room.wait("b1", Some(2), now + Duration::from_secs(1));
        assert!(room.holds(&1) && room.holds(&2) && !room.holds(&3));
        room.park("a3", &1);
        room.park_first("a2", &1);
        assert_eq!(room.take_due(Some(now)), None);
        assert_eq!(room.take_due(None), Some(("b1", Some(2))));
        room.go_on(&2);
        assert!(!room.holds(&2));
        assert_eq!(room.take_parked(), None, "a1 still waits");
        assert_eq!(room.take_due(None), Some(("a1", Some(1))));
        room.wait("a1", Some(1), now);
        room.go_on(&1);
        assert_eq!(room.take_parked(), None, "a1 waits again");
        assert_eq!(room.take_due(None), Some(("a1", Some(1))));
        room.go_on(&1);
        assert_eq!(room.take_parked(), Some(("a2", 1)));
        room.wait("a2", Some(1), now);
        room.go_on(&1);
        assert_eq!(room.take_parked(), None, "a2 waits");
        assert_eq!(room.take_due(None), Some(("a2", Some(1))));
        room.go_on(&1);
        assert_eq!(room.take_parked(), Some(("a3", 1)));
        room.go_on(&1);
        assert_eq!(room.take_parked(), None);
        assert!(room.is_empty() && !room.holds(&1));
    }

    #[test]
    fn behind_one_that_was_given_up_everything_is_released() {
        let (mut room, now) = (room(&Budget::new(10)), Instant::now());
        room.wait("a1", Some(1), now);
        room.park("a2", &1);
        assert!(room.take_due(None).is_some());
        room.give_up(&1);
        room.park("a3", &1);
        assert!(room.is_empty() && room.holds(&1) && room.take_parked().is_none());
    }

    #[test]
    fn rooms_share_a_budget_and_the_one_without_is_over() {
        let (budget, now) = (Budget::new(2), Instant::now());
        let (mut one, mut other) = (room(&budget), room(&budget));
        one.wait("1", None, now);
        one.wait("2", None, now);
        other.wait("3", None, now);
        assert!(!one.is_over());
        assert!(other.is_over());
        one.take_due(None);
        assert!(other.is_over(), "what is in hand is not given back");
        one.give_back();
        assert!(!other.is_over());
        drop(one);
        other.wait("4", None, now);
        assert!(!other.is_over());
    }
}
