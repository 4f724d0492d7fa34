//! Every dispatcher against what all promise, in thousands of random orders of subscribe, ask, cancel and events.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A number below `n`, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % n
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Copies {
    /// Each event goes to one subscription.
    One,
    /// Each goes to all that were there.
    All,
}

/// What a test knows of a dispatcher from outside.
struct Run<D> {
    dispatcher: D,
    copies: Copies,
    /// What each subscription asked for and did not get, and what it got last.
    open: BTreeMap<SubscriptionId, (usize, Option<u64>)>,
    events: VecDeque<u64>,
    emitted: u64,
    got: BTreeSet<u64>,
    refused: usize,
}

impl<D: Dispatcher<u64>> Run<D> {
    fn dispatch(&mut self) {
        let mut out = Deliveries::default();
        self.dispatcher.dispatch(&mut self.events, &mut out);
        self.refused += out.take_refused();
        for (id, events) in out.take() {
            let (open, last) = self.open.get_mut(&id).expect("it is subscribed");
            assert!(events.len() <= *open, "{} sent, {open} asked for", events.len());
            *open -= events.len();
            for event in events {
                assert!(last.is_none_or(|last| last < event), "out of order");
                *last = Some(event);
                assert!(self.got.insert(event) || self.copies == Copies::All, "sent twice");
            }
        }
        let waiting = self.events.len() + self.dispatcher.held();
        assert_eq!(self.got.len() + waiting + self.refused, self.emitted as usize, "an event was lost");
        assert!(self.events.is_empty() || self.dispatcher.demand() == 0, "there is demand, and events were left");
    }
}

fn run<D: Dispatcher<u64>>(dispatcher: D, seed: u64, copies: Copies, terms: fn(usize) -> Terms<u64>) {
    let (mut dice, open) = (Dice(seed | 1), BTreeMap::new());
    let (events, got) = (VecDeque::new(), BTreeSet::new());
    let mut run = Run { dispatcher, copies, open, events, emitted: 0, got, refused: 0 };
    for _ in 0..200 {
        let known: Vec<SubscriptionId> = run.open.keys().copied().collect();
        match dice.below(8) {
            0 if known.len() < 4 => {
                let id = SubscriptionId::new();
                // Of partitions, one may be taken.
                if run.dispatcher.subscribe(id, terms(dice.below(3))).is_ok() {
                    run.open.insert(id, (0, None));
                }
            }
            1 if dice.below(3) == 0 && !known.is_empty() => {
                let id = known[dice.below(known.len())];
                run.dispatcher.cancel(id);
                run.open.remove(&id);
            }
            2..=5 if !known.is_empty() => {
                let (id, n) = (known[dice.below(known.len())], dice.below(6));
                run.dispatcher.ask(id, n);
                run.open.get_mut(&id).unwrap().0 += n;
            }
            _ => {
                let n = dice.below(5) as u64;
                run.events.extend(run.emitted..run.emitted + n);
                run.emitted += n;
            }
        }
        run.dispatch();
    }
    assert!(run.emitted > 50);
}

#[test]
fn nothing_is_lost_sent_twice_out_of_order_or_beyond_demand() {
    for seed in 1..400 {
        let none: fn(usize) -> Terms<u64> = |_| Terms::default();
        run(Demand::new(), seed, Copies::One, none);
        run(Demand::new().shuffle_on_first_dispatch(), seed, Copies::One, none);
        run(Fair::new(), seed, Copies::One, none);
        run(Broadcast::new(), seed, Copies::All, none);
        let partition = |n: usize| Terms { partition: Some(n.to_string()), ..Terms::default() };
        let of = |event: &u64| (!event.is_multiple_of(7)).then_some((event % 3) as usize);
        run(Partition::new(0..3, of), seed, Copies::One, partition);
        run(Partition::new(0..3, of).hold(2), seed, Copies::One, partition);
    }
}

#[test]
fn fair_levels_what_is_in_hand() {
    for seed in 1..300 {
        let (mut dice, mut fair) = (Dice(seed), Fair::new());
        let ids: Vec<SubscriptionId> = (0..4).map(|_| SubscriptionId::new()).collect();
        let mut in_hand = [0_usize; 4];
        for id in &ids {
            Dispatcher::<u64>::subscribe(&mut fair, *id, Terms::default()).unwrap();
            Dispatcher::<u64>::ask(&mut fair, *id, 10);
        }
        for _ in 0..40 {
            let back = dice.below(4);
            let n = dice.below(in_hand[back] + 1);
            Dispatcher::<u64>::ask(&mut fair, ids[back], n);
            in_hand[back] -= n;
            let before = in_hand;
            let n = dice.below(12);
            let (mut events, mut out) = ((0..n as u64).collect(), Deliveries::default());
            fair.dispatch(&mut events, &mut out);
            for (id, events) in out.take() {
                in_hand[ids.iter().position(|other| *other == id).unwrap()] += events.len();
            }
            let least = *in_hand.iter().min().unwrap();
            for (now, before) in in_hand.into_iter().zip(before) {
                assert!(now == before || now <= least + 1, "{before} and more, where another has {least}");
            }
        }
    }
}

#[test]
fn a_shuffle_comes_once_and_puts_nobody_in_front_who_has_no_demand() {
    let mut firsts = BTreeSet::new();
    for _ in 0..200 {
        let mut demand = Demand::new().shuffle_on_first_dispatch();
        let ids: Vec<SubscriptionId> = (0..3).map(|_| SubscriptionId::new()).collect();
        for (id, asks) in ids.iter().zip([2, 2, 0]) {
            Dispatcher::<u64>::subscribe(&mut demand, *id, Terms::default()).unwrap();
            Dispatcher::<u64>::ask(&mut demand, *id, asks);
        }
        let (mut events, mut out) = (VecDeque::from([0, 1]), Deliveries::default());
        demand.dispatch(&mut events, &mut out);
        let sent = out.take();
        firsts.insert(ids.iter().position(|id| *id == sent[0].0).unwrap());
        assert_eq!(sent[0].1, [0, 1]);
    }
    assert_eq!(firsts, BTreeSet::from([0, 1]));
}
