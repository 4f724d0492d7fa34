//! The example counts what is in the file.

use std::{collections::BTreeMap, io::Read, process::Command};

use flate2::read::GzDecoder;

#[test]
fn every_flight_is_counted() {
    let mut text = String::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../flights/data/flights-2013-01.csv.gz");
    GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    let mut expected: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut columns = line.split(',');
        let cancelled = columns.nth(3) == Some("NA");
        let counts = expected.entry(columns.nth(5).unwrap()).or_default();
        *counts = (counts.0 + 1, counts.1 + u64::from(cancelled));
    }

    let output = Command::new(env!("CARGO_BIN_EXE_without_macro")).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = out.lines().collect();
    let [_, carriers @ .., report] = &lines[..] else { panic!("{out}") };
    let found = carriers.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found: Vec<_> = found.map(|words| (words[0], (words[1].parse().unwrap(), words[2].parse().unwrap()))).collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    assert!(report.starts_with("finished: 27004 acknowledged, 0 failed, 0 released in "), "{report}");
}
