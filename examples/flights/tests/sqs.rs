//! The same job on an SQS queue: another `module` expression, the same rows.

mod support;

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use support::{Place, Run, january};

/// The server, or `None` after saying that the test is skipped; with `BROADWAY_REQUIRE_SERVERS=1` it must be there.
fn server() -> Option<String> {
    const VARIABLE: &str = "BROADWAY_SQS_ENDPOINT";
    let endpoint = std::env::var(VARIABLE).unwrap_or_else(|_| "http://127.0.0.1:24566".into());
    let address: SocketAddr = endpoint.trim_start_matches("http://").parse().expect(VARIABLE);
    if TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok() {
        return Some(endpoint);
    }
    let required = std::env::var("BROADWAY_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "nothing answers at {endpoint}: run `cargo xtask servers up`, or set {VARIABLE}");
    eprintln!("skipped: nothing answers at {endpoint} (`cargo xtask servers up` starts it)");
    None
}

/// Lines of January, some of them broken, that no other run has: the queue is named after them.
fn rows() -> String {
    let unique = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let rows: String = january().split_inclusive('\n').take(3_001).collect();
    format!("{rows}broken \u{1} {unique}\n\nbroken {unique}\n")
}

fn numbers(run: &Run) -> [u64; 3] {
    ["rows", "stored", "dead-lettered"].map(|name| run.number(name))
}

#[test]
fn all_rows_are_accounted_for_and_a_second_run_adds_none() {
    let Some(endpoint) = server() else { return };
    let rows = rows();
    let place = Place::of(rows.as_bytes()).with(["--queue", "sqs", "--endpoint-url", &endpoint]);
    for judged in [3_003, 0] {
        let run = place.run(&[]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(numbers(&run), [3_003, 3_000, 3]);
        assert_eq!(run.number("acknowledged") + run.number("failed"), judged, "{run:?}");
        place.holds_all_flights_of(&rows);
    }
    let rows: Vec<i64> = place.dead_letters().iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [3_001, 3_002, 3_003]);
}

#[test]
fn a_killed_run_is_continued() {
    let Some(endpoint) = server() else { return };
    let rows = rows();
    let place = Place::of(rows.as_bytes()).with(["--queue", "sqs", "--endpoint-url", &endpoint, "--lease", "5000"]);
    let process = place.start(&[]);
    place.until("some rows are stored", |place| place.stored() > Some(0));
    process.kill();
    let next = place.run(&[]);
    assert_eq!((next.code, numbers(&next)), (Some(0), [3_003, 3_000, 3]), "{next:?}");
    place.holds_all_flights_of(&rows);
}
