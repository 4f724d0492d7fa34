//! Other Rust frameworks on the same messages, each in the way that its own documentation has for speed. Prints a table as Markdown.

mod jobs;
mod ours;
mod rust_stream;
mod tally;

use std::{future::Future, sync::Arc};

use broadway_benches::{
    effort::{Effort, Turn},
    row::Row,
    table::Table,
    threads::{block_on, runtime},
};
use tally::Tally;
use tokio::runtime::Runtime;

const ABOUT: &str = "Numbers of 8 bytes that the process itself gives away, handled by handlers that add them up, on two runtime threads. \
Ours takes them from `broadway::channel`, with 20 processors and, where there are batches, a batcher of 10. RustStream 0.7 has its \
in-process broker and its byte lane: one handler after the other, a pool of 20 workers, or batches of 10. apalis 1.0 has its memory \
storage, filled before the clock starts, and `concurrency(20)` with and without `parallelize(tokio::spawn)`. They promise different things: \
RustStream's broker and apalis' storage take in what they are given without a bound.";

fn main() -> Result<(), lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut effort = Effort::FULL;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("quick") => effort = Effort::QUICK,
            // It draws nothing.
            lexopt::Arg::Long("plots") => drop(parser.value()?),
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected()),
        }
    }
    print!("{}", measure(effort.part(4)));
    Ok(())
}

fn measure(effort: Effort) -> Table {
    let (two, n) = (&runtime(2), effort.messages);
    let mut table = Table::new("Beside other frameworks", ABOUT, Table::SIDE_BY_SIDE);
    let mut row = |what: &str, ours: Turn<'_>, theirs: Turn<'_>| {
        let values = effort.in_turns(&[ours, theirs]);
        table.push(Row::side_by_side(what, &values[0], &values[1]));
    };
    let unbatched = || turn(two, n, ours::unbatched);
    row("no batcher / RustStream, one after the other", unbatched(), turn(two, n, rust_stream::sequential));
    row("no batcher / RustStream, 20 workers", unbatched(), turn(two, n, rust_stream::pooled));
    row("batches of 10 / RustStream, batches of 10", turn(two, n, ours::batched), turn(two, n, rust_stream::batched));
    row("no batcher / apalis, concurrency 20", unbatched(), turn(two, n, jobs::concurrent));
    row("no batcher / apalis, concurrency 20, spawned", unbatched(), turn(two, n, jobs::spawned));
    table
}

/// Millions of messages a second; each run says itself when its clock starts, and all have to add up.
fn turn<'a, F>(on: &'a Runtime, messages: u64, run: impl Fn(Arc<Tally>) -> F + 'a) -> Turn<'a>
where
    F: Future<Output = ()> + Send + 'static,
{
    Box::new(move || {
        let tally = Arc::new(Tally::new(messages));
        block_on(on, run(tally.clone()));
        tally.rate()
    })
}
