//! Ours beside hand-written pipelines of the same shape, and beside ours with something changed.

use broadway_benches::{
    bare,
    effort::Turn,
    hand_written,
    ours::{self, NO_BATCHER, SEED_DECK, Shape, TUNED},
    row::Row,
    sample::Sample,
    table::Table,
    target::Target,
    targets,
    threads::block_on,
};

use crate::{bench::Bench, plot::Bar};

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    for shape in [SEED_DECK, NO_BATCHER, TUNED] {
        block_on(&bench.two, ours::check(bench.effort.messages, shape));
    }
    vec![hand_written(bench), changed(bench)]
}

fn hand_written(bench: &Bench) -> Table {
    let about = "The same shape with tokio alone: `mpsc` channels a message or a chunk, or one `Stream` in one task \
                 (`buffer_unordered(20)`, `chunks_timeout(10)`). On two runtime threads unless said otherwise.";
    let mut table = Table::new("Beside hand-written pipelines", about, Table::SIDE_BY_SIDE);
    let (n, two) = (bench.effort.messages, &bench.two);
    let mut bars = Vec::new();
    let mut row = |what: &'static str, target: Option<&'static Target>, ours: Turn<'_>, theirs: Turn<'_>| {
        let values = bench.effort.in_turns(&[ours, theirs]);
        let row = Row::side_by_side(what, &values[0], &values[1]);
        let ratio = Sample::ratio(&values[0], &values[1]).median();
        table.push(match target {
            Some(target) => row.target(target, ratio),
            None => row,
        });
        bars.push(Bar { name: what, value: ratio, target: target.map(|target| target.bound) });
    };
    let ours = |shape: Shape| Bench::rate(two, n, move |n| ours::run(n, shape));
    let chunks = |chunk, batch| Bench::rate(two, n, move |n| hand_written::chunks(n, 20, chunk, batch));

    row("seed deck / mpsc of chunks", Some(&targets::SEED_DECK_CHUNKS), ours(SEED_DECK), chunks(5, Some(10)));
    let messages = Bench::rate(two, n, |n| hand_written::messages_in_batches(n, 20, 10, 10));
    row("seed deck / mpsc a message", Some(&targets::SEED_DECK_MESSAGES), ours(SEED_DECK), messages);
    let stream = Bench::rate(two, n, |n| hand_written::stream(n, 20, 10));
    row("seed deck / one stream", None, ours(SEED_DECK), stream);
    row("no batcher / mpsc of chunks", Some(&targets::NO_BATCHER), ours(NO_BATCHER), chunks(5, None));
    let messages = Bench::rate(two, n, |n| hand_written::messages(n, 20, 10));
    row("no batcher / mpsc a message", None, ours(NO_BATCHER), messages);
    let unbatched_tuned = Shape { max_demand: 1000, ..NO_BATCHER };
    row("no batcher, demand 1000 / chunks of 500", None, ours(unbatched_tuned), chunks(500, None));
    row("tuned 1000/100 / chunks of 500", Some(&targets::TUNED), ours(TUNED), chunks(500, Some(100)));

    let one = &bench.one;
    let our_one = Bench::rate(one, n, |n| ours::run(n, SEED_DECK));
    let their_one = Bench::rate(one, n, |n| hand_written::chunks(n, 20, 5, Some(10)));
    row("seed deck / mpsc of chunks, 1 thread", None, our_one, their_one);
    bench.plots.bars("ratios.svg", "Times as fast as hand-written, and the target", &bars);
    table.plot("ratios.svg");
    table
}

fn changed(bench: &Bench) -> Table {
    let about = "The seed deck beside itself, with one thing changed. `benches/without_telemetry` is the runtime without \
                 telemetry.";
    let mut table = Table::new("Beside itself", about, Table::SIDE_BY_SIDE);
    let (n, one, two) = (bench.effort.messages, &bench.one, &bench.two);
    let seed_deck = |on| Bench::rate(on, n, |n| ours::run(n, SEED_DECK));
    let values = bench.effort.in_turns(&[seed_deck(two), seed_deck(one)]);
    let row = Row::side_by_side("2 threads / 1 thread", &values[0], &values[1]);
    table.push(row.ratio_target(&targets::THREADS, &values[0], &values[1]));
    let no_batcher = |on| Bench::rate(on, n, |n| ours::run(n, NO_BATCHER));
    let values = bench.effort.in_turns(&[no_batcher(two), no_batcher(one)]);
    table.push(Row::side_by_side("no batcher, 2 threads / 1 thread", &values[0], &values[1]));

    let bare = Bench::rate(one, n, |n| bare::ours::run(n, bare::ours::SEED_DECK));
    let values = bench.effort.in_turns(&[seed_deck(one), bare]);
    let row = Row::side_by_side("nobody listens / telemetry left out, 1 thread", &values[0], &values[1]);
    let cost = (1.0 - Sample::ratio(&values[0], &values[1]).median()) * 100.0;
    table.push(row.target(&targets::TELEMETRY, cost));

    let observed = Bench::rate(one, n, |n| ours::run_observed(n, SEED_DECK));
    let values = bench.effort.in_turns(&[observed, seed_deck(one)]);
    table.push(Row::side_by_side("an observer that does nothing / none, 1 thread", &values[0], &values[1]));
    table
}

pub(crate) fn side_by_side(
    bench: &Bench,
    what: &str,
    target: Option<&'static Target>,
    ours: Turn<'_>,
    theirs: Turn<'_>,
) -> Row {
    let values = bench.effort.in_turns(&[ours, theirs]);
    let row = Row::side_by_side(what, &values[0], &values[1]);
    match target {
        Some(target) => row.ratio_target(target, &values[0], &values[1]),
        None => row,
    }
}
