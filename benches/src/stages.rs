//! Plain events through stages, beside the same through channels and a stream.

use broadway_benches::{
    effort::{Effort, Turn},
    events::{Numbers, channels, stages},
    table::Table,
    targets,
};

use crate::{bench::Bench, ratios::side_by_side};

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    let about = "Numbers are counted up, with three stages mapped, and added up; the sum is compared. `max_demand` is 1,000, so \
                 chunks have 500 events; a channel holds two such chunks, or one, which bounds what is at a consumer to the \
                 1,000 that `max_demand` does. The stream is one task without any hand-over; there, and where a channel has \
                 an event at a time, the consumer is called for each event. On two runtime threads unless said otherwise.";
    let mut table = Table::new("Stages", about, Table::SIDE_BY_SIDE);
    // Where chunks travel, as many events as there are messages elsewhere would be over in a moment.
    let many = 20 * bench.effort.messages;
    for (name, are_mapped) in [("two stages", false), ("three stages", true)] {
        let (numbers, few) = (Numbers::below(many, are_mapped), Numbers::below(bench.effort.messages, are_mapped));
        let mut row = |theirs: &str, target, ours: Turn<'_>, beside: Turn<'_>| {
            table.push(side_by_side(bench, &format!("{name} / {theirs}"), target, ours, beside));
        };
        let target = (!are_mapped).then_some(&targets::STAGES);
        for (threads, on) in [("", &bench.two), (", 1 thread", &bench.one)] {
            for (chunks, target) in [(2, target.filter(|_| threads.is_empty())), (1, None)] {
                let ours = Bench::rate(on, many, move |_| stages::run(numbers));
                let beside = Bench::rate(on, many, move |_| channels::chunks(numbers, chunks));
                row(&format!("`mpsc` of chunks, {chunks} waiting{threads}"), target, ours, beside);
            }
        }
        let two = &bench.two;
        let stream = Bench::rate(two, many, move |_| channels::stream(numbers));
        row("`futures::Stream`", None, Bench::rate(two, many, move |_| stages::run(numbers)), stream);
        let Effort { messages, .. } = bench.effort;
        let events = Bench::rate(two, messages, move |_| channels::one_at_a_time(few));
        row("`mpsc` an event", None, Bench::rate(two, messages, move |_| stages::run(few)), events);
    }
    vec![table]
}
