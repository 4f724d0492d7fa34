//! The numbers of a pipeline: what each stage did, how long messages waited and stages worked, what waits where.

use std::time::Duration;

use broadway::{
    Builder, Pipeline, StageStats, Stats,
    testing::TestProducer,
    topology::{Role, Topology},
};
use broadway_tests::{Gate, Recorder, Scripted, Step, assert_settled, ms, within};
use futures::FutureExt;

fn stage<'a>(stats: &'a Stats, name: &str) -> &'a StageStats {
    stats.stages.iter().find(|stage| stage.name == name).unwrap()
}

/// At most a sixteenth above, as histograms are.
#[track_caller]
fn about(measured: Duration, expected: Duration) {
    assert!(measured >= expected && measured <= expected * 17 / 16 + ms(1), "{measured:?} is not about {expected:?}");
}

/// Ten messages at one processor that takes two at a time and needs 10 ms for each.
async fn slow(change: impl FnOnce(&mut Topology)) -> Pipeline {
    let producer = TestProducer::of(0..10u64);
    Builder::new(
        "slow",
        move |_| producer.clone(),
        |_| {
            async {
                tokio::time::sleep(ms(10)).await;
                Ok(())
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(1).max_demand(10).min_demand(8);
        change(topology);
    })
    .handle_batch(|_| async { Ok(()) }.boxed())
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn wait_and_work_are_measured_by_stage() {
    within(async {
        let pipeline = slow(|_| {}).await;
        pipeline.wait().await.unwrap();
        let stats = pipeline.stats();
        let processor = stage(&stats, "processor_default_0");
        assert_eq!((processor.role, processor.running, processor.processed), (Role::Processor(0), false, 10));
        assert_eq!((processor.rounds, processor.work.count, processor.acknowledged), (5, 5, 10));
        about(processor.work.p50, ms(20));
        about(processor.work.max, ms(20));
        // All came at once; the takes were at 0, 20, 40, 60 and 80 ms.
        assert_eq!(processor.wait.count, 10);
        about(processor.wait.p50, ms(40));
        about(processor.wait.p90, ms(80));
        about(processor.wait.max, ms(80));
        assert_eq!(processor.worked, ms(100));
        assert_eq!((stats.took, stats.latency.count, stats.settled()), (ms(100), 10, 10));
    })
    .await;
}

/// Of one source, and of two whose verdicts are told side by side; told once, and again because it did not arrive.
#[tokio::test(start_paused = true)]
async fn a_latency_ends_with_the_verdict_and_not_with_its_arrival() {
    within(async {
        for (sources, refused) in [(1_u32, false), (1, true), (2, false), (2, true)] {
            let recorder = Recorder::default();
            recorder.take(100);
            if refused {
                recorder.refuse(1);
            }
            let of_source = |source| (0..4).filter(|message| message % u64::from(sources) == source).collect();
            let sourced = |source| Scripted::new(&recorder, [Step::Emit(of_source(source))]);
            let producers: Vec<Scripted> = (0..u64::from(sources)).map(sourced).collect();
            let pipeline = Builder::new(
                "slow-source",
                move |stage| producers[stage.get()].another(),
                |_| {
                    async {
                        tokio::time::sleep(ms(10)).await;
                        Ok(())
                    }
                    .boxed()
                },
            )
            .topology(|topology| {
                topology.producers.stages(sources);
                topology.processors.stages(1);
                topology.batcher("default").batch_size(4);
            })
            .handle_batch(|_| async { Ok(()) }.boxed())
            .start_link()
            .await
            .unwrap();
            pipeline.wait_until(|stats| stats.acknowledged == 4).await;
            let report = pipeline.stop().await.unwrap();
            assert!(report.took >= ms(140), "{report:?}");
            assert_eq!(report.latency.count, 4);
            // All came at once, and were handled one after the other.
            about(report.latency.max, ms(40));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_tried_again_has_waited_in_the_queue_once() {
    within(async {
        let producer = TestProducer::of(0..10u64);
        let pipeline = Builder::new(
            "retrying",
            move |_| producer.clone(),
            |message| {
                let fails = message.data == 0 && message.attempt() == 1;
                async move {
                    tokio::time::sleep(ms(10)).await;
                    if fails { Err("not yet".into()) } else { Ok(()) }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            let processors = topology.processors.stages(1).max_demand(10).min_demand(8);
            processors.retry(|retry| retry.backoff(|backoff| backoff.min(5).jitter(0)));
        })
        .start_link()
        .await
        .unwrap();
        pipeline.wait().await.unwrap();
        let stats = pipeline.stats();
        let processor = stage(&stats, "processor_default_0");
        assert_eq!((processor.rounds, processor.processed, processor.acknowledged), (6, 11, 10));
        // New ones were taken at 0, 30, 50, 70 and 90 ms; from 20 to 30 ms the first one was tried again.
        assert_eq!((processor.wait.count, processor.worked), (10, ms(110)));
        about(processor.wait.p50, ms(50));
        about(processor.wait.max, ms(90));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_busy_share_counts_the_round_that_is_under_way_and_an_idle_stage_is_idle() {
    within(async {
        let (producer, gate) = (TestProducer::<u64>::new(), Gate::shut());
        producer.push(0);
        let (source, handler) = (producer.clone(), gate.clone());
        let pipeline = Builder::new(
            "share",
            move |_| source.clone(),
            move |_| {
                let gate = handler.clone();
                async move {
                    gate.pass().await;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
        })
        .start_link()
        .await
        .unwrap();
        gate.until_waiting(1).await;
        let start = pipeline.stats();
        tokio::time::sleep(ms(300)).await;
        let busy = pipeline.stats();
        let at_work = busy.since(&start);
        assert_eq!((at_work.took, stage(&at_work, "processor_default_0").busy()), (ms(300), 1.0));
        gate.open();
        pipeline.wait_until(|stats| stats.in_flight == 0).await;
        let idle = pipeline.stats();
        tokio::time::sleep(ms(700)).await;
        let both = pipeline.stats().since(&busy);
        assert!(stage(&both, "processor_default_0").busy() < 0.01, "{both}");
        assert_eq!(stage(&pipeline.stats().since(&idle), "processor_default_0").busy(), 0.0);
        pipeline.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_difference_of_two_snapshots_is_what_happened_between() {
    within(async {
        let pipeline = slow(|_| {}).await;
        tokio::time::sleep(ms(45)).await;
        let earlier = pipeline.stats();
        assert_eq!((earlier.acknowledged, earlier.in_flight), (4, 6));
        pipeline.wait().await.unwrap();
        let between = pipeline.stats().since(&earlier);
        assert_eq!((between.emitted, between.acknowledged, between.took), (0, 6, ms(55)));
        assert_eq!((between.in_flight, between.latency.count), (0, 6));
        let processor = stage(&between, "processor_default_0");
        assert_eq!((processor.rounds, processor.processed, processor.worked), (3, 6, ms(55)));
        assert!((processor.rate() - 6.0 / 0.055).abs() < 1e-6 && processor.busy() == 1.0);
        // Two takes were measured since, those at 60 and 80 ms.
        assert_eq!((processor.wait.count, processor.work.count), (4, 3));
        about(processor.wait.p50, ms(60));
        assert!((between.throughput() - 6.0 / 0.055).abs() < 1e-6);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn batches_wait_from_the_moment_at_which_they_could_leave() {
    within(async {
        let producer = TestProducer::of(0..4u64);
        let pipeline = Builder::new("batches", move |_| producer.clone(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.processors.stages(1);
                topology.batcher("default").batch_size(2).batch_timeout(50);
            })
            .handle_batch(|_| {
                async {
                    tokio::time::sleep(ms(30)).await;
                    Ok(())
                }
                .boxed()
            })
            .start_link()
            .await
            .unwrap();
        pipeline.wait().await.unwrap();
        let stats = pipeline.stats();
        let batches = stage(&stats, "batch_processor_default_0");
        assert_eq!((batches.rounds, batches.processed, batches.worked, stats.batches), (2, 4, ms(60), 2));
        about(batches.work.max, ms(30));
        // Both batches were ready at once; the second waited for the first.
        assert_eq!((batches.wait.count, batches.wait.p50), (4, Duration::ZERO));
        about(batches.wait.max, ms(30));
        let batcher = stage(&stats, "batcher_default");
        assert_eq!((batcher.processed, batcher.wait.max, batcher.wait.count > 0), (4, Duration::ZERO, true));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn queues_pending_batches_and_the_rate_limit_are_seen_as_they_are() {
    within(async {
        let (producer, gate) = (TestProducer::of(0..100u64), Gate::shut());
        let (source, handler) = (producer.clone(), gate.clone());
        let pipeline = Builder::new(
            "gauges",
            move |_| source.clone(),
            move |message| {
                let (gate, data) = (handler.clone(), message.data);
                async move {
                    if data >= 8 {
                        gate.pass().await;
                    }
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.producers.rate_limiting(30, 1_000);
            topology.processors.stages(1).max_demand(20).min_demand(16);
            topology.batcher("default").batch_size(50).batch_timeout(60_000);
        })
        .handle_batch(|_| async { Ok(()) }.boxed())
        .start_link()
        .await
        .unwrap();
        gate.until_waiting(1).await;
        tokio::time::sleep(ms(250)).await;
        let stats = pipeline.stats();
        // Eight are in the batcher, four in hand; what was taken is emitted again.
        assert_eq!((stage(&stats, "batcher_default").in_hand, stage(&stats, "processor_default_0").in_hand), (8, 4));
        let queue = |before: &str| {
            let queue = stats.queues.iter().find(|queue| queue.before == before).unwrap();
            (queue.waiting, queue.open, queue.capacity)
        };
        assert_eq!(stats.queues.len(), 3);
        let (waiting, open, capacity) = queue("processors");
        assert_eq!((waiting + 4 + 8, capacity, stats.in_flight), (stats.emitted, 20, stats.emitted));
        assert!(open <= 20 - 4 - waiting, "{stats}");
        assert_eq!((queue("batcher_default").0, queue("batch_processors_default")), (0, (0, 1, 1)));
        let limiter = stats.rate_limiters[0].clone();
        assert_eq!((limiter.allowed, limiter.left, limiter.interval), (30, 30 - stats.emitted, ms(1_000)));
        assert!(limiter.next_in > ms(740) && limiter.next_in <= ms(750), "{:?}", limiter.next_in);
        assert_eq!((stats.releasing, stage(&stats, "producer_0").ready), (0, true));

        gate.open();
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert!(pipeline.stats().queues.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_report_is_made_of_the_last_statistics() {
    within(async {
        let pipeline = slow(|topology| {
            topology.batcher("default").batch_size(3).batch_timeout(5);
        })
        .await;
        let report = pipeline.wait().await.unwrap();
        tokio::time::sleep(ms(1_000)).await;
        let stats = pipeline.stats();
        assert_eq!((report.emitted, report.acknowledged, report.batches), (10, stats.acknowledged, stats.batches));
        assert_eq!((report.took, report.latency), (stats.took, stats.latency));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_table_has_a_line_for_each_stage_and_no_data() {
    within(async {
        let source = TestProducer::of(0..3u64);
        let pipeline = Builder::new("table", move |_| source.clone(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.batcher("default").batch_size(3);
            })
            .handle_batch(|_| async { Ok(()) }.boxed())
            .start_link()
            .await
            .unwrap();
        let running = pipeline.stats().to_string();
        assert!(running.contains("queue before") && running.contains("batch_processors_default"), "{running}");
        pipeline.wait().await.unwrap();
        let stats = pipeline.stats();
        let printed = stats.to_string();
        assert!(printed.starts_with("table: 3 emitted, 3 acknowledged, 0 failed, 0 released in "), "{printed}");
        for stage in &stats.stages {
            assert_eq!(printed.lines().filter(|line| line.starts_with(&stage.name)).count(), 1, "{printed}");
        }
        let widths: Vec<usize> = printed.lines().skip(2).map(|line| line.chars().count()).collect();
        assert!(widths.len() == stats.stages.len() + 1 && widths.iter().all(|width| *width == widths[0]), "{printed}");
    })
    .await;
}
