//! Messages that stay in order by what they are about.

mod skewed;

use broadway_benches::{
    ours::{self, PARTITIONED, Shape},
    row::Row,
    table::Table,
    targets,
};

use crate::bench::Bench;

pub(crate) fn measure(bench: &Bench) -> Vec<Table> {
    let about = "Both layers partitioned, a partition for each number, beside the same topology without: 4 producers, 4 \
                 processors, 2 batch processors. With skew, 20 processors and 1,000 partitions, of which the k-th gets a share of 1/k \
                 (Zipf), beside all alike.";
    let mut table = Table::new("Partitions", about, Table::SIDE_BY_SIDE);
    let (n, two) = (bench.effort.messages, &bench.two);
    let rate = |shape: Shape| Bench::rate(two, n, move |n| ours::run(n, shape));

    let plain = Shape { partitioned: false, ..PARTITIONED };
    let values = bench.effort.in_turns(&[rate(PARTITIONED), rate(plain)]);
    let row = Row::side_by_side("partitioned / not, 10/5, batches of 10", &values[0], &values[1]);
    table.push(row.ratio_target(&targets::PARTITIONED, &values[0], &values[1]));

    let tuned = |shape| Shape { max_demand: 1000, batch_size: Some(100), ..shape };
    let values = bench.effort.in_turns(&[rate(tuned(PARTITIONED)), rate(tuned(plain))]);
    table.push(Row::side_by_side("partitioned / not, tuned 1000/100", &values[0], &values[1]));

    let (zipf, uniform) = (skewed::zipf(), skewed::uniform());
    let rate = |keys: &skewed::Keys| {
        let keys = keys.clone();
        Bench::rate(two, n, move |n| skewed::run(n, keys.clone()))
    };
    let values = bench.effort.in_turns(&[rate(&zipf), rate(&uniform)]);
    table.push(Row::side_by_side("skewed (Zipf) / uniform, 10/5, batches of 10", &values[0], &values[1]));
    vec![table]
}
