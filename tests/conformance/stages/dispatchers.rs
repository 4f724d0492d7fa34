//! Dispatchers as values: what they send to whom.

use std::collections::VecDeque;

use broadway::stage::{Deliveries, Demand, Dispatcher, Partition, SubscriptionId, Terms};

/// Subscribes with a partition.
fn take<D: Dispatcher<u64>>(dispatcher: &mut D, partition: &str) -> Result<SubscriptionId, String> {
    let id = SubscriptionId::new();
    let terms = Terms { partition: Some(partition.to_owned()), ..Terms::default() };
    dispatcher.subscribe(id, terms).map(|()| id).map_err(|refused| refused.to_string())
}

fn subscribe<D: Dispatcher<u64>>(dispatcher: &mut D) -> SubscriptionId {
    let id = SubscriptionId::new();
    dispatcher.subscribe(id, Terms::default()).unwrap();
    id
}

/// What is sent of these events, and how many are left.
fn dispatch<D: Dispatcher<u64>>(
    dispatcher: &mut D,
    events: impl IntoIterator<Item = u64>,
) -> (Vec<(SubscriptionId, Vec<u64>)>, usize) {
    let (mut events, mut out) = (events.into_iter().collect::<VecDeque<_>>(), Deliveries::default());
    dispatcher.dispatch(&mut events, &mut out);
    (out.take(), events.len())
}

#[test]
fn g101_demand_of_a_partition_goes_with_its_subscription() {
    let mut partition = Partition::new(0..2usize, |n: &u64| Some((n % 2) as usize));
    let first = take(&mut partition, "0").unwrap();
    partition.ask(first, 10);
    assert_eq!(partition.demand(), 10);
    partition.cancel(first);
    assert_eq!(partition.demand(), 0);
    let second = take(&mut partition, "0").unwrap();
    partition.ask(second, 5);
    assert_eq!(partition.demand(), 5);
    assert_eq!(dispatch(&mut partition, [0, 2, 4]), (vec![(second, vec![0, 2, 4])], 0));
    assert_eq!(partition.demand(), 2);
}

#[test]
fn g102_partitions_have_names_and_what_waits_for_one_outlives_its_subscription() {
    let of = |n: &u64| match n {
        0..10 => Some("low"),
        10..20 => Some("high"),
        20..30 => None,
        _ => Some("beyond"),
    };
    let mut partition = Partition::new(["low", "high"], of);
    let low = take(&mut partition, "low").unwrap();
    assert!(take(&mut partition, "low").unwrap_err().contains("already taken"));
    assert!(take(&mut partition, "beyond").unwrap_err().contains("there is no partition `beyond`"));
    let missing = partition.subscribe(SubscriptionId::new(), Terms::default()).unwrap_err();
    assert!(missing.to_string().contains("say which `partition`"));

    // Five for somebody who is not there wait; what belongs nowhere is counted.
    partition.ask(low, 10);
    let mut out = Deliveries::default();
    let mut events = VecDeque::from([1, 10, 11, 20, 99, 2, 12, 13, 14]);
    partition.dispatch(&mut events, &mut out);
    assert_eq!((out.take(), events.len(), partition.held()), (vec![(low, vec![1, 2])], 0, 5));
    let high = take(&mut partition, "high").unwrap();
    partition.ask(high, 2);
    assert_eq!(dispatch(&mut partition, []), (vec![(high, vec![10, 11])], 0));
    partition.cancel(high);
    assert_eq!(partition.held(), 3, "they are not lost with it");
    let next = take(&mut partition, "high").unwrap();
    partition.ask(next, 5);
    assert_eq!(dispatch(&mut partition, [15]), (vec![(next, vec![12, 13, 14, 15])], 0));
    assert_eq!((partition.held(), partition.demand()), (0, 9));
}

#[test]
fn g103_the_most_demand_goes_first_and_what_comes_again_is_served_from_what_waits() {
    let mut demand = Demand::new();
    let (a, b) = (subscribe(&mut demand), subscribe(&mut demand));
    let ask = |demand: &mut Demand, id, n| Dispatcher::<u64>::ask(demand, id, n);
    ask(&mut demand, a, 3);
    ask(&mut demand, b, 2);
    assert_eq!(dispatch(&mut demand, 0..6), (vec![(a, vec![0, 1, 2]), (b, vec![3, 4])], 1));
    // As much each: the first that has asked gets the first events, then the other has more.
    ask(&mut demand, a, 3);
    ask(&mut demand, b, 3);
    assert_eq!(dispatch(&mut demand, 0..2), (vec![(a, vec![0, 1])], 0));
    assert_eq!(dispatch(&mut demand, 0..2), (vec![(b, vec![0, 1])], 0));
    // Nobody, and nobody with demand: all are left.
    Dispatcher::<u64>::cancel(&mut demand, a);
    Dispatcher::<u64>::cancel(&mut demand, b);
    assert_eq!((dispatch(&mut demand, 0..3), Dispatcher::<u64>::demand(&demand)), ((vec![], 3), 0));
    let c = subscribe(&mut demand);
    assert_eq!(dispatch(&mut demand, 0..3), (vec![], 3));
    ask(&mut demand, c, 5);
    assert_eq!(dispatch(&mut demand, 0..3), (vec![(c, vec![0, 1, 2])], 0));
    assert_eq!(Dispatcher::<u64>::demand(&demand), 2);
}
