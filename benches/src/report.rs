//! All that is measured, and a line for each target.

use broadway_benches::{row::Row, table::Table, targets};

use crate::{
    bench::Bench, counted, efficiency, keys, latency, life, memory, partitions, payloads, ratios, scale, stages,
};

type Group = (&'static str, fn(&Bench) -> Vec<Table>);

/// What is measured together, in the order of the report.
const GROUPS: [Group; 11] = [
    ("ratios", ratios::measure),
    ("partitions", partitions::measure),
    ("efficiency", efficiency::measure),
    ("latency", latency::measure),
    ("scale", scale::measure),
    ("keys", keys::measure),
    ("payloads", payloads::measure),
    ("life", life::measure),
    ("memory", memory::measure),
    ("stages", stages::measure),
    ("counted", counted::measure),
];

/// Measures the groups whose names begin so, and prints their tables as Markdown.
pub(crate) fn print(bench: &Bench, only: &str) {
    let groups = GROUPS.into_iter().filter(|(name, _)| name.starts_with(only));
    let tables: Vec<Table> = groups.flat_map(|(_, measure)| measure(bench)).collect();
    println!("{}", targets_met(&tables));
    for table in &tables {
        println!("{table}");
    }
}

/// A line for each target there is; what was left out says so.
fn targets_met(tables: &[Table]) -> Table {
    let heads = ["what", "measured with", "figure"];
    let mut table = Table::new("Targets", "Each with the figure that it is judged by.", heads);
    let rows = || tables.iter().flat_map(Table::rows);
    for target in targets::ALL {
        let figure = rows().filter_map(Row::judged).find(|(judged, ..)| judged.what == target.what);
        let row = Row::new(target.what).cell(format_args!("`{}`", target.command));
        table.push(match figure {
            Some((_, figure, _)) => row.cell(target.figure(figure)).target(target, figure),
            None => row.cell("not measured"),
        });
    }
    table
}
