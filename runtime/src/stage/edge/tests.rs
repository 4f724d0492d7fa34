//! Each test polls by hand, so that it decides who is woken and who comes.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::*;

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, bell: &Arc<Bell>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(bell.clone())))
}

fn fill(edge: &Arc<Edge<Vec<u32>>>, items: std::ops::Range<u32>) -> Feeder<Vec<u32>> {
    let mut feeder = edge.feeder();
    assert_eq!(feeder.reserve(1, items.len()).now(), Some(items.len()));
    if edge.lock().partitioned {
        fill_partitions(&mut feeder, items, 4);
    } else {
        feeder.fill(&mut vec![items.collect()]);
    }
    feeder
}

/// The chunks of a partition's queue.
fn queued(edge: &Edge<Vec<u32>>, partition: usize) -> Vec<Vec<u32>> {
    edge.lock().partitions[partition].iter().cloned().collect()
}

/// Even items for one partition, odd ones for the other.
fn fill_partitions(feeder: &mut Feeder<Vec<u32>>, items: std::ops::Range<u32>, most: usize) {
    let of = |partition| items.clone().filter(|item| item % 2 == partition).collect();
    feeder.fill_partitions(&mut [of(0), of(1)], most);
}

trait Now: Future + Sized {
    /// The result, if it is there at the first poll.
    fn now(self) -> Option<Self::Output> {
        match poll(pin!(self), &Arc::default()) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}
impl<F: Future> Now for F {}

fn take(consumer: &mut Consumer<Vec<u32>>, most: usize) -> Vec<u32> {
    let mut out = Vec::new();
    consumer.take(most, false, &mut out).now();
    out
}

#[test]
fn demand_bounds_what_is_queued_and_in_hand() {
    let edge = Edge::new(10, 1, false);
    let mut feeder = fill(&edge, 0..6);
    let mut consumer = edge.consumer(0);
    assert_eq!(take(&mut consumer, 4), [0, 1, 2, 3]);
    assert_eq!(feeder.reserve(1, 100).now(), Some(4), "six are queued or in hand");
    assert_eq!(feeder.reserve(1, 100).now(), None);
    feeder.fill(&mut vec![]);
    assert_eq!(feeder.reserve(1, 100).now(), Some(4), "what was not filled is free again");
    feeder.fill(&mut vec![]);
    assert_eq!(take(&mut consumer, 4), [4, 5]);
    assert_eq!(feeder.reserve(1, 100).now(), Some(8), "the first four were given back");
    drop(feeder);
    drop(consumer);
    assert_eq!(edge.feeder().reserve(10, 100).now(), Some(10), "dropped ends give everything back");
}

#[test]
fn a_dropped_take_passes_its_wake_up_on() {
    let edge = Edge::new(20, 3, false);
    let (mut a, mut b, mut c) = (edge.consumer(0), edge.consumer(1), edge.consumer(2));
    let bells: [Arc<Bell>; 3] = Default::default();
    let (mut out_a, mut out_b, mut out_c) = (vec![], vec![], vec![]);
    let mut take_a = Box::pin(a.take(5, false, &mut out_a));
    let mut take_b = Box::pin(b.take(5, false, &mut out_b));
    let mut take_c = Box::pin(c.take(5, false, &mut out_c));
    assert!(poll(take_a.as_mut(), &bells[0]).is_pending());
    assert!(poll(take_b.as_mut(), &bells[1]).is_pending());
    assert!(poll(take_c.as_mut(), &bells[2]).is_pending());
    fill(&edge, 0..3);
    assert_eq!([0, 1, 2].map(|i: usize| bells[i].rung()), [1, 1, 0], "two are on their way");
    drop(take_a);
    assert_eq!(bells[2].rung(), 1, "the third is woken in the place of the one that went away");
    assert!(poll(take_c.as_mut(), &bells[2]).is_ready());
    drop(take_c);
    assert!(!out_c.is_empty());
}

#[test]
fn a_take_that_waits_registers_once_and_leaves_when_it_is_dropped() {
    let edge = Edge::new(20, 2, false);
    let (mut a, mut b) = (edge.consumer(0), edge.consumer(1));
    let (first, last, other) = (Arc::<Bell>::default(), Arc::<Bell>::default(), Arc::<Bell>::default());
    let (mut out_a, mut out_b) = (vec![], vec![]);
    {
        let mut waits = Box::pin(a.take(5, false, &mut out_a));
        for _ in 0..1000 {
            assert!(poll(waits.as_mut(), &first).is_pending());
        }
        assert!(poll(waits.as_mut(), &last).is_pending());
        assert_eq!(edge.lock().idle.len(), 1);
        drop(waits);
        assert_eq!(edge.lock().idle.len(), 0);
    }
    let mut waits = Box::pin(b.take(5, false, &mut out_b));
    assert!(poll(waits.as_mut(), &other).is_pending());
    fill(&edge, 0..1);
    assert_eq!((first.rung(), last.rung(), other.rung()), (0, 0, 1));
}

#[test]
fn takes_are_fair_to_those_who_wait() {
    let edge = Edge::new(200, 20, false);
    let mut consumers: Vec<_> = (0..20).map(|i| edge.consumer(i)).collect();
    let mut outs: Vec<Vec<u32>> = vec![vec![]; 20];
    let bell = Arc::<Bell>::default();
    let mut takes: Vec<_> =
        consumers.iter_mut().zip(&mut outs).map(|(consumer, out)| Box::pin(consumer.take(5, false, out))).collect();
    takes.iter_mut().for_each(|take| assert!(poll(take.as_mut(), &bell).is_pending()));
    fill(&edge, 0..10);
    let mut done = 0;
    // Each that is woken comes, and wakes the next.
    while bell.rung() > done {
        assert!(poll(takes[done].as_mut(), &bell).is_ready());
        done += 1;
    }
    drop(takes);
    assert_eq!(outs.iter().filter(|out| out.len() == 1).count(), 10, "ten messages, ten consumers, one each");
}

#[test]
fn a_busy_layer_takes_whole_chunks() {
    let edge = Edge::new(200, 20, false);
    fill(&edge, 0..100);
    let mut consumer = edge.consumer(7);
    assert_eq!(take(&mut consumer, 5).len(), 5);
    assert_eq!(take(&mut consumer, 5).len(), 5);
}

#[test]
fn open_demand_is_kept_for_the_feeder_that_was_woken() {
    let edge = Edge::new(5, 1, false);
    fill(&edge, 0..5);
    let mut consumer = edge.consumer(0);
    let (mut patient, mut hasty) = (edge.feeder(), edge.feeder());
    let bell = Arc::<Bell>::default();
    let mut reserve = Box::pin(patient.reserve(5, 5));
    assert!(poll(reserve.as_mut(), &bell).is_pending());
    assert_eq!(take(&mut consumer, 5).len(), 5);
    assert_eq!(bell.rung(), 0, "a chunk's worth is not back yet");
    consumer.take(1, false, &mut vec![]).now();
    assert_eq!(bell.rung(), 1);
    assert_eq!(hasty.reserve(1, 5).now(), None, "nobody takes it away");
    assert_eq!(poll(reserve.as_mut(), &bell), Poll::Ready(5));
}

#[test]
fn a_dropped_reserve_wakes_the_next_feeder() {
    let edge = Edge::new(5, 1, false);
    fill(&edge, 0..5);
    let mut consumer = edge.consumer(0);
    let (mut a, mut b) = (edge.feeder(), edge.feeder());
    let (bell_a, bell_b) = (Arc::<Bell>::default(), Arc::<Bell>::default());
    let mut reserve_a = Box::pin(a.reserve(5, 5));
    let mut reserve_b = Box::pin(b.reserve(5, 5));
    assert!(poll(reserve_a.as_mut(), &bell_a).is_pending());
    assert!(poll(reserve_b.as_mut(), &bell_b).is_pending());
    take(&mut consumer, 5);
    drop(consumer);
    assert_eq!((bell_a.rung(), bell_b.rung()), (1, 0));
    drop(reserve_a);
    assert_eq!(bell_b.rung(), 1);
    assert_eq!(poll(reserve_b.as_mut(), &bell_b), Poll::Ready(5));
}

#[test]
fn partitions_have_a_queue_each_and_share_the_demand() {
    let edge = Edge::new(4, 2, true);
    let mut feeder = fill(&edge, 0..4);
    let (mut even, mut odd) = (edge.consumer(0), edge.consumer(1));
    assert_eq!(feeder.reserve(1, 1).now(), None);
    assert_eq!(take(&mut odd, 10), [1, 3]);
    assert_eq!(take(&mut even, 10), [0, 2]);
    let bell = Arc::<Bell>::default();
    let mut out = vec![];
    let mut waits = Box::pin(odd.take(10, false, &mut out));
    assert!(poll(waits.as_mut(), &bell).is_pending());
    feeder.reserve(1, 1).now();
    fill_partitions(&mut feeder, 4..5, 4);
    assert_eq!(bell.rung(), 0, "it is not for this partition");
    feeder.reserve(1, 1).now();
    fill_partitions(&mut feeder, 5..6, 4);
    assert_eq!(bell.rung(), 1);
    assert!(poll(waits.as_mut(), &bell).is_ready());
}

#[test]
fn few_messages_fill_a_partitions_last_chunk_up() {
    let edge = Edge::new(20, 2, true);
    let mut feeder = edge.feeder();
    for items in [0..4, 4..8, 8..12] {
        assert_eq!(feeder.reserve(1, 4).now(), Some(4));
        fill_partitions(&mut feeder, items, 3);
    }
    assert_eq!(queued(&edge, 0), [vec![0, 2, 4], vec![6, 8, 10]]);
    // More than a chunk stays as it came.
    assert_eq!(feeder.reserve(1, 8).now(), Some(8));
    fill_partitions(&mut feeder, 12..20, 3);
    assert_eq!(queued(&edge, 1), [vec![1, 3, 5], vec![7, 9, 11], vec![13, 15, 17, 19]]);
    assert_eq!(take(&mut edge.consumer(1), 3), [1, 3, 5]);
    assert_eq!(take(&mut edge.consumer(1), 7), [7, 9, 11, 13, 15, 17, 19]);
}

#[test]
fn a_closed_edge_is_emptied_before_it_ends() {
    let edge = Edge::new(10, 2, false);
    fill(&edge, 0..1);
    let (mut a, mut b) = (edge.consumer(0), edge.consumer(1));
    assert_eq!(take(&mut a, 5), [0]);
    let bell = Arc::<Bell>::default();
    let mut out = vec![];
    let mut waits = Box::pin(b.take(5, false, &mut out));
    assert!(poll(waits.as_mut(), &bell).is_pending());
    edge.close();
    assert_eq!(bell.rung(), 1);
    assert_eq!(poll(waits.as_mut(), &bell), Poll::Ready(false));
    assert_eq!(a.take(5, false, &mut vec![]).now(), Some(false));
}

#[test]
fn an_abandoned_edge_drops_what_is_queued_and_ends_its_consumers() {
    for partitioned in [false, true] {
        let edge = Edge::new(10, 2, partitioned);
        fill(&edge, 0..4);
        edge.abandon();
        assert_eq!(edge.depth(), (0, 10, 10));
        for index in 0..2 {
            assert_eq!(edge.consumer(index).take(5, false, &mut vec![]).now(), Some(false), "{partitioned}");
        }
    }
}

#[test]
fn send_keeps_what_was_not_moved() {
    let edge = Edge::new(3, 1, false);
    let mut feeder = edge.feeder();
    let mut items = vec![1, 2, 3, 4, 5];
    let bell = Arc::<Bell>::default();
    {
        let mut send = Box::pin(feeder.send(&mut items, || {}));
        assert!(poll(send.as_mut(), &bell).is_pending());
    }
    assert_eq!(items, [4, 5]);
    let mut consumer = edge.consumer(0);
    assert_eq!(take(&mut consumer, 5), [1, 2, 3]);
    consumer.take(1, false, &mut vec![]).now();
    assert_eq!(feeder.send(&mut items, || {}).now(), Some(()));
    assert_eq!(take(&mut consumer, 5), [4, 5]);
}

#[test]
fn feeders_that_wait_are_told_of_a_stalled_consumer_until_it_takes_again() {
    let edge = Edge::new(1, 1, false);
    let (mut feeder, mut consumer, bell) = (edge.feeder(), edge.consumer(0), Arc::default());
    let (mut items, mut chunks) = (vec![1, 2, 3], Ring::default());
    let told = AtomicUsize::new(0);
    let mut send = Box::pin(feeder.send(&mut items, || assert_eq!(told.fetch_add(1, Ordering::SeqCst), 0)));
    assert!(poll(send.as_mut(), &bell).is_pending());
    assert_eq!(told.load(Ordering::SeqCst), 0, "the consumer is only busy");
    consumer.stall();
    consumer.stall();
    assert_eq!(bell.rung(), 1);
    assert!(poll(send.as_mut(), &bell).is_pending());
    assert_eq!(told.load(Ordering::SeqCst), 1);
    assert_eq!(consumer.take_all(1, &mut chunks).now(), Some(true));
    assert_eq!(bell.rung(), 2, "it is next all the same");
    assert!(poll(send.as_mut(), &bell).is_pending());
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

#[test]
fn a_quick_consumer_that_has_not_waited_takes_what_it_can() {
    let edge = Edge::new(200, 20, false);
    let (bell, mut idle): (Arc<Bell>, Vec<_>) = (Arc::default(), (1..20).map(|i| edge.consumer(i)).collect());
    let mut outs: Vec<Vec<u32>> = vec![vec![]; 19];
    let mut takes: Vec<_> =
        idle.iter_mut().zip(&mut outs).map(|(consumer, out)| Box::pin(consumer.take(5, false, out))).collect();
    takes.iter_mut().for_each(|take| assert!(poll(take.as_mut(), &bell).is_pending()));
    let (mut consumer, mut out, mut other) = (edge.consumer(0), vec![], vec![]);
    {
        let mut waits = pin!(consumer.take(5, true, &mut out));
        assert!(poll(waits.as_mut(), &bell).is_pending());
        fill(&edge, 0..20);
        assert!(poll(waits.as_mut(), &bell).is_ready());
    }
    assert_eq!(out, [0], "one that has waited takes a fair share");
    consumer.take(5, true, &mut other).now();
    assert_eq!(other, [1, 2, 3, 4, 5]);
}

#[test]
fn take_all_leaves_chunks_as_they_are_and_splits_only_the_last() {
    let edge = Edge::new(20, 1, false);
    let (mut feeder, mut consumer, mut chunks) = (edge.feeder(), edge.consumer(0), Ring::default());
    assert_eq!(feeder.reserve(9, 9).now(), Some(9));
    feeder.fill(&mut vec![vec![1, 2, 3], vec![4, 5, 6], vec![7, 8, 9]]);
    assert_eq!(consumer.take_all(7, &mut chunks).now(), Some(true));
    let contents = |chunks: &Ring<Vec<u32>>| chunks.iter().cloned().collect::<Vec<_>>();
    assert_eq!(contents(&chunks), [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    assert_eq!((feeder.unused(), feeder.queued()), (18, 2), "what was taken counts elsewhere");
    chunks.for_each_mut(Vec::clear);
    assert_eq!(consumer.take_all(7, &mut chunks).now(), Some(true));
    assert_eq!(contents(&chunks), [vec![8, 9]]);
}

#[test]
fn what_is_sent_ahead_waits_beyond_demand_and_is_swapped_for_emptied_chunks() {
    let edge = Edge::new(1, 1, false);
    let (mut feeder, mut consumer) = (edge.feeder(), edge.consumer(0));
    let mut chunks = [vec![1], vec![2], vec![3]];
    assert_eq!(feeder.send_ahead(&mut chunks), 3);
    assert!(chunks.iter().all(Vec::is_empty));
    assert_eq!((feeder.unused(), feeder.queued()), (-2, 3));
    let bell = Arc::<Bell>::default();
    let waker = Waker::from(bell.clone());
    let mut poll_unused = |least| feeder.poll_unused(&Context::from_waker(&waker), least).is_ready();
    assert!(!poll_unused(-1));
    assert_eq!(take(&mut consumer, 1), [1]);
    assert_eq!(bell.rung(), 0, "it is in hand");
    assert_eq!(take(&mut consumer, 1), [2]);
    assert_eq!((bell.rung(), poll_unused(-1), poll_unused(1)), (1, true, false));
    assert_eq!(take(&mut consumer, 1), [3]);
    assert!(consumer.take(1, false, &mut vec![]).now().is_none());
    assert_eq!((bell.rung(), poll_unused(1)), (2, true));
    edge.close();
    assert_eq!((feeder.send_ahead(&mut [vec![4]]), feeder.queued()), (0, 0), "nobody would take it");
}

#[test]
fn one_who_passes_waits_for_what_is_used_and_not_for_what_is_reserved() {
    let edge = Edge::new(4, 1, false);
    let mut producer = edge.feeder();
    assert_eq!(producer.reserve(1, 4).now(), Some(4));
    let (mut door, bell) = (edge.feeder(), Arc::default());
    assert_eq!(door.pass().now(), Some(4));
    door.fill(&mut vec![vec![1, 2, 3, 4]]);
    let mut pass = pin!(door.pass());
    assert!(poll(pass.as_mut(), &bell).is_pending());
    // The producer's ask ends with nothing: what it had reserved is used by the four.
    producer.fill(&mut Vec::new());
    assert!(poll(pass.as_mut(), &bell).is_pending());
    let mut consumer = edge.consumer(0);
    assert_eq!(take(&mut consumer, 3), [1, 2, 3]);
    assert_eq!(bell.rung(), 0, "what is in hand is used");
    take(&mut consumer, 1);
    assert_eq!((bell.rung(), poll(pass.as_mut(), &bell)), (1, Poll::Ready(3)));
    assert_eq!(producer.reserve(1, 4).now(), Some(3));
}
