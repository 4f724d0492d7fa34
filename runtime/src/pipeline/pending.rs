//! The batches of one batcher that have not left: found by key, ordered by age. A batch is open (it fills), due (it may
//! leave and still fills) or full. All have the same time-out, so the oldest open batch is always the next one due.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{handled::Handled, later::later, parcel::Parcel, processor::caught};
use crate::{
    batch::{Batch, BatchInfo, MessageOf, Trigger},
    batch_key::BatchKey,
    failure::Failure,
    handler::Broadway,
    message::{BatchMode, Message},
    splitter::{BoxSplitter, Split},
};

/// A batch, in the parcel in which it leaves.
struct Forming<P: Broadway> {
    parcel: Box<Parcel<P>>,
    /// Messages that belong to it: those of a chunk count before they are moved.
    len: usize,
    due_at: Instant,
    /// Set as soon as the batch may leave.
    trigger: Option<Trigger>,
    flush: bool,
    /// Whether the next message of its key belongs to it.
    filling: bool,
    /// The state of this batch, once it has been asked.
    splitter: Option<Splits<P>>,
    /// Neighbours by age among the open batches.
    older: usize,
    younger: usize,
}

/// The batches of one way out that still fill: the one of messages without a key is found without hashing.
struct Filling {
    unkeyed: usize,
    keyed: HashMap<BatchKey, usize>,
}

/// As many emptied parcels are kept.
const SPARES: usize = 32;

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
    /// Emptied parcels, with buffers.
    spares: Vec<Box<Parcel<P>>>,
    free: Vec<usize>,
    /// For each way out.
    filling: Vec<Filling>,
    oldest: usize,
    youngest: usize,
    /// Batches that may leave, in the order in which they became ready; one list for each way out.
    ready: Vec<VecDeque<usize>>,
    /// Batches with a message that asked to flush, in the take that is walked now.
    flushing: Vec<usize>,
    /// Which batches the messages of a chunk go to, and how many each time; empty between two chunks.
    runs: Vec<(usize, usize)>,
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
            filling: (0..outlets).map(|_| Filling { unkeyed: NONE, keyed: HashMap::new() }).collect(),
            oldest: NONE,
            youngest: NONE,
            ready: (0..outlets).map(|_| VecDeque::new()).collect(),
            flushing: Vec::new(),
            runs: Vec::new(),
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
        // The processor has written the batcher into each message that it routed here.
        let Some(batcher) = chunk.messages.first().and_then(|first| first.batcher) else {
            return *chunk = Handled::default();
        };
        let mut place = 0;
        while place < chunk.messages.len() {
            let (run, index) = self.add_run(chunk, place, batcher, now);
            self.runs.push((index, run));
            place += run;
        }
        // Moved only now: taken off the front one by one, the others would move up each time.
        let Handled { messages, outputs, partitions, .. } = chunk;
        if let [(index, _)] = self.runs[..]
            && let Some(batch) = batch(&mut self.places, index)
        {
            batch.messages.append(messages);
            batch.outputs.append(outputs);
        } else {
            let (mut messages, mut outputs) = (messages.drain(..), outputs.drain(..));
            for (index, run) in &self.runs {
                let Some(batch) = batch(&mut self.places, *index) else { continue };
                batch.messages.extend(messages.by_ref().take(*run));
                batch.outputs.extend(outputs.by_ref().take(*run));
            }
        }
        partitions.clear();
        self.runs.clear();
    }

    /// Decides where the run of equal keys goes that begins at that place: how many messages, and to which batch.
    fn add_run(&mut self, chunk: &mut Handled<P>, place: usize, batcher: P::Batcher, now: Instant) -> (usize, usize) {
        let partition = partition(chunk, place, self.ready.len());
        let index = self.find_or_open(&chunk.messages[place].batch_key, partition, batcher, now);
        let Some(forming) = &mut self.places[index] else { return (chunk.messages.len() - place, index) };
        let room = self.size - forming.len;
        let (mut run, mut flush) = run(chunk, place, partition, self.ready.len(), room);
        let mut leaves = run == room;
        if let Some(fresh) = &self.splitter {
            (run, leaves) = split(fresh, forming, chunk, place..place + run, &self.stage);
            leaves |= run == room;
            flush = flush && chunk.messages[place..place + run].iter().any(asks_to_flush);
        }
        if flush && !forming.flush {
            forming.flush = true;
            self.flushing.push(index);
        }
        forming.len += run;
        self.held += run;
        if leaves {
            self.fill(index);
        }
        (run, index)
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

    /// Too much waits: besides those that may leave, the oldest open batches may, until these are so many messages.
    pub(crate) fn press(&mut self, messages: usize) {
        let len = |index: &usize| self.places[*index].as_ref().map_or(0, |forming| forming.len);
        let mut ready: usize = self.ready.iter().flatten().map(len).sum();
        while ready < messages
            && let Some(oldest) = self.neighbour(self.oldest)
        {
            ready += oldest.len;
            self.make_ready(self.oldest, Trigger::Pressure);
        }
    }

    /// Keeps an emptied parcel for another batch.
    pub(crate) fn recycle(&mut self, spare: Box<Parcel<P>>) {
        if self.spares.len() < SPARES {
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
        Some(self.places[index].as_ref().is_none_or(|forming| forming.len >= self.size))
    }

    /// The batch that has been ready longest for that way out.
    pub(crate) fn pop(&mut self, outlet: usize) -> Option<Box<Parcel<P>>> {
        let index = self.ready[outlet].pop_front()?;
        let Forming { mut parcel, len, trigger, filling, .. } = self.places[index].take()?;
        self.free.push(index);
        self.held -= len;
        let Batch { info, .. } = parcel.batch.as_mut()?;
        (info.size, info.trigger) = (len, trigger.unwrap_or(Trigger::Size));
        if filling {
            self.filling[outlet].stop(&info.batch_key);
        }
        Some(parcel)
    }

    fn find_or_open(
        &mut self,
        batch_key: &BatchKey,
        partition: Option<usize>,
        batcher: P::Batcher,
        now: Instant,
    ) -> usize {
        let outlet = partition.unwrap_or(0);
        if let Some(index) = self.filling[outlet].find(batch_key) {
            return index;
        }
        let (size, trigger, attempt) = (0, Trigger::Size, 1);
        let index =
            self.open(BatchInfo { batcher, batch_key: batch_key.clone(), partition, size, trigger, attempt }, now);
        self.filling[outlet].start(batch_key, index);
        index
    }

    fn open(&mut self, info: BatchInfo<P::Batcher>, now: Instant) -> usize {
        let mut parcel = self.spares.pop().unwrap_or_default();
        match &mut parcel.batch {
            Some(emptied) => emptied.info = info,
            batch => {
                let (room, batches) = (self.size.min(1024), self.places.len() - self.free.len());
                let room = if batches * room < PLACES_AHEAD { room } else { 0 };
                *batch = Some(Batch::new(Vec::with_capacity(room), Vec::with_capacity(room), info));
            }
        }
        let (due_at, older) = (later(now, self.timeout), self.youngest);
        let (len, trigger, flush, filling, splitter, younger) = (0, None, false, true, None, NONE);
        let forming = Forming { parcel, len, due_at, trigger, flush, filling, splitter, older, younger };
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
        let Some(Forming { parcel, trigger, filling, .. }) = &mut self.places[index] else { return };
        *filling = false;
        if let Some(Batch { info, .. }) = &parcel.batch {
            self.filling[info.partition.unwrap_or(0)].stop(&info.batch_key);
        }
        if trigger.is_none() {
            self.make_ready(index, Trigger::Size);
        }
    }

    /// Moves a batch from the open ones to the ready ones.
    fn make_ready(&mut self, index: usize, trigger: Trigger) {
        let Some(forming) = &mut self.places[index] else { return };
        forming.trigger = Some(trigger);
        forming.parcel.ready_at = self.now;
        let (older, younger) = (forming.older, forming.younger);
        let outlet = forming.parcel.batch.as_ref().and_then(|batch| batch.info.partition).unwrap_or(0);
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

impl Filling {
    #[inline]
    fn find(&self, batch_key: &BatchKey) -> Option<usize> {
        if batch_key.is_none() {
            return (self.unkeyed != NONE).then_some(self.unkeyed);
        }
        self.keyed.get(batch_key).copied()
    }

    fn start(&mut self, batch_key: &BatchKey, index: usize) {
        if batch_key.is_none() {
            self.unkeyed = index;
        } else {
            self.keyed.insert(batch_key.clone(), index);
        }
    }

    fn stop(&mut self, batch_key: &BatchKey) {
        if batch_key.is_none() {
            self.unkeyed = NONE;
        } else {
            self.keyed.remove(batch_key);
        }
    }
}

fn batch<P: Broadway>(places: &mut [Option<Forming<P>>], index: usize) -> Option<&mut Batch<P>> {
    places[index].as_mut()?.parcel.batch.as_mut()
}

/// Which way out the message at that place takes; `None` where there is one for all.
#[inline]
fn partition<P: Broadway>(chunk: &Handled<P>, place: usize, outlets: usize) -> Option<usize> {
    chunk.partitions.get(place).map(|value| (value % outlets as u64) as usize)
}

fn asks_to_flush<T, B>(message: &Message<T, B>) -> bool {
    message.batch_mode == BatchMode::Flush
}

/// How many messages from that place on have its key and partition, at most `most`, and whether one of them asks to flush.
fn run<P: Broadway>(chunk: &Handled<P>, place: usize, of: Option<usize>, outlets: usize, most: usize) -> (usize, bool) {
    let messages = &chunk.messages[place..];
    let mut flush = false;
    let mut length = 0;
    for message in messages.iter().take(most) {
        if message.batch_key != messages[0].batch_key || partition(chunk, place + length, outlets) != of {
            break;
        }
        flush |= asks_to_flush(message);
        length += 1;
    }
    (length, flush)
}

/// How many messages of that run belong to the batch by its splitter, and whether it leaves then. A message at which the
/// splitter panics fails: it is the only one of a batch, which the batch processor does not handle.
fn split<P: Broadway>(
    fresh: &Splits<P>,
    forming: &mut Forming<P>,
    chunk: &mut Handled<P>,
    run: Range<usize>,
    stage: &Arc<str>,
) -> (usize, bool) {
    let begin = run.start;
    for place in run.clone() {
        let before = place - begin;
        let (Some(message), Some(output)) = (chunk.messages.get_mut(place), chunk.outputs.get(place)) else {
            return (before, true);
        };
        let first = before == 0 && forming.len == 0;
        if message.failure.is_some() {
            return if first { (1, true) } else { (before, true) };
        }
        let splitter = &mut forming.splitter;
        match caught(|| splitter.get_or_insert_with(|| fresh.clone()).split(message, output)) {
            Ok(Split::Add) => {}
            Ok(Split::AddAndEmit) => return (before + 1, true),
            Ok(Split::EmitBeforeAdd) if first => return (1, true),
            Ok(Split::EmitBeforeAdd) => return (before, true),
            Err(panic) => {
                message.failure = Some(Failure::panicked(panic, stage));
                return if first { (1, true) } else { (before, true) };
            }
        }
    }
    (run.len(), false)
}
