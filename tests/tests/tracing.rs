//! What a pipeline tells `tracing`: the spans and events of `docs/telemetry.md`, all of them and no others, without data.

use std::{collections::BTreeMap, fs, path::Path};

use broadway::{
    Builder, Closures, DefaultBatcher, Incoming, Next, Outbox, Pipeline, Producer, Result, async_trait,
    observe::{ChunkStart, Observer, Place},
    testing::TestProducer,
};
use broadway_tests::{Listener, Recorder, Scripted, Step, Told, assert_settled, markdown, ms, within};
use futures::FutureExt;

type Batch = broadway::Batch<Closures<u64, u64, DefaultBatcher>>;

/// Messages are this, and it must not be seen anywhere.
const SECRET: u64 = 7_391_846_205;

/// A row of the table: kind, level, target, name, fields.
type Row = (String, String, String, Vec<String>);

/// The table of the document, by name.
fn table() -> BTreeMap<String, Row> {
    let text = markdown::read("docs/telemetry.md");
    let rows = text.lines().filter(|line| line.starts_with("| span |") || line.starts_with("| event |"));
    let plain = |cell: &str| cell.trim().trim_matches('`').to_owned();
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let mut fields: Vec<String> = cells[5].split_whitespace().map(plain).collect();
        fields.sort();
        (plain(cells[4]), (plain(cells[1]), plain(cells[2]), plain(cells[3]), fields))
    })
    .collect()
}

fn row(told: &Told) -> Row {
    let mut fields = told.fields.clone();
    fields.sort();
    (told.kind.to_owned(), told.level.clone(), told.target.clone(), fields)
}

/// Fails some messages, exchanges one, and has a batcher.
fn troubled(producer: Scripted) -> Builder<u64, u64> {
    Builder::new(
        "troubled",
        move |_| producer.another(),
        |message| {
            let data = message.data - SECRET;
            async move {
                match data {
                    1 => Err("an error".into()),
                    2 => panic!("a panic"),
                    _ => Ok(data),
                }
            }
            .boxed()
        },
    )
    .topology(|topology| {
        topology.producers.rate_limiting(4, 100);
        topology.processors.stages(1).max_demand(8);
        topology.batcher("default").batch_size(2).batch_timeout(20);
    })
    .prepare_messages(|messages| {
        let fails = messages.iter().any(|message| message.data == SECRET + 9);
        async move { if fails { Err("not prepared".into()) } else { Ok(()) } }.boxed()
    })
    .handle_failed(|_| async { Err("no dead letters".into()) }.boxed())
    .handle_batch(|batch: &mut Batch| {
        let fails = batch.outputs().contains(&5);
        async move { if fails { Err("no database".into()) } else { Ok(()) } }.boxed()
    })
    .on_stop(|| async { Err("no farewell".into()) }.boxed())
}

fn secrets(numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
    numbers.into_iter().map(|number| SECRET + number).collect()
}

/// Runs in which everything happens that can happen without killing the process.
async fn everything() {
    // Failures, errors of the producer, verdicts that do not arrive, the rate limit.
    let recorder = Recorder::default();
    recorder.refuse(SECRET + 3);
    recorder.panic(1);
    let script = [Step::Fail(secrets(0..6)), Step::Emit(secrets(6..10)), Step::Finish(secrets(10..12))];
    let producer = Scripted::new(&recorder, script).failing_to_connect(["not yet"]);
    let pipeline = troubled(producer).observer(Panics).start_link().await.unwrap();
    assert_settled(&pipeline.wait().await.unwrap());

    // Verdicts that never arrive; a crash too many.
    let recorder = Recorder::default();
    recorder.panic(5);
    let pipeline = troubled(Scripted::new(&recorder, [Step::Finish(secrets([0]))])).start_link().await.unwrap();
    assert_eq!(pipeline.wait().await.unwrap().undelivered, 1);
    let script = [Step::Emit(secrets([0, 3]))].into_iter().chain((0..20).map(|_| Step::Panic(vec![])));
    let pipeline = troubled(Scripted::new(&recorder, script)).start_link().await.unwrap();
    pipeline.wait().await.unwrap_err();

    // A message that is taken, a handler that hangs, a producer that never connects and one that cannot drain.
    let pipeline = thief().start_link().await.unwrap();
    tokio::time::sleep(ms(10)).await;
    pipeline.stop_within(ms(200)).await.unwrap();
    let pipeline = Builder::<u64, ()>::new("unconnected", |_| Unconnected, |_| async { Ok(()) }.boxed());
    drop(pipeline.start_link().await.unwrap());
    // A channel whose pipeline never was.
    let (sender, receiver) = broadway::channel(1);
    sender.try_send(SECRET).unwrap();
    drop(receiver);
    retried().await;
    undrained().await.stop().await.unwrap();
    stages().await;
}

/// Stages to which everything happens.
async fn stages() {
    use broadway::stage::{self, ConsumerSupervisor, from_iter, stream, to, transform};
    use futures::TryStreamExt;

    // Cannot connect at first, crashes, and then refuses an event.
    let even = |n: u64| if n.is_multiple_of(2) { Ok(n) } else { Err("odd") };
    let producers = stage::producer(Box::new(Unsteady(0)) as Box<dyn Producer<Data = u64>>)
        .restart(move || Box::new(transform(from_iter(secrets([0, 1])), even)));
    let unsteady = producers.start().await.unwrap();
    assert_eq!(stream([&unsteady]).unwrap().try_collect::<Vec<u64>>().await.unwrap().len(), 1);
    // Cannot crash again, cannot drain, is stopped with events that nobody asked for, of which a
    // function is told that panics; a child fails.
    let crashing = stage::producer(Unsteady(1)).start().await.unwrap();
    stream([&crashing]).unwrap().try_collect::<Vec<u64>>().await.unwrap_err();
    let undrained = stage::producer(Undrained).start().await.unwrap();
    undrained.drain();
    assert_eq!(stream([&undrained]).unwrap().try_collect::<Vec<u64>>().await.unwrap(), [SECRET]);
    let undrained = stage::producer(Undrained).on_discard(|_| panic!("no metric")).start().await.unwrap();
    undrained.drain();
    tokio::time::sleep(ms(1)).await;
    undrained.stop();
    undrained.ended().await;
    let numbers = stage::producer(from_iter(secrets([0]))).start().await.unwrap();
    let children = ConsumerSupervisor::temporary(|_: u64| async { Err("no child".into()) });
    stage::consumer(children).subscribe_to(to(&numbers)).start().await.unwrap().ended().await;
}

/// Fails to connect if it never has, and crashes when it is asked.
struct Unsteady(u32);

#[async_trait]
impl Producer for Unsteady {
    type Data = u64;

    async fn init(&mut self, _context: &mut broadway::ProducerContext) -> Result<()> {
        self.0 += 1;
        if self.0 == 1 { Err("not yet".into()) } else { Ok(()) }
    }

    async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<u64>) -> Result<Next> {
        panic!("crash")
    }
}

/// Takes the data's message away, and hangs.
fn thief() -> Builder<u64, ()> {
    let producer = TestProducer::of(secrets([0, 1]));
    Builder::new("thief", move |_| producer.clone(), |_| async { std::future::pending().await }.boxed())
        .prepare_messages(|messages| {
            if messages.len() == 2 {
                let mut other = broadway::Message::test(0);
                std::mem::swap(&mut messages[0], &mut other);
            }
            async { Ok(()) }.boxed()
        })
        .topology(|topology| {
            topology.processors.stages(1);
        })
}

/// An observer that panics.
struct Panics;

impl Observer for Panics {
    fn processor_start(&self, _at: &Place<'_>, _chunk: &ChunkStart) {
        panic!("the observer's panic");
    }
}

struct Unconnected;

#[async_trait]
impl Producer for Unconnected {
    type Data = u64;

    async fn init(&mut self, _context: &mut broadway::ProducerContext) -> Result<()> {
        std::future::pending().await
    }

    async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<u64>) -> Result<Next> {
        Ok(Next::Finished)
    }
}

/// Messages and batches are tried again; one batch cannot be.
async fn retried() {
    let source = TestProducer::of(secrets(0..4));
    let pipeline = Builder::new(
        "retried",
        move |_| source.clone(),
        |message| {
            let (data, attempt) = (message.data - SECRET, message.attempt());
            async move { if data == 0 && attempt == 1 { Err("once".into()) } else { Ok(data) } }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.retry(|retry| retry.attempts(2));
        topology.batcher("default").batch_size(1).retry(|retry| retry.attempts(2));
    })
    .handle_batch(|batch: &mut Batch| {
        if batch.outputs() == [1] {
            batch.take_outputs();
        }
        async { Err("no database".into()) }.boxed()
    });
    pipeline.start_link().await.unwrap().wait().await.unwrap();
}

async fn undrained() -> Pipeline {
    let pipeline = Builder::<u64, ()>::new("undrained", |_| Undrained, |_| async { Ok(()) }.boxed());
    pipeline.start_link().await.unwrap()
}

struct Undrained;

#[async_trait]
impl Producer for Undrained {
    type Data = u64;

    async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<u64>) -> Result<Next> {
        std::future::pending().await
    }

    async fn prepare_for_draining(&mut self, out: &mut Outbox<u64>) -> Result<()> {
        out.push(Incoming::new(SECRET));
        Err("not drained".into())
    }
}

/// Runs with a listener on this thread.
async fn listening<F: Future>(run: F) -> (Listener, F::Output) {
    let listener = Listener::default();
    let guard = tracing::subscriber::set_default(listener.clone());
    let output = within(run).await;
    drop(guard);
    (listener, output)
}

#[tokio::test(start_paused = true)]
async fn every_span_and_event_is_in_the_table_with_its_level_target_and_fields() {
    let (listener, ()) = listening(everything()).await;
    let (table, told) = (table(), listener.told());
    for told in &told {
        let expected = table.get(&told.name).unwrap_or_else(|| panic!("docs/telemetry.md does not list {told}"));
        assert_eq!(row(told), *expected, "{}", told.name);
    }
    // A signal has a test of its own; leases that are not renewed, and a process without signals, are not worth a run here.
    let elsewhere = ["signal", "no_signals", "not_extended", "extend_panicked"];
    let emitted = |name: &str| elsewhere.contains(&name) || told.iter().any(|told| told.name == name);
    let missing: Vec<_> = table.keys().filter(|name| !emitted(name)).collect();
    assert!(missing.is_empty(), "listed and not emitted: {missing:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_told_never_holds_the_data_of_a_message() {
    let (listener, ()) = listening(everything()).await;
    let told = listener.told();
    assert!(told.len() > 100);
    for told in told {
        assert!(!told.values.values().any(|value| value.contains(&SECRET.to_string())), "{told:?}");
    }
}

/// Nothing is told elsewhere, so that the table can be whole.
#[test]
fn the_runtime_tells_nothing_but_what_its_telemetry_tells() {
    fn look(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("telemetry") {
                look(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let macros = ["error", "warn", "info", "debug", "trace", "event", "span"];
                let told = macros.iter().any(|name| {
                    text.contains(&format!("tracing::{name}!")) || text.contains(&format!("tracing::{name}_span!"))
                });
                found.extend(told.then(|| path.display().to_string()));
            }
        }
    }
    let mut found = Vec::new();
    look(&markdown::root().join("runtime/src"), &mut found);
    assert!(found.is_empty(), "add to `runtime/src/telemetry/events.rs` what these say: {found:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_is_told_as_the_table_says() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let pipeline = undrained().await;
    let signal = async {
        // `run_until_signal` is polled first, and listens by now.
        let killed = std::process::Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
        assert!(killed.unwrap().success());
    };
    let (ended, ()) = broadway_tests::within_real(async { tokio::join!(pipeline.run_until_signal(), signal) }).await;
    ended.unwrap();
    let told = listener.the("signal");
    assert_eq!((row(&told), told.value("pipeline")), (table()["signal"].clone(), "undrained"));
}

async fn batches(stages: u64) -> Pipeline {
    let producer = TestProducer::of(0..7u64);
    Builder::new(
        "told",
        move |_| producer.clone(),
        |message| {
            let data = message.data;
            async move { if data == 3 { Err("three".into()) } else { Ok(data) } }.boxed()
        },
    )
    .topology(|topology| {
        topology.processors.stages(stages).max_demand(10).min_demand(3);
        topology.batcher("default").batch_size(4);
    })
    .handle_batch(|_| async { Ok(()) }.boxed())
    .start_link()
    .await
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_span_says_at_its_end_what_became_of_its_messages() {
    let (listener, report) = listening(async { batches(1).await.wait().await.unwrap() }).await;
    assert_eq!((report.acknowledged, report.failed), (6, 1));
    let chunk = listener.the("processor");
    let values =
        ["pipeline", "stage", "index", "messages", "successful", "failed", "forwarded"].map(|field| chunk.value(field));
    assert_eq!(values, ["told", "processor_default_0", "0", "7", "0", "1", "6"]);
    let take = listener.the("batcher");
    assert_eq!(["batcher", "messages", "pending"].map(|field| take.value(field)), ["default", "6", "6"]);
    let batches = listener.named("batch_processor");
    let brief: Vec<_> = batches
        .iter()
        .map(|batch| ["batcher", "messages", "trigger", "successful", "failed"].map(|field| batch.value(field)))
        .collect();
    assert_eq!(brief, [["default", "4", "size", "4", "0"], ["default", "2", "flush", "2", "0"]]);
    let failed = listener.the("handle_failed");
    assert_eq!((failed.value("stage"), failed.value("messages")), ("processor_default_0", "1"));
    let acks = listener.named("ack");
    let brief: Vec<_> = acks
        .iter()
        .map(|ack| ["attempt", "successful", "failed", "released", "undelivered"].map(|field| ack.value(field)))
        .collect();
    assert_eq!(brief, [["1", "0", "1", "0", "0"], ["1", "4", "0", "0", "0"], ["1", "2", "0", "0", "0"]]);
    assert_eq!(
        [
            listener.named("message").len(),
            listener.named("message_stop").len(),
            listener.named("message_exception").len()
        ],
        [7, 6, 1]
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_names_its_pipeline_its_supervisor_and_its_reason() {
    let producer = Scripted::new(&Recorder::default(), [Step::Panic(vec![]), Step::Finish(vec![])]);
    let (listener, report) =
        listening(async { troubled(producer).start_link().await.unwrap().wait().await.unwrap() }).await;
    assert_eq!(report.restarts, 1);
    let crashed = listener.the("crashed");
    let values = ["pipeline", "supervisor", "child", "reason"].map(|field| crashed.value(field));
    assert_eq!(values, ["troubled", "producers", "producer_0", "told to panic"]);
}
