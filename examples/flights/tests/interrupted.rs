//! However a run ends, the next one goes on where it was: every row is stored once, and none is lost.

mod support;

use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use support::{Place, Process, january};

/// Numbers that look random, the same for the same seed.
struct Random(u64);

impl Random {
    /// `BROADWAY_SEED` repeats a run as far as the machine lets it.
    fn new() -> Self {
        let seed = std::env::var("BROADWAY_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64);
        println!("BROADWAY_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) >> 11) % end
    }
}

/// January, where every thousandth row is broken.
fn partly_broken() -> String {
    let lines = january();
    let line = |(row, line)| if row > 0 && row % 1_000 == 0 { "broken" } else { line };
    lines.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

fn is_complete(place: &Place, rows: &str) {
    place.holds_all_flights_of(rows);
    let broken: Vec<i64> = place.dead_letters().iter().map(|(row, _)| *row).collect();
    assert_eq!(broken, (1..=27).map(|n| n * 1_000).collect::<Vec<_>>());
    assert_eq!(place.queued(), 0);
}

#[test]
fn twenty_times_kill_9() {
    let rows = partly_broken();
    let new = || Place::of(rows.as_bytes()).with(["--lease", "1000"]);
    let (mut place, mut random) = (new(), Random::new());
    let (mut kills, mut half_done) = (0, 0);
    while kills < 20 {
        let mut process = place.start(&[]);
        // The moment of the kill is what is random.
        std::thread::sleep(Duration::from_millis(random.below(1_500)));
        if process.has_ended() {
            let run = process.end();
            assert_eq!(run.code, Some(0), "{run:?}");
            is_complete(&place, &rows);
            place = new();
        } else {
            process.kill();
            kills += 1;
            half_done += u32::from(place.stored().is_some_and(|stored| stored > 0 && stored < 26_977));
        }
    }
    println!("{half_done} of {kills} kills came when some rows were stored and some were not");
    assert!(half_done >= 5, "{half_done}: the kills do not test what they should");
    let last = place.run(&[]);
    assert_eq!(last.code, Some(0), "{last:?}");
    assert_eq!(["rows", "stored", "dead-lettered"].map(|name| last.number(name)), [27_004, 26_977, 27]);
    is_complete(&place, &rows);
}

#[test]
fn a_killed_run_keeps_the_next_one_waiting_for_less_than_a_minute() {
    let rows = partly_broken();
    let place = Place::of(rows.as_bytes());
    let process = place.start(&[]);
    place.until("some rows are stored", |place| place.stored() > Some(0));
    process.kill();
    let begun = Instant::now();
    assert!(place.queued() > 0);
    let next = place.run(&[]);
    assert_eq!(next.code, Some(0), "{next:?}");
    is_complete(&place, &rows);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn a_signal_drains_and_gives_the_rest_back() {
    let rows = partly_broken();
    // What is not given back is not seen again in this test.
    let place = Place::of(rows.as_bytes()).with(["--lease", "43200000"]);
    for signal in ["INT", "TERM"] {
        let before = place.stored();
        let mut process = place.start(&[]);
        let lock = held(&place, &mut process, before.unwrap_or(0));
        process.signal(signal);
        drop(lock);
        let run = process.end();
        assert!(run.says("pipeline signalled"), "{run:?}");
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.err.contains("run the same command again to go on"), "{run:?}");
        assert!(run.number("stored") > before.unwrap_or(0) && run.number("stored") < 26_977, "{run:?}");
    }
    let last = place.run(&[]);
    assert_eq!(last.code, Some(0), "{last:?}");
    is_complete(&place, &rows);
}

/// Waits until a run has stored something, and lets it store no more while this is held.
fn held(place: &Place, process: &mut Process, before: u64) -> Connection {
    place.until("a run stores rows", |place| place.stored() > Some(before));
    let database = Connection::open(place.path("data/flights.db")).unwrap();
    database.busy_timeout(Duration::from_secs(60)).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(!process.has_ended(), "it was done before it could be interrupted");
    database
}

#[test]
fn two_runs_at_once_share_the_rows() {
    let rows = partly_broken();
    // Whatever the machine does, no lease ends.
    let place = Place::of(rows.as_bytes()).with(["--lease", "43200000"]);
    let runs = [place.start(&[]), place.start(&[])].map(Process::end);
    for run in &runs {
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(["rows", "stored", "dead-lettered"].map(|name| run.number(name)), [27_004, 26_977, 27]);
    }
    let acknowledged: u64 = runs.iter().map(|run| run.number("acknowledged")).sum();
    assert_eq!(acknowledged, 26_977, "{runs:?}");
    is_complete(&place, &rows);
}

#[test]
fn rows_that_cannot_be_written_are_tried_again() {
    let rows: String = january().split_inclusive('\n').take(1_001).collect();
    let rows = format!("{rows}broken\n");
    let place = Place::of(rows.as_bytes());
    // Makes the database's tables, and gets no further.
    std::fs::create_dir(place.path("data")).unwrap();
    std::fs::write(place.path("data/flights.queue"), "no queue").unwrap();
    let refused = place.run(&[]);
    assert!(refused.code == Some(1) && refused.err.contains("flights.queue"), "{refused:?}");
    std::fs::remove_file(place.path("data/flights.queue")).unwrap();
    let database = Connection::open(place.path("data/flights.db")).unwrap();
    database.busy_timeout(Duration::from_secs(60)).unwrap();
    database
        .execute_batch(
            "CREATE TRIGGER no_ua BEFORE INSERT ON flights WHEN NEW.carrier = 'UA' BEGIN SELECT RAISE(ABORT, 'no room'); END;
             CREATE TRIGGER no_letters BEFORE INSERT ON dead_letters BEGIN SELECT RAISE(ABORT, 'no room'); END;",
        )
        .unwrap();

    let process = place.start(&[]);
    let others = january().lines().skip(1).take(1_000).filter(|line| !line.contains(",UA,")).count() as u64;
    place.until("what can be written is written", |place| place.stored() == Some(others));
    assert_eq!(place.dead_letters(), []);
    database.execute_batch("DROP TRIGGER no_ua; DROP TRIGGER no_letters").unwrap();
    let run = process.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("cannot write to the database: no room; trying again"), "{run:?}");
    assert_eq!(["rows", "stored", "dead-lettered"].map(|name| run.number(name)), [1_001, 1_000, 1]);
    place.holds_all_flights_of(&rows);
    assert_eq!(place.dead_letters(), [(1_001, "expected 19 columns, found 1".to_owned())]);
}
