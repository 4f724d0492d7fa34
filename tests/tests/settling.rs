//! Settled once: every message that was emitted gets exactly one verdict, whatever callbacks, producers and acknowledgers do.

use broadway::{Builder, Closures, DefaultBatcher};
use broadway_tests::{Recorder, Scripted, Step, assert_settled, ms, within};
use futures::FutureExt;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

#[tokio::test(start_paused = true)]
async fn every_message_gets_exactly_one_verdict_whatever_becomes_of_it() {
    within(async {
        let recorder = Recorder::default();
        (0..50).for_each(|n| recorder.refuse(n * 17));
        let steps = (0..400u64).map(|step| {
            let messages = (step * 5..step * 5 + 5).collect();
            match step % 40 {
                7 => Step::Fail(messages),
                13 | 14 => Step::Wait(messages),
                23 => Step::Panic(messages),
                _ => Step::Emit(messages),
            }
        });
        let producer = Scripted::new(&recorder, steps);
        let source = producer.clone();
        let pipeline = Builder::new(
            "everything",
            move |_| source.another(),
            |message| {
                async {
                    tokio::time::sleep(ms(message.data % 7)).await;
                    match message.data % 23 {
                        0 => Err("fails".into()),
                        1 => panic!("told to panic"),
                        2 => message.done(),
                        3 => std::future::pending().await,
                        key => {
                            message.put_batch_key(&(key % 3));
                            Ok(message.data)
                        }
                    }
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.max_restarts(1_000);
            topology.producers.stages(3);
            topology.processors.stages(4).timeout(20);
            topology.batcher("default").batch_size(7).batch_timeout(15).stages(2);
        })
        .handle_batch(|batch: &mut Batch| {
            let n = batch.outputs()[0];
            async move {
                tokio::time::sleep(ms(n % 5)).await;
                if n.is_multiple_of(11) { Err("fails".into()) } else { Ok(()) }
            }
            .boxed()
        })
        .handle_failed(|messages| {
            messages.iter_mut().step_by(2).for_each(|message| message.discard());
            let fails = messages[0].data % 5 == 0;
            async move { if fails { Err("fails".into()) } else { Ok(()) } }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        while producer.asks().len() < 400 {
            tokio::time::sleep(ms(50)).await;
            // Cuts the asks that wait.
            pipeline.pause();
            tokio::time::sleep(ms(1)).await;
            pipeline.resume();
        }
        let report = pipeline.stop().await.unwrap();
        assert_settled(&report);
        let told: Vec<u64> = recorder.all().iter().map(|(message, _)| *message).collect();
        assert_eq!(told, (0..2_000).collect::<Vec<_>>());
        assert!(report.failed > 0 && report.released > 0 && report.discarded > 0 && report.restarts > 0, "{report:?}");
    })
    .await;
}
