//! What a run prints is what the input says, and a second run adds nothing.

mod support;

use std::{collections::BTreeMap, fs, io::Write};

use broadway_sqlite::SqliteQueue;
use support::{Flight, Place, data, flights, january};

#[test]
fn january_is_stored_once_however_often_it_is_run() {
    let place = Place::new();
    let first = place.run(&[]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let cancelled = flights(&january()).values().filter(|flight| flight.cancelled).count();
    assert_eq!(
        first.summary(),
        format!(
            "rows 27004, stored 27004, dead-lettered 0, cancelled {cancelled}, acknowledged 27004, failed 0, released 0"
        )
    );
    place.holds_all_flights_of(&january());
    assert_eq!(place.queued(), 0);

    let second = place.run(&[]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!(
        second.summary(),
        format!(
            "rows 27004, stored 27004, dead-lettered 0, cancelled {cancelled}, acknowledged 0, failed 0, released 0"
        )
    );
    place.holds_all_flights_of(&january());

    let fresh = place.run(&["--fresh"]);
    assert_eq!(fresh.summary(), first.summary());
}

#[test]
fn the_table_has_a_line_for_each_carrier() {
    let run = Place::new().run(&[]);
    let names: BTreeMap<String, String> = data("airlines.csv")
        .lines()
        .filter_map(|line| line.split_once(','))
        .map(|(a, b)| (a.into(), b.into()))
        .collect();
    let flights = flights(&january());
    let mut carriers: BTreeMap<&str, Vec<&Flight>> = BTreeMap::new();
    for flight in flights.values() {
        carriers.entry(&flight.carrier).or_default().push(flight);
    }
    assert_eq!(carriers.len(), 16);
    let line = |title: &str, flights: &[&Flight]| {
        let mean = |delay: fn(&Flight) -> &str| {
            let known: Vec<f64> = flights.iter().filter_map(|flight| delay(flight).parse().ok()).collect();
            known.iter().sum::<f64>() / known.len() as f64
        };
        let cancelled = flights.iter().filter(|flight| flight.cancelled).count();
        let (departure, arrival) = (mean(|flight| &flight.departure_delay), mean(|flight| &flight.arrival_delay));
        format!("{title} {} {cancelled} {departure:.1} {arrival:.1}", flights.len())
    };
    for (code, flights) in &carriers {
        let line = line(&format!("{code} {}", names[*code]), flights);
        assert!(run.says(&line), "`{line}` is not in {}", run.out);
    }
    assert!(run.says(&line("all", &flights.values().collect::<Vec<_>>())), "{}", run.out);
    assert!(run.says("pipeline finished") && run.says("failures 0, 0 of them dead-lettered"), "{}", run.out);
}

#[test]
fn broken_lines_are_dead_lettered_once_each_with_its_reason() {
    let rows = january();
    let mut lines: Vec<&[u8]> = rows.lines().map(str::as_bytes).take(5_001).collect();
    let hour = rows.lines().nth(2_000).unwrap().replacen("2013,1,", "2013,13,", 1);
    lines[10] = b"2013,1,1,517";
    lines[11] = b"";
    lines[2_000] = hour.as_bytes();
    lines[2_001] = b"\xff\xfe";
    lines[5_000] = b"\"";
    let content = lines.join(b"\n".as_slice());
    let place = Place::of(&content);
    let reasons = [
        (10, "expected 19 columns, found 4"),
        (11, "expected 19 columns, found 0"),
        (2_000, "`month`: expected a whole number from 1 to 12, found `13`"),
        (2_001, "expected 19 columns, found 1"),
        (5_000, "expected 19 columns, found 1"),
    ];
    for judged in [[4_995, 5], [0, 0]] {
        let run = place.run(&[]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(["rows", "stored", "dead-lettered"].map(|name| run.number(name)), [5_000, 4_995, 5]);
        assert_eq!(["acknowledged", "failed"].map(|name| run.number(name)), judged);
        assert_eq!(place.dead_letters(), reasons.map(|(row, reason)| (row, reason.to_owned())));
        assert!(reasons.iter().all(|(row, reason)| run.says(&format!("row {row}: {reason}"))), "{}", run.out);
    }
    let line = "SELECT line FROM dead_letters WHERE row = 2001";
    let line: Vec<u8> = place.database().query_row(line, (), |row| row.get(0)).unwrap();
    assert_eq!(line, b"\xff\xfe");
    assert_eq!(place.queued(), 0);
}

#[tokio::test]
async fn a_message_that_is_no_row_stays_in_the_queue_as_a_dead_letter() {
    let rows: String = january().split_inclusive('\n').take(11).collect();
    let place = Place::of(rows.as_bytes());
    fs::create_dir(place.path("data")).unwrap();
    let queue = SqliteQueue::open(place.path("data/flights.queue")).await.unwrap();
    queue.send("hello").await.unwrap();
    let run = place.run(&[]);
    assert_eq!((run.code, run.number("acknowledged"), run.number("failed")), (Some(0), 10, 1), "{run:?}");
    let letters = queue.dead_letters().await.unwrap();
    assert_eq!((letters.len(), &*letters[0].body), (1, b"hello".as_slice()));
    assert!(letters[0].reason.contains("the message does not begin with a row number and a comma"));
}

#[test]
fn other_rows_need_another_folder() {
    let header = january().lines().next().unwrap().to_owned();
    let place = Place::of(header.as_bytes());
    let empty = place.run(&[]);
    assert_eq!((empty.code, empty.number("rows")), (Some(0), 0), "{empty:?}");

    let rows: String = january().split_inclusive('\n').take(101).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(rows.as_bytes()).unwrap();
    fs::write(place.path("rows.csv"), gzip.finish().unwrap()).unwrap();
    let refused = place.run(&[]);
    assert_eq!((refused.code, &*refused.out), (Some(1), ""));
    assert!(refused.err.contains("belongs to another input, of 0 rows"), "{}", refused.err);
    let fresh = place.run(&["--fresh"]);
    assert_eq!((fresh.code, fresh.number("stored")), (Some(0), 100), "{fresh:?}");
    place.holds_all_flights_of(&rows);
}

#[test]
fn what_cannot_run_says_why() {
    let place = Place::of(b"no header\n");
    for (args, code, part) in [
        (&["--nothing"][..], 2, "invalid option '--nothing'; `--help` lists the options"),
        (&[], 1, "rows.csv`: its first line must be `year,month,day,"),
        (&["--rows", "/nowhere"], 1, "cannot read the rows of `/nowhere`: No such file"),
    ] {
        let run = place.run(args);
        assert_eq!((run.code, &*run.out), (Some(code), ""));
        assert!(run.err.contains(part), "{}", run.err);
    }
    let help = place.run(&["--help"]);
    assert!(help.code == Some(0) && help.out.contains("--rows FILE"), "{help:?}");
}

#[test]
fn statistics_and_spans_are_printed_when_they_are_asked_for() {
    let place = Place::new();
    let quiet = place.run(&["--fresh"]);
    assert!(!quiet.err.contains("batch_processor"), "{quiet:?}");

    let run = place.run_and_read(&["--fresh", "--stats", "--trace"]);
    assert_eq!((run.code, run.summary()), (Some(0), quiet.summary()), "{run:?}");
    let err = |words: &[&str]| run.err.lines().any(|line| words.iter().all(|word| line.contains(word)));
    // A span of each kind, with what became of its messages.
    assert!(
        err(&["INFO", "pipeline started"]) && err(&["INFO", "pipeline ended", "27004 acknowledged"]),
        "{}",
        run.err
    );
    assert!(err(&["processor{", "pipeline=\"Flights\"", "stage=\"processor_default_", "forwarded="]), "{}", run.err);
    assert!(err(&["batcher{", "batcher=\"cancelled\"", "pending="]), "{}", run.err);
    assert!(err(&["batch_processor{", "batcher=\"default\"", "trigger=", "failed=0", "close"]), "{}", run.err);
    assert!(err(&["ack{", "stage=\"batch_processor_default_0\"", "undelivered=0", "close"]), "{}", run.err);
    // The table, at the end.
    assert!(err(&["Flights: 27004 emitted, 27004 acknowledged, 0 failed, 0 released in "]), "{}", run.err);
    for stage in ["producer_0", "processor_default_0", "batcher_cancelled", "batch_processor_default_0"] {
        assert!(run.err.lines().any(|line| line.starts_with(stage) && line.contains('%')), "{}", run.err);
    }
    assert!(run.err.contains("wait p50") && run.err.contains("work p99"), "{}", run.err);
}
