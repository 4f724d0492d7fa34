//! Verdicts before the end of the pipeline, and how a message is acknowledged.

use std::sync::Arc;

use broadway::{
    AckData, AckOptions, AckRef, AckReport, Acknowledger, Builder, Incoming, Next, Outbox, Producer, ProducerContext,
    Result, Settled, Status, ack_immediately, async_trait,
};
use broadway_tests::{BatchOf, Log, Recorder, Scripted, Step, assert_settled, within};
use futures::FutureExt;

const OK: Status = Status::Successful;
const FAILED: Status = Status::Failed;

#[tokio::test(start_paused = true)]
async fn t055_a_message_that_is_acknowledged_in_its_handler_has_no_second_verdict() {
    within(async {
        let (recorder, batches) = (Recorder::default(), Log::new());
        let source = Scripted::new(&recorder, [Step::Finish(vec![1, 2])]);
        let (told, log) = (recorder.clone(), batches.clone());
        let pipeline = Builder::new(
            "early",
            move |_| source.another(),
            |message| {
                async {
                    message.ack_immediately().await?;
                    Ok(message.data)
                }
                .boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(2);
        })
        .handle_batch(move |batch: &mut BatchOf<broadway::DefaultBatcher>| {
            // It is batched all the same.
            log.push((batch.outputs().to_vec(), told.brief()));
            async { Err("too late".into()) }.boxed()
        });
        assert_settled(&pipeline.start_link().await.unwrap().wait().await.unwrap());
        let rounds = vec![vec![(1, OK)], vec![(2, OK)]];
        assert_eq!(batches.all(), [(vec![1, 2], rounds.clone())]);
        assert_eq!(recorder.brief(), rounds);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t056_a_batch_that_is_acknowledged_in_its_handler_has_one_round() {
    within(async {
        let recorder = Recorder::default();
        let source = Scripted::new(&recorder, [Step::Finish(vec![1, 2, 3, 4])]);
        let pipeline = Builder::new(
            "early",
            move |_| source.another(),
            |message| {
                let data = message.data;
                async move { Ok(data) }.boxed()
            },
        )
        .topology(|topology| {
            topology.processors.stages(1);
            topology.batcher("default").batch_size(4);
        })
        .handle_batch(|batch: &mut BatchOf<broadway::DefaultBatcher>| {
            async {
                batch.messages_mut()[2].fail("bad");
                Ok(ack_immediately(batch.messages_mut()).await?)
            }
            .boxed()
        });
        assert_settled(&pipeline.start_link().await.unwrap().wait().await.unwrap());
        assert_eq!(recorder.brief(), [[(1, OK), (2, OK), (4, OK), (3, FAILED)]]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t057_configuring_an_acknowledger_that_takes_no_options_fails_the_message_and_names_it() {
    within(async {
        let (recorder, failures) = (Recorder::default(), Log::new());
        let source = Scripted::new(&recorder, [Step::Finish(vec![1])]);
        let log = failures.clone();
        let pipeline = Builder::new(
            "options",
            move |_| source.another(),
            |message| async { Ok(message.configure_ack("on_failure")?) }.boxed(),
        );
        let pipeline = pipeline.handle_failed(move |messages| {
            messages.iter().for_each(|message| log.push(message.failure().unwrap().to_string()));
            async { Ok(()) }.boxed()
        });
        assert_settled(&pipeline.start_link().await.unwrap().wait().await.unwrap());
        let told =
            "error: `broadway_tests::recorder::Recorder` cannot be configured so: it takes no options, found `&str`";
        assert_eq!((failures.all(), recorder.brief()), (vec![told.to_owned()], vec![vec![(1, FAILED)]]));
    })
    .await;
}

/// A source whose acknowledger takes a text for each message.
struct Configurable(Log<String>);

struct Told(Log<String>);

#[async_trait]
impl Producer for Configurable {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(Arc::new(Told(self.0.clone())));
        Ok(())
    }

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        out.push(Incoming::new(1).ack(AckData::any("as it came".to_owned())));
        Ok(Next::Finished)
    }
}

#[async_trait]
impl Acknowledger for Told {
    fn configure(&self, _: AckRef, data: &mut AckData, options: AckOptions<'_>) -> Result<()> {
        let text = options.get::<&'static str>()?;
        self.0.push(format!("configured {text}"));
        *data = AckData::any((*text).to_owned());
        Ok(())
    }

    async fn ack(&self, _: AckRef, settled: Settled<'_>) -> AckReport {
        let texts = settled.successful.iter().filter_map(|settlement| settlement.data.get::<String>());
        texts.for_each(|text| self.0.push(format!("acknowledged {text}")));
        AckReport::delivered()
    }
}

#[tokio::test(start_paused = true)]
async fn t058_options_come_to_the_acknowledger_at_once_and_back_with_the_verdict() {
    within(async {
        let told = Log::new();
        let log = told.clone();
        let pipeline = Builder::new(
            "options",
            move |_| Configurable(log.clone()),
            |message| async { Ok(message.configure_ack("with care")?) }.boxed(),
        );
        assert_settled(&pipeline.start_link().await.unwrap().wait().await.unwrap());
        assert_eq!(told.all(), ["configured with care", "acknowledged with care"]);
    })
    .await;
}
