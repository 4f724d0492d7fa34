//! The batches of one batcher that have not left: found by key, ordered by age. A batch is open (it fills), due (it may
//! leave and still fills) or full. All have the same time-out, so the oldest open batch is always the next one due.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::Duration,
};

use tokio::time::Instant;

use super::processor::Handled;
use crate::{
    batch::{MessageOf, Trigger},
    batch_key::BatchKey,
    handler::Broadway,
    message::BatchMode,
};

/// What a batch's messages have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) batch_key: BatchKey,
    pub(crate) partition: Option<usize>,
}

/// A batch that may leave.
pub(crate) struct Leaving<P: Broadway> {
    pub(crate) key: Key,
    pub(crate) messages: Vec<MessageOf<P>>,
    pub(crate) outputs: Vec<P::Output>,
    pub(crate) trigger: Trigger,
}

struct Forming<P: Broadway> {
    key: Key,
    messages: Vec<MessageOf<P>>,
    outputs: Vec<P::Output>,
    due_at: Instant,
    /// Set as soon as the batch may leave.
    trigger: Option<Trigger>,
    flush: bool,
    /// Neighbours by age among the open batches.
    older: usize,
    younger: usize,
}

/// The end of the list of open batches, and of the list of free places.
const NONE: usize = usize::MAX;

pub(crate) struct Pending<P: Broadway> {
    size: usize,
    timeout: Duration,
    places: Vec<Option<Forming<P>>>,
    free: Vec<usize>,
    /// Batches that still fill, by key.
    filling: HashMap<Key, usize>,
    /// The batch that was added to last: most messages follow one of their own key.
    last: usize,
    oldest: usize,
    youngest: usize,
    /// Batches that may leave, in the order in which they became ready; one list for each way out.
    ready: Vec<VecDeque<usize>>,
    /// Batches with a message that asked to flush, in the take that is walked now.
    flushing: Vec<usize>,
    held: usize,
}

impl<P: Broadway> Pending<P> {
    /// `outlets` is how many ways out there are: one for all batches, or one for each partition.
    pub(crate) fn new(size: usize, timeout: Duration, outlets: usize) -> Self {
        Self {
            size,
            timeout,
            places: Vec::new(),
            free: Vec::new(),
            filling: HashMap::new(),
            last: NONE,
            oldest: NONE,
            youngest: NONE,
            ready: (0..outlets).map(|_| VecDeque::new()).collect(),
            flushing: Vec::new(),
            held: 0,
        }
    }

    /// Messages in all batches.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Adds a message to the batch of its key.
    pub(crate) fn add(&mut self, handled: Handled<P>, now: Instant) {
        let Handled { mut message, output, partition } = handled;
        let partition = partition.map(|value| (value % self.ready.len() as u64) as usize);
        let key = Key { batch_key: std::mem::take(&mut message.batch_key), partition };
        let index = self.find_or_open(key, now);
        let Some(forming) = &mut self.places[index] else { return };
        if message.batch_mode == BatchMode::Flush && !forming.flush {
            forming.flush = true;
            self.flushing.push(index);
        }
        forming.messages.push(message);
        forming.outputs.push(output);
        self.held += 1;
        if forming.messages.len() >= self.size {
            self.fill(index);
        }
    }

    /// Ends a take: batches with a flush message may leave.
    pub(crate) fn flush(&mut self) {
        for index in std::mem::take(&mut self.flushing) {
            if let Some(forming) = &mut self.places[index] {
                forming.flush = false;
                if forming.trigger.is_none() {
                    self.make_ready(index, Trigger::Flush);
                }
            }
        }
    }

    /// All open batches may leave, oldest first: the pipeline drains.
    pub(crate) fn flush_all(&mut self) {
        while self.oldest != NONE {
            self.make_ready(self.oldest, Trigger::Flush);
        }
    }

    /// Batches whose time is up may leave.
    pub(crate) fn expire(&mut self, now: Instant) {
        while self.next_due().is_some_and(|due| due <= now) {
            self.make_ready(self.oldest, Trigger::Timeout);
        }
    }

    /// The oldest open batch may leave, because too much waits.
    pub(crate) fn press(&mut self) {
        if self.oldest != NONE {
            self.make_ready(self.oldest, Trigger::Pressure);
        }
    }

    /// When the next open batch is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let forming = self.places.get(self.oldest)?.as_ref()?;
        Some(forming.due_at)
    }

    pub(crate) fn is_ready(&self, outlet: usize) -> bool {
        !self.ready[outlet].is_empty()
    }

    /// The batches that may leave, for each way out.
    pub(crate) fn ready(&self) -> &[VecDeque<usize>] {
        &self.ready
    }

    pub(crate) fn any_ready(&self) -> bool {
        self.ready.iter().any(|ready| !ready.is_empty())
    }

    /// The batch that has been ready longest for that way out.
    pub(crate) fn pop(&mut self, outlet: usize) -> Option<Leaving<P>> {
        let index = self.ready[outlet].pop_front()?;
        let forming = self.places[index].take()?;
        self.free.push(index);
        if forming.messages.len() < self.size {
            self.stop_filling(index, &forming.key);
        }
        self.held -= forming.messages.len();
        let Forming { key, messages, outputs, trigger, .. } = forming;
        Some(Leaving { key, messages, outputs, trigger: trigger.unwrap_or(Trigger::Size) })
    }

    fn find_or_open(&mut self, key: Key, now: Instant) -> usize {
        if let Some(Some(forming)) = self.places.get(self.last)
            && forming.messages.len() < self.size
            && forming.key == key
        {
            return self.last;
        }
        self.last = match self.filling.get(&key) {
            Some(index) => *index,
            None => self.open(key, now),
        };
        self.last
    }

    fn open(&mut self, key: Key, now: Instant) -> usize {
        let forming = Forming {
            key: key.clone(),
            messages: Vec::with_capacity(self.size.min(1024)),
            outputs: Vec::with_capacity(self.size.min(1024)),
            due_at: now + self.timeout,
            trigger: None,
            flush: false,
            older: self.youngest,
            younger: NONE,
        };
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[index] = Some(forming);
        self.filling.insert(key, index);
        match self.neighbour(self.youngest) {
            Some(youngest) => youngest.younger = index,
            None => self.oldest = index,
        }
        self.youngest = index;
        index
    }

    fn neighbour(&mut self, index: usize) -> Option<&mut Forming<P>> {
        self.places.get_mut(index)?.as_mut()
    }

    /// A batch is full: the next message of its key opens another.
    fn fill(&mut self, index: usize) {
        let Some(forming) = &self.places[index] else { return };
        let (key, open) = (forming.key.clone(), forming.trigger.is_none());
        self.stop_filling(index, &key);
        if open {
            self.make_ready(index, Trigger::Size);
        }
    }

    fn stop_filling(&mut self, index: usize, key: &Key) {
        self.filling.remove(key);
        if self.last == index {
            self.last = NONE;
        }
    }

    /// Moves a batch from the open ones to the ready ones.
    fn make_ready(&mut self, index: usize, trigger: Trigger) {
        let Some(forming) = &mut self.places[index] else { return };
        forming.trigger = Some(trigger);
        let (older, younger) = (forming.older, forming.younger);
        let outlet = forming.key.partition.unwrap_or(0);
        match self.neighbour(older) {
            Some(older) => older.younger = younger,
            None => self.oldest = younger,
        }
        match self.neighbour(younger) {
            Some(younger) => younger.older = older,
            None => self.youngest = older,
        }
        self.ready[outlet].push_back(index);
    }
}
