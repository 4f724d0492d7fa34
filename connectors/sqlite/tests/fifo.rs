//! Messages of one group are delivered in the order in which they were sent, one at a time.

mod support;

use std::{collections::BTreeMap, time::Duration};

use broadway_sqlite::{Entry, SqliteQueue};
use support::{Place, text, texts};

#[tokio::test]
async fn while_one_is_leased_the_later_ones_wait_and_other_groups_go_on() {
    let place = Place::new();
    let queue = place.open().await;
    let entries = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")];
    queue.send_batch(entries.map(|(body, group)| Entry::new(body).group(group))).await.unwrap();
    queue.send("free").await.unwrap();
    let first = queue.receive(10).await.unwrap();
    assert_eq!(texts(&first), ["a1", "b1", "free"]);
    assert_eq!(queue.depth().await.unwrap().behind, 2);
    assert!(queue.receive(10).await.unwrap().is_empty());

    assert_eq!(queue.delete([first[0].receipt]).await.unwrap(), [Ok(())]);
    let second = queue.receive(10).await.unwrap();
    assert_eq!(texts(&second), ["a2"]);
    // Given back or expired, it is still the first of its group.
    queue.release([second[0].receipt], Duration::ZERO).await.unwrap().remove(0).unwrap();
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["a2"]);
    place.time_passes(Duration::from_secs(30));
    let mut third = queue.receive(10).await.unwrap();
    third.sort_by_key(|message| message.id);
    assert_eq!(texts(&third), ["a2", "b1", "free"]);
    assert_eq!(queue.delete([third[0].receipt]).await.unwrap(), [Ok(())]);
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["a3"]);
}

#[tokio::test]
async fn a_delayed_message_holds_its_group_back() {
    let place = Place::new();
    let queue = place.open().await;
    queue.send(Entry::new("first").group("g").delay(Duration::from_secs(5))).await.unwrap();
    queue.send(Entry::new("second").group("g")).await.unwrap();
    assert!(queue.receive(10).await.unwrap().is_empty());
    place.time_passes(Duration::from_secs(5));
    assert_eq!(texts(&queue.receive(10).await.unwrap()), ["first"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_holds_with_several_receivers() {
    let place = Place::new();
    let queue = place.open().await;
    let entries = (0..400).map(|n| Entry::new(n.to_string()).group(format!("g{}", n % 7)));
    queue.send_batch(entries).await.unwrap();
    let log = std::sync::Arc::new(std::sync::Mutex::new(BTreeMap::<String, Vec<u32>>::new()));
    let receive = |queue: SqliteQueue, log: std::sync::Arc<std::sync::Mutex<BTreeMap<String, Vec<u32>>>>| async move {
        while queue.depth().await.unwrap().total() > 0 {
            for message in queue.receive(3).await.unwrap() {
                let number = text(&message).parse().unwrap();
                log.lock().unwrap().entry(message.group.unwrap()).or_default().push(number);
                queue.delete([message.receipt]).await.unwrap().remove(0).unwrap();
            }
        }
    };
    // Two handles, so that it is the file that keeps the order.
    let other = place.open().await;
    let receivers = [&queue, &queue, &other, &other].map(|queue| tokio::spawn(receive(queue.clone(), log.clone())));
    for receiver in receivers {
        receiver.await.unwrap();
    }
    let log = log.lock().unwrap();
    assert_eq!(log.values().map(Vec::len).sum::<usize>(), 400);
    for (group, numbers) in log.iter() {
        assert!(numbers.is_sorted(), "{group}: {numbers:?}");
    }
}
