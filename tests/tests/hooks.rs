//! The callbacks around a pipeline's life: each is called once, in its place, and none harms a message or the end.

use std::{
    sync::{Arc, OnceLock, mpsc},
    time::Duration,
};

use broadway::{
    BoxProducer, Broadway, Builder, Declared, DefaultBatcher, EndReason, Message, Pipeline, Report, Result, StageIndex,
    StartError, StartLink, StopError, all_running, testing::TestProducer, topology::Topology,
};
use broadway_tests::{Log, assert_one_verdict_each, assert_settled, ms, within, within_real};
use futures::FutureExt;
use tokio::time::{Instant, sleep};

/// What a hook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Nothing,
    Fails,
    Panics,
    /// Waits for ever.
    Hangs,
    /// Stops its own pipeline, and waits for its end.
    Stops,
    Takes(Duration),
}

use Does::*;

/// A pipeline by hand whose callbacks keep a log.
#[derive(Clone)]
struct Hooked {
    log: Log<String>,
    reports: Log<Report>,
    producer: TestProducer<u64>,
    owner: Arc<OnceLock<Pipeline>>,
    /// Of `on_start`, `on_drained`, `on_stop`.
    does: [Does; 3],
    /// How long a message takes.
    takes: Duration,
}

impl Hooked {
    fn new(producer: TestProducer<u64>, does: [Does; 3]) -> Self {
        let (log, reports, owner) = (Log::new(), Log::new(), Arc::default());
        Self { log, reports, producer, owner, does, takes: ms(10) }
    }

    async fn start(&self) -> &Pipeline {
        let pipeline = self.clone().start_link().await.unwrap();
        self.owner.set(pipeline).unwrap();
        self.owner.get().unwrap()
    }

    async fn call(&self, hook: &str, does: Does) -> Result<()> {
        // A hook that is cut is dropped.
        let _called = Called(self, hook);
        match does {
            Nothing => {}
            Fails => return Err(format!("{hook} fails").into()),
            Panics => panic!("{hook} panics"),
            Hangs => std::future::pending().await,
            Takes(time) => sleep(time).await,
            Stops => {
                let owner = self.owner.get().unwrap();
                assert!(matches!(owner.stop().await, Err(StopError::Inside { pipeline }) if pipeline == owner.name()));
                assert!(matches!(owner.wait().await, Err(StopError::Inside { .. })));
            }
        }
        Ok(())
    }

    /// The hooks that were called, and what stands between them.
    fn order(&self) -> Vec<String> {
        let mut order = self.log.all();
        order.dedup();
        order
    }
}

struct Called<'a>(&'a Hooked, &'a str);

impl Drop for Called<'_> {
    fn drop(&mut self) {
        self.0.log.push(self.1.to_owned());
    }
}

impl Broadway for Hooked {
    type Data = u64;
    type Output = ();
    type Batcher = DefaultBatcher;

    const DECLARED: Option<Declared> = Some(Declared { file: "src/orders.rs", line: 7 });

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("Hooked");
        topology.processors.stages(2).max_demand(10);
        topology.batcher("default").batch_size(7).batch_timeout(50);
        topology
    }

    async fn producer(&self, _: StageIndex) -> Result<BoxProducer<u64>> {
        self.log.push("producer".to_owned());
        Ok(Box::new(self.producer.clone()))
    }

    async fn process(&self, message: &mut Message<u64>) -> Result<()> {
        let _called = Called(self, "work");
        sleep(self.takes).await;
        if message.data % 10 == 3 { Err("fails".into()) } else { Ok(()) }
    }

    async fn process_batch(&self, _: &mut broadway::Batch<Self>) -> Result<()> {
        let _called = Called(self, "work");
        sleep(self.takes).await;
        Ok(())
    }

    async fn process_failed(&self, _: &mut [Message<u64>]) -> Result<()> {
        let _called = Called(self, "work");
        sleep(self.takes).await;
        Ok(())
    }

    async fn started(&self) -> Result<()> {
        self.call("on_start", self.does[0]).await
    }

    async fn drained(&self, report: &Report) -> Result<()> {
        self.reports.push(report.clone());
        self.call("on_drained", self.does[1]).await
    }

    async fn stopped(&self) -> Result<()> {
        self.call("on_stop", self.does[2]).await
    }
}

const ALL: [&str; 5] = ["producer", "on_start", "work", "on_drained", "on_stop"];

#[tokio::test(start_paused = true)]
async fn each_is_called_once_in_its_place_when_a_pipeline_finishes() {
    within(async {
        let hooked = Hooked::new(TestProducer::of(0..50), [Takes(ms(300)), Takes(ms(300)), Takes(ms(300))]);
        let report = hooked.start().await.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.reason, report.emitted, report.failed), (EndReason::Finished, 50, 5));
        assert_eq!((hooked.order(), report.hook_errors.len()), (ALL.map(str::to_owned).to_vec(), 0));
        // All verdicts are told when the last callback of a message or a batch has returned.
        let [seen] = &hooked.reports.all()[..] else { panic!("called once") };
        assert_eq!((seen.reason, seen.emitted), (report.reason, 50));
        assert_eq!((seen.acknowledged, seen.failed, seen.unsettled), (45, 5, 0));
        assert!(report.took >= seen.took + ms(600), "the end waits for both");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn also_when_it_is_stopped_and_when_it_meets_its_deadline() {
    within(async {
        for (takes, released) in [(ms(10), false), (ms(60_000), true)] {
            let producer = TestProducer::new();
            producer.push_all(0..1_000);
            let mut hooked = Hooked::new(producer.clone(), [Nothing, Takes(ms(20)), Takes(ms(20))]);
            hooked.takes = takes;
            let pipeline = hooked.start().await;
            sleep(ms(55)).await;
            let stopped = Instant::now();
            let report = pipeline.stop_within(ms(5_000)).await.unwrap();
            assert!(stopped.elapsed() < ms(5_000), "{:?}", stopped.elapsed());
            assert_settled(&report);
            assert_one_verdict_each(&producer, report.emitted);
            assert_eq!((report.reason, report.released > 0), (EndReason::Stopped, released));
            assert_eq!((hooked.order(), report.hook_errors.len()), (ALL.map(str::to_owned).to_vec(), 0));
            assert_eq!(hooked.reports.all()[0].reason, EndReason::Stopped);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn also_when_it_gives_up_and_when_its_tree_crashes() {
    within(async {
        for give_up in [true, false] {
            let producer = TestProducer::new();
            producer.push_all(0..30);
            let hooked = Hooked::new(producer.clone(), [Nothing, Fails, Panics]);
            let setup = hooked.clone().configure().producers(|producers| match give_up {
                true => producers.give_up_after(500),
                false => producers,
            });
            let pipeline = setup.start_link().await.unwrap();
            pipeline.wait_until(|stats| stats.acknowledged > 0).await;
            if give_up {
                (0..1_000).for_each(|_| producer.push_error("no server"));
            } else {
                pipeline.kill("supervisor");
            }
            let error = pipeline.wait().await.unwrap_err();
            let StopError::GaveUp { report, .. } = &error else { panic!("{error:?}") };
            assert_settled(report);
            assert_one_verdict_each(&producer, report.emitted);
            assert_eq!(hooked.order(), ALL, "{error}");
            let wrong = ["`on_drained` failed: on_drained fails", "`on_stop` failed: panicked: on_stop panics"];
            assert_eq!(report.hook_errors, wrong, "{error}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_or_a_panic_of_on_start_fails_the_start_and_nothing_runs() {
    within(async {
        for (does, text) in [(Fails, "on_start fails"), (Panics, "panicked: on_start panics")] {
            let hooked = Hooked::new(TestProducer::of(0..50), [does, Nothing, Nothing]);
            let setup = || hooked.clone().configure().name("unstarted");
            let error = setup().start_link().await.unwrap_err();
            let expected = format!("`unstarted` (declared at src/orders.rs:7) cannot start: `on_start` failed: {text}");
            assert_eq!(error.to_string(), expected);
            assert!(matches!(error, StartError::OnStart { .. }));
            sleep(ms(1_000)).await;
            assert_eq!(
                (hooked.log.all(), hooked.producer.demands()),
                (vec!["producer".into(), "on_start".into()], vec![])
            );
            assert!(all_running().iter().all(|handle| handle.name() != "unstarted"));
            assert!(matches!(setup().start_link().await, Err(StartError::OnStart { .. })), "the name is free again");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_start_for_another_reason_calls_none() {
    within(async {
        let hooked = Hooked::new(TestProducer::new(), [Nothing; 3]);
        let setup = hooked.clone().configure().processors(|processors| processors.stages(0));
        assert!(matches!(setup.start_link().await, Err(StartError::Topology { .. })));
        assert!(hooked.log.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_at_the_end_is_in_the_report_and_harms_no_message() {
    within(async {
        for (does, what) in [(Fails, ""), (Panics, "panicked: ")] {
            let producer = TestProducer::of(0..50);
            let hooked = Hooked::new(producer.clone(), [Nothing, does, does]);
            let report = hooked.start().await.wait().await.unwrap();
            assert_settled(&report);
            assert_one_verdict_each(&producer, 50);
            let verb = if does == Fails { "fails" } else { "panics" };
            let expected = ["on_drained", "on_stop"].map(|hook| format!("`{hook}` failed: {what}{hook} {verb}"));
            assert_eq!(report.hook_errors, expected);
            assert!(report.to_string().contains(&expected.join(", ")), "{report}");
            assert_eq!((report.acknowledged, report.failed, hooked.order()), (45, 5, ALL.map(str::to_owned).to_vec()));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_cut_at_the_deadline() {
    within(async {
        let (drained, stop) =
            ("`on_drained` failed: no result by the deadline", "`on_stop` failed: no result by the deadline");
        // `on_stop` has 100 ms when nothing is left.
        for (does, takes, errors) in [
            ([Nothing, Hangs, Nothing], 2_000, &[drained][..]),
            ([Nothing, Nothing, Hangs], 2_000, &[stop]),
            ([Nothing, Hangs, Hangs], 2_100, &[drained, stop]),
            ([Nothing, Hangs, Takes(ms(90))], 2_090, &[drained]),
        ] {
            let producer = TestProducer::new();
            producer.push_all(0..5);
            let hooked = Hooked::new(producer.clone(), does);
            let pipeline = hooked.start().await;
            pipeline.wait_until(|stats| stats.emitted == 5).await;
            let stopped = Instant::now();
            let report = pipeline.stop_within(ms(2_000)).await.unwrap();
            let took = stopped.elapsed();
            assert!((ms(takes)..ms(takes + 10)).contains(&took), "{does:?}: {took:?}");
            assert_settled(&report);
            assert_one_verdict_each(&producer, 5);
            assert_eq!(report.released, 0);
            assert_eq!(report.hook_errors, errors, "{does:?}");
            assert_eq!(hooked.order(), ALL, "what is cut is dropped");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_ends_by_itself_gives_its_hooks_the_time_of_a_drain() {
    within(async {
        let hooked = Hooked::new(TestProducer::of(0..5), [Nothing, Hangs, Nothing]);
        let setup = hooked.clone().configure().root(|root| root.shutdown(3_000));
        let report = setup.start_link().await.unwrap().wait().await.unwrap();
        assert!((ms(3_000)..ms(3_200)).contains(&report.took), "{report}");
        assert_eq!((report.reason, report.hook_errors.len()), (EndReason::Finished, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_shorter_stop_cuts_a_hook_that_runs() {
    within(async {
        let hooked = Hooked::new(TestProducer::of(0..5), [Nothing, Hangs, Nothing]);
        let pipeline = hooked.start().await;
        sleep(ms(1_000)).await;
        assert_eq!(hooked.reports.len(), 1, "it hangs by now");
        let stopped = Instant::now();
        let report = pipeline.stop_within(ms(500)).await.unwrap();
        assert!((ms(500)..ms(510)).contains(&stopped.elapsed()), "{:?}", stopped.elapsed());
        assert_eq!(report.hook_errors, ["`on_drained` failed: no result by the deadline"]);
        tokio::task::yield_now().await;
        assert_eq!(hooked.log.all().iter().filter(|hook| *hook == "on_drained").count(), 1, "it is dropped");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_shorter_stop_cuts_on_stop_as_well() {
    within(async {
        let hooked = Hooked::new(TestProducer::of(0..5), [Nothing, Nothing, Hangs]);
        let pipeline = hooked.start().await;
        sleep(ms(1_000)).await;
        let stopped = Instant::now();
        let report = pipeline.stop_within(ms(500)).await.unwrap();
        assert!((ms(500)..ms(510)).contains(&stopped.elapsed()), "{:?}", stopped.elapsed());
        assert_eq!((report.reason, report.acknowledged > 0), (EndReason::Finished, true));
        assert_eq!(report.hook_errors, ["`on_stop` failed: no result by the deadline"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_stops_its_own_pipeline_does_not_wait_for_itself() {
    within(async {
        let hooked = Hooked::new(TestProducer::of(0..50), [Nothing, Stops, Stops]);
        let pipeline = hooked.start().await;
        let report = pipeline.wait().await.unwrap();
        assert_settled(&report);
        assert_eq!((report.acknowledged, &report.hook_errors), (45, &vec![]));
        assert!(report.took < ms(2_000), "{report}");
        // After the end everybody is told how it ended.
        assert_eq!(pipeline.stop().await.unwrap(), report);
    })
    .await;
}

/// A blocked thread stops virtual time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behind_a_callback_that_blocks_its_thread_only_on_stop_is_called() {
    within_real(async {
        let (log, (entered, has_entered), (let_go, leave)) = (Log::new(), mpsc::channel(), mpsc::channel::<()>());
        let (drained, stopped) = (log.clone(), log.clone());
        let leave = std::sync::Mutex::new(leave);
        let pipeline = Builder::new(
            "blocked",
            |_| TestProducer::of(0..1u64),
            move |_| {
                entered.send(()).unwrap();
                leave.lock().unwrap().recv().unwrap();
                async { Ok(()) }.boxed()
            },
        )
        .on_drained(move |_| {
            drained.push("on_drained");
            async { Ok(()) }.boxed()
        })
        .on_stop(move || {
            stopped.push("on_stop");
            async { Ok(()) }.boxed()
        })
        .start_link()
        .await
        .unwrap();
        tokio::task::spawn_blocking(move || has_entered.recv().unwrap()).await.unwrap();
        let error = pipeline.stop_within(ms(300)).await.unwrap_err();
        assert!(matches!(error, StopError::Stuck { .. }), "{error:?}");
        assert_eq!(log.all(), ["on_stop"]);
        let_go.send(()).unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_builder_takes_them_as_closures() {
    within(async {
        let log = Log::new();
        let [started, drained, stopped] = std::array::from_fn(|_| log.clone());
        let pipeline = Builder::new("closures", |_| TestProducer::of(0..9u64), |_| async { Ok(()) }.boxed())
            .on_start(move || {
                started.push("on_start".to_owned());
                async { Ok(()) }.boxed()
            })
            .on_drained(move |report| {
                let drained = drained.clone();
                async move {
                    sleep(ms(1)).await;
                    drained.push(format!("on_drained {}", report.acknowledged));
                    Err("not stored".into())
                }
                .boxed()
            })
            .on_stop(move || {
                stopped.push("on_stop".to_owned());
                async { Ok(()) }.boxed()
            })
            .start_link()
            .await
            .unwrap();
        let report = pipeline.wait().await.unwrap();
        assert_eq!(log.all(), ["on_start", "on_drained 9", "on_stop"]);
        assert_eq!(report.hook_errors, ["`on_drained` failed: not stored"]);
    })
    .await;
}
