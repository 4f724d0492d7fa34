//! The batches of one batcher that have not left: found by key, ordered by age. A batch is open (it fills), due (it may
//! leave and still fills) or full. All have the same time-out, so the oldest open batch is always the next one due.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{handled::Handled, later::later, processor::caught};
use crate::{
    batch::{MessageOf, Trigger},
    batch_key::BatchKey,
    failure::Failure,
    handler::Broadway,
    message::BatchMode,
    splitter::{BoxSplitter, Split},
    stage::edge::Cargo,
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
    /// Since when.
    pub(crate) ready_at: u64,
}

struct Forming<P: Broadway> {
    key: Key,
    content: Handled<P>,
    due_at: Instant,
    /// Set as soon as the batch may leave.
    trigger: Option<Trigger>,
    ready_at: u64,
    flush: bool,
    /// Whether the next message of its key belongs to it.
    filling: bool,
    /// The state of this batch, once it has been asked.
    splitter: Option<Splits<P>>,
    /// Neighbours by age among the open batches.
    older: usize,
    younger: usize,
}

/// As many emptied buffers are kept.
const SPARES: usize = 16;

/// So many places in all are made before there are messages for them. With a key for each message, buffers of whole batches
/// would hold `max_pending` times `batch_size` places.
const PLACES_AHEAD: usize = 16_384;

/// No place: the end of a list.
const NONE: usize = usize::MAX;

/// What decides where a batch ends besides its size.
pub(crate) type Splits<P> = BoxSplitter<MessageOf<P>, <P as Broadway>::Output>;

pub(crate) struct Pending<P: Broadway> {
    /// The batcher's stage, for failures.
    stage: Arc<str>,
    size: usize,
    /// In its first state: each batch gets a clone.
    splitter: Option<Splits<P>>,
    timeout: Duration,
    places: Vec<Option<Forming<P>>>,
    /// Emptied buffers.
    spares: Vec<Handled<P>>,
    free: Vec<usize>,
    /// Batches that still fill, by key; the one of messages without a key and a partition is apart, found without hashing.
    filling: HashMap<Key, usize>,
    unkeyed: usize,
    oldest: usize,
    youngest: usize,
    /// Batches that may leave, in the order in which they became ready; one list for each way out.
    ready: Vec<VecDeque<usize>>,
    /// Batches with a message that asked to flush, in the take that is walked now.
    flushing: Vec<usize>,
    held: usize,
    /// The time of the take or the alarm, on the pipeline's clock.
    pub(crate) now: u64,
}

impl<P: Broadway> Pending<P> {
    /// `outlets` is how many ways out there are: one for all batches, or one for each partition.
    pub(crate) fn new(
        stage: Arc<str>,
        size: usize,
        timeout: Duration,
        outlets: usize,
        splitter: Option<Splits<P>>,
    ) -> Self {
        Self {
            stage,
            size,
            splitter,
            timeout,
            places: Vec::new(),
            spares: Vec::new(),
            free: Vec::new(),
            filling: HashMap::new(),
            unkeyed: NONE,
            oldest: NONE,
            youngest: NONE,
            ready: (0..outlets).map(|_| VecDeque::new()).collect(),
            flushing: Vec::new(),
            held: 0,
            now: 0,
        }
    }

    /// Messages in all batches.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Adds the messages of a chunk to the batches of their keys, a run of equal keys at a time.
    pub(crate) fn add(&mut self, chunk: &mut Handled<P>, now: Instant) {
        while let Some(first) = chunk.messages.first() {
            let partition = chunk.partitions.first().map(|value| (value % self.ready.len() as u64) as usize);
            let index = self.find_or_open(&first.batch_key, partition, now);
            let size = self.size;
            let Some(forming) = &mut self.places[index] else { return };
            let room = size - forming.content.len();
            let (mut run, mut flush) = run(chunk, room);
            let mut leaves = run == room;
            if let Some(fresh) = &self.splitter {
                (run, leaves) = split(fresh, forming, chunk, run, &self.stage);
                leaves |= run == room;
                flush = flush && chunk.messages[..run].iter().any(|message| message.batch_mode == BatchMode::Flush);
            }
            if flush && !forming.flush {
                forming.flush = true;
                self.flushing.push(index);
            }
            chunk.move_front(run, &mut forming.content);
            self.held += run;
            if leaves {
                self.fill(index);
            }
        }
    }

    /// Ends a take: batches with a flush message may leave, in the order in which these came.
    pub(crate) fn flush(&mut self) {
        let mut flushing = std::mem::take(&mut self.flushing);
        for index in flushing.drain(..) {
            if let Some(forming) = &mut self.places[index] {
                forming.flush = false;
                if forming.trigger.is_none() {
                    self.make_ready(index, Trigger::Flush);
                }
            }
        }
        self.flushing = flushing;
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

    /// Keeps the emptied buffers of a batch for another.
    pub(crate) fn recycle(&mut self, spare: Handled<P>) {
        if spare.has_room() && self.spares.len() < SPARES {
            self.spares.push(spare);
        }
    }

    /// When the next open batch is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let forming = self.places.get(self.oldest)?.as_ref()?;
        Some(forming.due_at)
    }

    /// The batches that may leave, for each way out.
    pub(crate) fn ready(&self) -> &[VecDeque<usize>] {
        &self.ready
    }

    pub(crate) fn any_ready(&self) -> bool {
        self.ready.iter().any(|ready| !ready.is_empty())
    }

    /// Whether the batch that has been ready longest for that way out is full; `None` if none is ready.
    pub(crate) fn is_next_full(&self, outlet: usize) -> Option<bool> {
        let index = *self.ready[outlet].front()?;
        Some(self.places[index].as_ref().is_none_or(|forming| forming.content.len() >= self.size))
    }

    /// The batch that has been ready longest for that way out.
    pub(crate) fn pop(&mut self, outlet: usize) -> Option<Leaving<P>> {
        let index = self.ready[outlet].pop_front()?;
        let forming = self.places[index].take()?;
        self.free.push(index);
        if forming.filling {
            self.stop_filling(&forming.key);
        }
        self.held -= forming.content.len();
        let Forming { key, content: Handled { messages, outputs, .. }, trigger, ready_at, .. } = forming;
        Some(Leaving { key, messages, outputs, trigger: trigger.unwrap_or(Trigger::Size), ready_at })
    }

    fn find_or_open(&mut self, batch_key: &BatchKey, partition: Option<usize>, now: Instant) -> usize {
        let unkeyed = batch_key.is_none() && partition.is_none();
        if unkeyed && self.unkeyed != NONE {
            return self.unkeyed;
        }
        let key = Key { batch_key: batch_key.clone(), partition };
        if unkeyed {
            self.unkeyed = self.open(key, now);
            return self.unkeyed;
        }
        if let Some(index) = self.filling.get(&key) {
            return *index;
        }
        let index = self.open(key.clone(), now);
        self.filling.insert(key, index);
        index
    }

    fn open(&mut self, key: Key, now: Instant) -> usize {
        let (room, batches) = (self.size.min(1024), self.places.len() - self.free.len());
        let room = if batches * room < PLACES_AHEAD { room } else { 0 };
        let content = self.spares.pop().unwrap_or_else(|| Handled {
            messages: Vec::with_capacity(room),
            outputs: Vec::with_capacity(room),
            ..Handled::default()
        });
        let (due_at, older) = (later(now, self.timeout), self.youngest);
        let (trigger, ready_at, flush, filling, splitter, younger) = (None, 0, false, true, None, NONE);
        let forming = Forming { key, content, due_at, trigger, ready_at, flush, filling, splitter, older, younger };
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[index] = Some(forming);
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
        let Some(forming) = &mut self.places[index] else { return };
        forming.filling = false;
        let (key, open) = (forming.key.clone(), forming.trigger.is_none());
        self.stop_filling(&key);
        if open {
            self.make_ready(index, Trigger::Size);
        }
    }

    fn stop_filling(&mut self, key: &Key) {
        if key.batch_key.is_none() && key.partition.is_none() {
            self.unkeyed = NONE;
        } else {
            self.filling.remove(key);
        }
    }

    /// Moves a batch from the open ones to the ready ones.
    fn make_ready(&mut self, index: usize, trigger: Trigger) {
        let Some(forming) = &mut self.places[index] else { return };
        forming.trigger = Some(trigger);
        forming.ready_at = self.now;
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

/// How many messages at the chunk's front have one key and partition, at most `most`, and whether one of them asks to
/// flush.
fn run<P: Broadway>(chunk: &Handled<P>, most: usize) -> (usize, bool) {
    let (first, partition) = (&chunk.messages[0].batch_key, chunk.partitions.first());
    let mut flush = false;
    let mut length = 0;
    for message in chunk.messages.iter().take(most) {
        if message.batch_key != *first || chunk.partitions.get(length) != partition {
            break;
        }
        flush |= message.batch_mode == BatchMode::Flush;
        length += 1;
    }
    (length, flush)
}

/// How many of the first `run` messages belong to the batch by its splitter, and whether it leaves then. A message at which
/// the splitter panics fails: it is the only one of a batch, which the batch processor does not handle.
fn split<P: Broadway>(
    fresh: &Splits<P>,
    forming: &mut Forming<P>,
    chunk: &mut Handled<P>,
    run: usize,
    stage: &Arc<str>,
) -> (usize, bool) {
    for place in 0..run {
        let (Some(message), Some(output)) = (chunk.messages.get_mut(place), chunk.outputs.get(place)) else {
            return (place, true);
        };
        let first = place == 0 && forming.content.is_empty();
        if message.failure.is_some() {
            return if first { (1, true) } else { (place, true) };
        }
        let splitter = &mut forming.splitter;
        match caught(|| splitter.get_or_insert_with(|| fresh.clone()).split(message, output)) {
            Ok(Split::Add) => {}
            Ok(Split::AddAndEmit) => return (place + 1, true),
            Ok(Split::EmitBeforeAdd) if first => return (1, true),
            Ok(Split::EmitBeforeAdd) => return (place, true),
            Err(panic) => {
                message.failure = Some(Failure::panicked(panic, stage));
                return if first { (1, true) } else { (place, true) };
            }
        }
    }
    (run, false)
}
