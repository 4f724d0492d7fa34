//! A transformer makes what the pipeline works on of what the producer emits.

use broadway::{Status, stage::transform, testing::TestProducer};
use broadway_tests::{Log, Recorder, Scripted, Step, assert_settled, within};
use futures::FutureExt;

type Texts = Log<String>;

/// What `handle_message` saw of a producer whose numbers are made texts.
async fn texts(
    source: Scripted,
    convert: impl Fn(u64) -> Result<String, String> + Send + Sync + Clone + 'static,
) -> (broadway::Report, Texts) {
    let (texts, producer) = (Texts::new(), move |_| transform(source.another(), convert.clone()));
    let log = texts.clone();
    let builder = broadway::Builder::new("texts", producer, move |message: &mut broadway::Message<String>| {
        log.push(message.data.clone());
        async { Ok(()) }.boxed()
    });
    let pipeline = builder
        .topology(|topology| {
            topology.processors.stages(1);
        })
        .start_link()
        .await
        .unwrap();
    let report = pipeline.wait().await.unwrap();
    assert_settled(&report);
    (report, texts)
}

fn transformed(number: u64) -> Result<String, String> {
    Ok(format!("{number} transformed"))
}

#[tokio::test(start_paused = true)]
async fn t059_all_that_a_producer_emits_is_transformed() {
    within(async {
        let recorder = Recorder::default();
        let source = Scripted::new(&recorder, [Step::Emit(vec![1, 2]), Step::Finish(vec![3])]);
        let (_, texts) = texts(source, transformed).await;
        assert_eq!(texts.all(), ["1 transformed", "2 transformed", "3 transformed"]);
        assert_eq!(recorder.all(), [1, 2, 3].map(|number| (number, Status::Successful)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t060_what_a_producer_emitted_before_an_error_is_transformed() {
    within(async {
        let recorder = Recorder::default();
        let source = Scripted::new(&recorder, [Step::Fail(vec![1]), Step::Finish(vec![])]);
        assert_eq!(texts(source, transformed).await.1.all(), ["1 transformed"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t061_what_a_producer_hands_over_when_the_pipeline_drains_is_transformed() {
    within(async {
        let (recorder, texts) = (Recorder::default(), Texts::new());
        let (source, log) = (Scripted::new(&recorder, []).holding([1]), texts.clone());
        let producer = move |_| transform(source.another(), transformed);
        let pipeline = broadway::Builder::new("held", producer, move |message: &mut broadway::Message<String>| {
            log.push(message.data.clone());
            async { Ok(()) }.boxed()
        });
        assert_settled(&pipeline.start_link().await.unwrap().stop().await.unwrap());
        assert_eq!(texts.all(), ["1 transformed"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t062_a_transformer_that_panics_fails_its_message_alone_and_the_producer_goes_on() {
    within(async {
        let recorder = Recorder::default();
        let source = Scripted::new(&recorder, [Step::Emit(vec![1, 2]), Step::Emit(vec![3, 4]), Step::Finish(vec![])]);
        let instances = source.clone();
        let (report, texts) = texts(source, |number| if number == 3 { panic!("3") } else { transformed(number) }).await;
        assert_eq!(texts.all(), ["1 transformed", "2 transformed", "4 transformed"]);
        assert_eq!(recorder.all()[2], (3, Status::Failed));
        assert_eq!((report.restarts, instances.instances()), (0, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t116_a_transformer_may_change_the_type_of_what_is_asked_for() {
    within(async {
        let source = TestProducer::of([10u64]);
        let pipeline = broadway::Builder::new(
            "typed",
            move |_| transform(source.clone(), |number: u64| broadway::Result::<_>::Ok(format!("{number} ok"))),
            |message| {
                let text: String = message.data.clone();
                async move { Ok(text) }.boxed()
            },
        );
        let pipeline = pipeline.topology(|topology| {
            topology.batcher("default").batch_size(1);
        });
        let log = Log::new();
        let seen = log.clone();
        let pipeline = pipeline.handle_batch(move |batch| {
            seen.push(batch.outputs().to_vec());
            async { Ok(()) }.boxed()
        });
        assert_settled(&pipeline.start_link().await.unwrap().wait().await.unwrap());
        assert_eq!(log.all(), [["10 ok"]]);
    })
    .await;
}
