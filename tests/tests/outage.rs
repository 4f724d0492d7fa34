//! An hour without the sink: nothing is dead-lettered, the source stalls, and everything is stored afterwards.

use std::{collections::BTreeSet, time::Duration};

use broadway::{Builder, Closures, DefaultBatcher, Message, testing::TestProducer};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled};
use futures::FutureExt;
use tokio::time::{Instant, sleep, timeout};

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

const HOUR: Duration = Duration::from_secs(3600);
const MESSAGES: u64 = 20_000;

/// The sink is away from the first minute on, for an hour. A message comes every 10 ms before and after.
#[tokio::test(start_paused = true)]
async fn an_hour_without_the_sink_costs_an_hour_and_nothing_else() {
    timeout(3 * HOUR, async {
        let (source, dead, stored, calls) = (TestProducer::new(), Log::new(), Log::new(), Log::new());
        let (producer, letters, rows, called) = (source.clone(), dead.clone(), stored.clone(), calls.clone());
        let start = Instant::now();
        let minute = Duration::from_secs(60);
        let is_away = move || (minute..minute + HOUR).contains(&start.elapsed());
        let pipeline = Builder::new(
            "hour",
            move |_| producer.clone(),
            |message: &mut Message<u64>| {
                let data = message.data;
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(4);
            let batcher = topology.batcher("default").stages(2).batch_size(50).max_pending(200);
            batcher.retry(|retry| retry.unlimited().max_waiting(500));
        })
        .handle_batch(move |batch: &mut Batch| {
            called.push(start.elapsed());
            let (away, outputs) = (is_away(), batch.outputs().to_vec());
            let rows = rows.clone();
            async move {
                // As a connection that is refused.
                sleep(Duration::from_millis(5)).await;
                if away || is_away() {
                    return Err("connection refused".into());
                }
                outputs.into_iter().for_each(|output| rows.push(output));
                Ok(())
            }
            .boxed()
        })
        .handle_failed(move |messages| {
            messages.iter().for_each(|message| letters.push(message.data));
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        let backlog = source.clone();
        let feeding = tokio::spawn(async move {
            for message in 0..MESSAGES {
                backlog.push(message);
                sleep(Duration::from_millis(10)).await;
            }
            backlog.finish();
        });

        let handle = pipeline.handle();
        let topology = handle.topology();
        let batcher = &topology.batchers[0];
        // What waits, what forms batches, what waits for those; the demand of the processors; a batch in each hand.
        let bound = 500 + 200 + topology.batcher_demand(batcher) + topology.processor_demand() + 4 * 50;
        sleep(2 * minute).await;
        let stalled_at = handle.stats().emitted;
        assert!(stalled_at > 6_000 - 100 && stalled_at < 6_000 + bound, "{stalled_at} were emitted");
        let tried = calls.len();
        for _ in 0..57 {
            sleep(minute).await;
            let stats = handle.stats();
            assert!(stats.in_flight <= bound, "{} are in flight, {bound} may be", stats.in_flight);
            assert_eq!((stats.emitted, stats.failed, stats.released), (stalled_at, 0, 0));
        }
        // Twelve batches or so, each tried two or three times a minute, and no more.
        let tried = calls.len() - tried;
        assert!((57 * 10..57 * 60).contains(&tried), "the sink was asked {tried} times in 57 minutes");

        let report = pipeline.wait().await.unwrap();
        feeding.await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, report.failed, report.released), (MESSAGES, 0, 0));
        assert!(dead.is_empty());
        assert_eq!(stored.all().into_iter().collect::<BTreeSet<_>>(), (0..MESSAGES).collect());
        assert_eq!(stored.len() as u64, MESSAGES);
        assert_one_verdict_each(&source, MESSAGES);
        // What waited is stored within its last wait of at most 30 s, and the rest follows.
        assert!(report.took < minute + HOUR + 2 * minute, "{:?}", report.took);
    })
    .await
    .expect("the test hangs");
}
