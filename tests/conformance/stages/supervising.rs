//! A consumer that starts a child for each event.

use broadway::stage::{self, Cancel, ConsumerSupervisor, Reason, from_iter, to};
use broadway_tests::{Gate, ms, within};

use super::{Counter, Pushy, settle};

#[tokio::test(start_paused = true)]
async fn g104_at_most_max_demand_children_run_and_what_ends_is_asked_for_again() {
    within(async {
        // Three at most, and more are asked for when two places are free.
        let ((counter, asks), gate) = (Counter::new(100), Gate::shut());
        let counter = stage::producer(counter).start().await.unwrap();
        let door = gate.clone();
        let supervisor = ConsumerSupervisor::temporary(move |_: u64| {
            let gate = door.clone();
            async move {
                gate.pass().await;
                Ok(())
            }
        });
        let children = supervisor.children();
        let subscription = to(&counter).max_demand(3).min_demand(2).cancel(Cancel::Temporary);
        let supervisor = stage::consumer(supervisor).subscribe_to(subscription).start().await.unwrap();
        settle().await;
        assert_eq!((asks.all(), children.counts().active), (vec![3], 3));
        gate.let_through(1);
        settle().await;
        assert_eq!((asks.all(), children.counts().active), (vec![3], 2));
        gate.let_through(1);
        settle().await;
        assert_eq!((asks.all(), children.counts().active, gate.most_waiting()), (vec![3, 2], 3, 3));
        // One beside them takes no place, one that is terminated frees its own.
        let extra = children.start_child(1_000).unwrap();
        settle().await;
        assert_eq!((children.ids().len(), children.ids()[3]), (4, extra));
        for child in children.ids() {
            assert!(children.terminate_child(child));
        }
        settle().await;
        assert_eq!((asks.all(), children.counts().active), (vec![3, 2, 2], 2));
        // Children outlive their producer, and have five seconds when the stage ends.
        counter.stop();
        counter.ended().await;
        settle().await;
        assert_eq!((children.counts().active, supervisor.is_running()), (2, true));
        let stopped = tokio::time::Instant::now();
        supervisor.stop();
        gate.let_through(1);
        assert_eq!(supervisor.ended().await, Reason::Stopped);
        assert_eq!((stopped.elapsed().as_secs(), children.counts().active), (5, 0));
        assert_eq!(children.start_child(7), None);

        // With a least demand of none, every end is asked for; not what never came.
        let pushy = stage::producer(Pushy(vec![vec![0, 1]])).start().await.unwrap();
        let supervisor = ConsumerSupervisor::temporary(|_: u64| std::future::pending());
        let children = supervisor.children();
        let _supervisor =
            stage::consumer(supervisor).subscribe_to(to(&pushy).max_demand(3).min_demand(0)).start().await;
        settle().await;
        assert_eq!(children.counts().active, 2);

        // A child that fails is started again with its event, and keeps its place; too often, and the stage ends.
        let numbers = stage::producer(from_iter(7..)).start().await.unwrap();
        let supervisor = ConsumerSupervisor::transient(|n: u64| async move {
            tokio::time::sleep(ms(10)).await;
            if n == 9 { panic!("nine") } else { Ok(()) }
        });
        let children = supervisor.children();
        let supervisor = stage::consumer(supervisor.restarts(2, 5));
        let supervisor = supervisor.subscribe_to(to(&numbers).max_demand(1).min_demand(0)).start().await.unwrap();
        let reason = supervisor.ended().await;
        assert_eq!(reason, Reason::failed("nine (the 2 restarts in 5 s were used up)"));
        let counts = children.counts();
        assert_eq!((counts.started, counts.restarts, counts.failed, counts.active), (3, 2, 1, 0));
    })
    .await;
}
