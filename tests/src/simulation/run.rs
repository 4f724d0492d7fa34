//! Runs a scenario, from the start of its pipeline to the last check.

use std::panic::{AssertUnwindSafe, catch_unwind};

use broadway::{Handle, Pipeline, Report, StartError, StartLink, StopError, testing::Schedule};
use futures::{
    FutureExt,
    future::{FusedFuture, join4},
};
use tokio::time::{Instant, sleep_until};

use super::{Book, Ending, Left, Picker, Scenario, Simulated, Tally, limits, looks, oracle, push, quiet};
use crate::ms;

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What it contained.
    pub tally: Tally,
    /// Which promises were broken.
    pub violations: Vec<String>,
    /// The same for two runs that went the same way.
    pub hash: u64,
    /// Choices that were made.
    pub steps: u64,
    /// The events, if they were asked for.
    pub lines: Vec<String>,
    /// What is left of it.
    pub left: Left,
}

/// How a pipeline ended, and when it was told to.
#[derive(Debug)]
pub(super) struct End {
    pub(super) ending: Result<Report, StopError>,
    /// Milliseconds after the start; `None` if it was never told.
    pub(super) stopped_at: Option<u64>,
    pub(super) ended_at: u64,
}

/// Longer is never.
const NEVER: u64 = 100 * 24 * 3600 * 1000;

/// Runs it.
pub fn run(scenario: &Scenario, verbose: bool) -> Outcome {
    quiet::panics();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime of one thread");
    let book = {
        let _entered = runtime.enter();
        Book::new(scenario, verbose)
    };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async { Schedule::run(Picker::new(scenario, &book), live(book.clone())).await })
    }));
    drop(runtime);
    let mut entries = book.open();
    match ended {
        Ok(Some(end)) => oracle::check(&mut entries, &end),
        Ok(None) => oracle::not_started(&mut entries),
        Err(panic) => {
            entries.check(false, || format!("the run panicked: {}", quiet::panic_text(&*panic)));
        }
    }
    let tally = std::mem::take(&mut entries.tally);
    let violations = std::mem::take(&mut entries.violations);
    let (hash, steps, lines) = (entries.hash(), entries.steps, entries.lines().to_vec());
    drop(entries);
    Outcome { tally, violations, hash, steps, lines, left: book.close() }
}

/// One pipeline's life; `None` if it did not start, as it should not.
async fn live(book: Book) -> Option<End> {
    let ending = book.open().scenario.ending;
    let pipeline = match Simulated(book.clone()).start_link().await {
        Ok(pipeline) => pipeline,
        Err(StartError::OnStart { .. }) => return None,
        Err(error) => panic!("it did not start: {error}"),
    };
    let handle = pipeline.handle();
    book.set_pipeline(Some(handle.clone()));
    let around = join4(
        pause(&book, &handle),
        limits::change(&book, &handle),
        looks::look(&book, &handle),
        push::all(&book, &handle),
    );
    let mut around = std::pin::pin!(around.fuse());
    let ended = tokio::select! {
        biased;
        ended = tokio::time::timeout(ms(NEVER), end(&book, pipeline, ending)) => ended,
        () = async { (&mut around).await; std::future::pending().await } => unreachable!("nothing comes after it"),
    };
    let (ending, stopped_at) = ended.unwrap_or_else(|_| panic!("it hangs"));
    let ended_at = book.now();
    book.note("end", ended_at, format_args!("{ending:?}"));
    // Whoever waits for a message is told, and no push is taken any more.
    if !around.is_terminated() && tokio::time::timeout(ms(1000), around).await.is_err() {
        book.open().check(false, || "somebody waits for ever for what they pushed".into());
    }
    looks::last(&book, &handle, &ending);
    Some(End { ending, stopped_at, ended_at })
}

/// Pauses, one after the other.
async fn pause(book: &Book, pipeline: &Handle) {
    let pauses = book.open().scenario.pauses.clone();
    for (at, time) in pauses {
        sleep_until(book.started() + ms(at)).await;
        pipeline.pause();
        book.note("pause", time, "");
        book.open().paused = true;
        book.sleep(time).await;
        book.open().paused = false;
        pipeline.resume();
        book.open().tally.count("pauses", 1);
    }
}

async fn end(book: &Book, pipeline: Pipeline, ending: Ending) -> (Result<Report, StopError>, Option<u64>) {
    let start = book.started();
    let stop = async |at: u64| {
        tokio::select! {
            biased;
            () = sleep_until(start + ms(at)) => {}
            () = book.stops() => {}
        }
        book.note("stop", at, "");
        book.now()
    };
    match ending {
        Ending::Finish => (pipeline.wait().await, None),
        Ending::Ample { at } => {
            let at = stop(at).await;
            (pipeline.stop_within(ms(NEVER)).await, Some(at))
        }
        Ending::Stop { at, within } => {
            let at = stop(at).await;
            (pipeline.stop_within(ms(within)).await, Some(at))
        }
        Ending::Twice { at, within, after, sooner } => {
            let at = stop(at).await;
            let again = async {
                sleep_until(Instant::now() + ms(after)).await;
                let ended = pipeline.stop_within(ms(sooner)).await;
                std::future::pending::<()>().await;
                ended
            };
            let ended = tokio::select! {
                biased;
                ended = pipeline.stop_within(ms(within)) => ended,
                ended = again => ended,
            };
            (ended, Some(at))
        }
        Ending::Signals { at, after } => {
            let at = stop(at).await;
            pipeline.signal(1);
            let again = async {
                sleep_until(Instant::now() + ms(after)).await;
                pipeline.signal(2);
                std::future::pending().await
            };
            let ended = tokio::select! {
                biased;
                ended = pipeline.wait() => ended,
                () = again => unreachable!("nothing comes after it"),
            };
            (ended, Some(at))
        }
        Ending::Dropped { at } => {
            let at = stop(at).await;
            let handle = pipeline.handle();
            drop(pipeline);
            (handle.ended().await, Some(at))
        }
    }
}
