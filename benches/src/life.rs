//! Starting and stopping.

mod full;
mod starting;

use broadway_benches::{row::Row, sample::Sample, table::Table, target::Target, targets};

use crate::bench::Bench;

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    let about = "A start is `start_link` until it has returned a pipeline whose producers are connected. A drain is `stop`, from the moment \
                 at which handlers that held all of 10,000 messages go on, until every one of them is acknowledged and all \
                 stages have ended.";
    let mut table = Table::new("Start and drain", about, ["what", "ms", "least to most"]);
    let rounds = bench.effort.rounds * 5;
    let mut row = |what: &str, target: Option<&'static Target>, turn: &dyn Fn() -> f64| {
        let times: Vec<f64> = (0..=rounds).map(|_| turn()).collect();
        let time = Sample::new(times[1..].to_vec());
        let row = Row::new(what).cell(format_args!("{time:.2}")).cell(time.spread(2));
        table.push(match target {
            Some(target) => row.target(target, time.median()),
            None => row,
        });
    };
    row("start of 20 processors", Some(&targets::START), &|| starting::measure(bench, 1, None));
    row("start of the seed deck", None, &|| starting::measure(bench, 4, Some(10)));
    row("drain, no batcher", Some(&targets::DRAIN), &|| full::drain(bench, None));
    row("drain, batches of 10", Some(&targets::DRAIN_IN_BATCHES), &|| full::drain(bench, Some(10)));
    vec![table]
}
