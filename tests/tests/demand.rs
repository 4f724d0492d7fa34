//! Demand bounds what is in flight, and goes to whoever is free.

use broadway::{Builder, testing::TestProducer};
use broadway_tests::{Gate, Recorder, Scripted, Step, assert_one_verdict_each, assert_settled, ms, within};
use futures::FutureExt;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn in_flight_are_at_most_stages_times_max_demand_however_many_producers_there_are() {
    for (producers, stages, max_demand, min_demand) in
        [(1, 3, 10, 5), (4, 3, 10, 5), (7, 1, 10, 5), (2, 2, 1, 0), (3, 4, 7, 6)]
    {
        within(async move {
            let (producer, gate) = (TestProducer::of(0..200u64), Gate::shut());
            let (source, handler) = (producer.clone(), gate.clone());
            let pipeline = Builder::new(
                "bounded",
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
                topology.producers.stages(producers as u64);
                topology.processors.stages(stages as u64).max_demand(max_demand as u64).min_demand(min_demand as u64);
            })
            .start_link()
            .await
            .unwrap();
            let bound = (stages * max_demand) as u64;
            let mut most = 0;
            for _ in 0..200 {
                gate.until_waiting(1).await;
                tokio::time::sleep(ms(1)).await;
                most = most.max(pipeline.stats().in_flight);
                gate.let_through(1);
            }
            assert!(most <= bound, "{most} in flight, {bound} allowed");
            // The demand is used, but for what is less than an ask is worth.
            let chunk = (max_demand - min_demand) as u64;
            assert!(most > bound.saturating_sub(chunk), "only {most} of {bound} in flight");
            assert_settled(&pipeline.wait().await.unwrap());
            assert_one_verdict_each(&producer, 200);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_ask_is_for_what_is_open_and_comes_back_when_a_chunk_is_done() {
    within(async {
        let recorder = Recorder::default();
        let producer =
            Scripted::new(&recorder, [Step::Emit((0..10).collect()), Step::Emit(vec![10]), Step::Emit(vec![11])]);
        let (source, gate) = (producer.clone(), Gate::shut());
        let handler = gate.clone();
        let pipeline = Builder::new(
            "asks",
            move |_| source.another(),
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
            topology.processors.stages(1).max_demand(10).min_demand(5);
        })
        .start_link()
        .await
        .unwrap();
        let demands = || producer.asks().iter().map(|ask| ask.demand).collect::<Vec<_>>();
        gate.until_waiting(1).await;
        assert_eq!(demands(), [10]);
        // Nothing opens before the chunk is done, acknowledgements included.
        gate.let_through(4);
        tokio::time::sleep(ms(1)).await;
        assert_eq!((demands(), recorder.all().len()), (vec![10], 0));
        gate.let_through(1);
        tokio::time::sleep(ms(1)).await;
        // Five opened; the next ask emits one of them, and less than a chunk is not worth asking for.
        assert_eq!((demands(), recorder.all().len()), (vec![10, 5], 5));
        gate.open();
        tokio::time::sleep(ms(1)).await;
        assert!(demands()[2] > 5, "{:?}", demands());
        assert_eq!(recorder.all().len(), 12);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_ask_is_for_no_more_than_the_producer_prefers() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Emit(vec![0, 1, 2]), Step::Emit(vec![3])]).preferring(3);
        let source = producer.clone();
        let pipeline = Builder::new("prefers", move |_| source.another(), |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.processors.stages(4);
            })
            .start_link()
            .await
            .unwrap();
        pipeline.wait_until(|stats| stats.acknowledged == 4).await;
        assert!(producer.asks().iter().all(|ask| ask.demand == 3), "{:?}", producer.asks());
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_ask_waits_for_what_the_producer_prefers_but_for_no_more_than_half_of_all_demand() {
    // Of four and of one processor, with chunks of five.
    for (stages, demands) in [(4, vec![10; 8]), (1, vec![10, 5, 5, 5, 5, 5, 5, 5])] {
        within(async move {
            let recorder = Recorder::default();
            recorder.take(10);
            let mut next = 0..80;
            let steps = demands.iter().map(|demand| Step::Emit(next.by_ref().take(*demand).collect()));
            let producer = Scripted::new(&recorder, steps).preferring(10);
            let source = producer.clone();
            let pipeline = Builder::new("prefers", move |_| source.another(), |_| async { Ok(()) }.boxed())
                .topology(|topology| {
                    topology.processors.stages(stages);
                })
                .start_link()
                .await
                .unwrap();
            let all = demands.iter().sum::<usize>() as u64;
            pipeline.wait_until(|stats| stats.acknowledged == all).await;
            let asked: Vec<usize> = producer.asks().iter().map(|ask| ask.demand).take(demands.len()).collect();
            assert_eq!(asked, demands, "{stages} processors");
            assert_settled(&pipeline.stop().await.unwrap());
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_was_asked_for_is_handled_and_not_asked_for_again() {
    within(async {
        let recorder = Recorder::default();
        let producer = Scripted::new(&recorder, [Step::Emit((0..40).collect())]);
        let (source, gate) = (producer.clone(), Gate::shut());
        let handler = gate.clone();
        let pipeline = Builder::new(
            "exceeds",
            move |_| source.another(),
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
        gate.let_through(34);
        pipeline.wait_until(|stats| stats.acknowledged == 30).await;
        tokio::time::sleep(ms(1)).await;
        assert_eq!(producer.asks().len(), 1, "ten are still in flight");
        gate.open();
        pipeline.wait_until(|stats| stats.acknowledged == 40).await;
        tokio::time::sleep(ms(1)).await;
        assert_eq!(producer.asks().len(), 2);
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ten_messages_at_twenty_idle_processors_of_10_ms_take_13_ms_at_most() {
    within(async {
        let producer = TestProducer::new();
        let source = producer.clone();
        let pipeline = Builder::new(
            "fair",
            move |_| source.clone(),
            |_| {
                async {
                    tokio::time::sleep(ms(10)).await;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(20);
        })
        .start_link()
        .await
        .unwrap();
        tokio::time::sleep(ms(5)).await;
        let start = Instant::now();
        producer.push_all(0..10u64);
        producer.finish();
        assert_settled(&pipeline.wait().await.unwrap());
        assert!(start.elapsed() <= ms(13), "{:?}", start.elapsed());
    })
    .await;
}

/// A quick processor wakes no other; one that turns slow must.
#[tokio::test(start_paused = true)]
async fn a_processor_that_was_quick_and_begins_to_wait_leaves_the_rest_to_others() {
    within(async {
        let producer = TestProducer::new();
        let source = producer.clone();
        let pipeline = Builder::new(
            "turning slow",
            move |_| source.clone(),
            |message| {
                let slow = message.data;
                async move {
                    if slow {
                        tokio::time::sleep(ms(10)).await;
                    }
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(2);
        })
        .start_link()
        .await
        .unwrap();
        // One by one, so that both processors get some and are quick.
        for n in 1..=100 {
            producer.push(false);
            pipeline.wait_until(|stats| stats.acknowledged == n).await;
        }
        let start = Instant::now();
        producer.push_all([true, true]);
        pipeline.wait_until(|stats| stats.acknowledged == 102).await;
        assert!(start.elapsed() <= ms(13), "{:?}", start.elapsed());
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_message_does_not_hold_up_those_behind_it() {
    within(async {
        let producer = TestProducer::of(0..41u64);
        let source = producer.clone();
        let pipeline = Builder::new(
            "slow",
            move |_| source.clone(),
            |message| {
                async {
                    tokio::time::sleep(if message.data == 0 { ms(1_000) } else { ms(1) }).await;
                    Ok(())
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(2).max_demand(2);
        })
        .start_link()
        .await
        .unwrap();
        let start = Instant::now();
        pipeline.wait_until(|stats| stats.acknowledged == 40).await;
        assert!(start.elapsed() <= ms(60), "{:?}", start.elapsed());
        assert_settled(&pipeline.wait().await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_waits_in_its_ask_starves_no_other() {
    within(async {
        // Stages 0 and 1 poll and get nothing; only stage 2 has something to give.
        let recorder = Recorder::default();
        let idle = Scripted::new(&recorder, []);
        let full = Scripted::new(&recorder, [Step::Emit(vec![1]), Step::Emit(vec![2])]);
        let (idle, full_source) = (idle.clone(), full.clone());
        let source =
            move |stage: broadway::StageIndex| if stage.get() < 2 { idle.another() } else { full_source.another() };
        let pipeline = Builder::new("neighbours", source, |_| async { Ok(()) }.boxed())
            .topology(|topology| {
                topology.producers.stages(3);
                topology.processors.stages(1).max_demand(10);
            })
            .start_link()
            .await
            .unwrap();
        pipeline.wait_until(|stats| stats.acknowledged == 2).await;
        assert_settled(&pipeline.stop().await.unwrap());
    })
    .await;
}
