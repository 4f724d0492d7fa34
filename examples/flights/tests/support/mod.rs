//! Runs the program, and knows from the input alone what must come out.

#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

pub(crate) const JANUARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-2013-01.csv.gz");

/// Longer than anything takes; a test that gets here has failed.
const LIMIT: Duration = Duration::from_secs(120);

/// The lines of January, with the header.
pub(crate) fn january() -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(JANUARY).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// A folder for one job, that is run again and again.
pub(crate) struct Place {
    folder: TempDir,
    args: Vec<String>,
}

impl Place {
    /// A job on January.
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), args: Vec::new() }
    }

    /// A job on these lines.
    pub(crate) fn of(rows: &[u8]) -> Self {
        let place = Self::new();
        let file = place.path("rows.csv");
        fs::write(&file, rows).unwrap();
        place.with(["--rows", file.to_str().unwrap()])
    }

    pub(crate) fn with<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.args.extend(args.map(String::from));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flights"));
        command.arg("--data").arg(self.path("data")).args(&self.args).args(args);
        command
    }

    pub(crate) fn start(&self, args: &[&str]) -> Process {
        let mut command = self.command(args);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Process(Some(child))
    }

    /// Runs the job to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.start(args).end()
    }

    /// The same, reading what it prints meanwhile: it may be more than a pipe holds.
    pub(crate) fn run_and_read(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// The database, to be read.
    pub(crate) fn database(&self) -> Connection {
        Connection::open_with_flags(self.path("data/flights.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    /// How many flights are stored; `None` before there is a database.
    pub(crate) fn stored(&self) -> Option<u64> {
        let file = self.path("data/flights.db");
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        database.query_row("SELECT count(*) FROM flights", (), |row| row.get::<_, i64>(0)).ok().map(i64::cast_unsigned)
    }

    /// How many messages are left in the queue, in whatever state.
    pub(crate) fn queued(&self) -> i64 {
        let file = self.path("data/flights.queue");
        let queue = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let count = "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM dead_letters)";
        queue.query_row(count, (), |row| row.get(0)).unwrap()
    }

    /// Waits until something is so that only another process can change.
    pub(crate) fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is(self) {
            assert!(begun.elapsed() < LIMIT, "not in time: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// All flights of these lines are stored as they are, and nothing else is.
    pub(crate) fn holds_all_flights_of(&self, rows: &str) {
        let expected = flights(rows);
        let database = self.database();
        let mut query = database
            .prepare("SELECT row, carrier, flight, cancelled, dep_delay, arr_delay, origin, dest FROM flights")
            .unwrap();
        let stored = query.query_map((), |row| {
            let number = |column| row.get::<_, Option<i64>>(column).map(|number| number.map(|n| n.to_string()));
            let or_missing = |column| number(column).map(|number| number.unwrap_or_else(|| "NA".into()));
            Ok((
                row.get::<_, i64>(0)?.cast_unsigned(),
                Flight {
                    carrier: row.get(1)?,
                    number: or_missing(2)?,
                    cancelled: row.get(3)?,
                    departure_delay: or_missing(4)?,
                    arrival_delay: or_missing(5)?,
                    way: (row.get(6)?, row.get(7)?),
                },
            ))
        });
        let stored: BTreeMap<u64, Flight> = stored.unwrap().map(Result::unwrap).collect();
        // Not the maps at once: what differs should be readable.
        assert_eq!(stored.len(), expected.len());
        for (row, flight) in &expected {
            assert_eq!(stored.get(row), Some(flight), "row {row}");
        }
    }

    /// Row and reason of all dead letters.
    pub(crate) fn dead_letters(&self) -> Vec<(i64, String)> {
        let database = self.database();
        let mut query = database.prepare("SELECT row, reason FROM dead_letters ORDER BY row").unwrap();
        query.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    }
}

/// What a test compares of a flight, as the input has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) carrier: String,
    pub(crate) number: String,
    pub(crate) cancelled: bool,
    pub(crate) departure_delay: String,
    pub(crate) arrival_delay: String,
    pub(crate) way: (String, String),
}

/// The rows of these lines that have 19 columns, by number.
pub(crate) fn flights(rows: &str) -> BTreeMap<u64, Flight> {
    let flights = rows.lines().enumerate().skip(1).filter_map(|(row, line)| {
        let column: Vec<&str> = line.split(',').collect();
        let flight = |column: &[&str]| Flight {
            carrier: column[9].into(),
            number: column[10].into(),
            cancelled: column[3] == "NA",
            departure_delay: column[5].into(),
            arrival_delay: column[8].into(),
            way: (column[12].into(), column[13].into()),
        };
        (column.len() == 19).then(|| (row as u64, flight(&column)))
    });
    flights.collect()
}

/// A program that runs; killed with the test.
pub(crate) struct Process(Option<Child>);

impl Process {
    pub(crate) fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child().try_wait().unwrap().is_some()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child().kill().unwrap();
        self.child().wait().unwrap();
    }

    pub(crate) fn signal(&mut self, signal: &str) {
        let pid = self.child().id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
    }

    /// What came of it. What it prints fits into a pipe.
    pub(crate) fn end(mut self) -> Run {
        let begun = Instant::now();
        while !self.has_ended() {
            assert!(begun.elapsed() < LIMIT, "it has not ended after {LIMIT:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
        Run::of(self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The last line, without the time.
    pub(crate) fn summary(&self) -> &str {
        let last = self.out.lines().last().unwrap_or_default();
        last.split_once(" in ").map_or(last, |(summary, _)| summary)
    }

    /// A number of the last line.
    pub(crate) fn number(&self, name: &str) -> u64 {
        let mut parts = self.summary().split(", ");
        parts.find_map(|part| part.strip_prefix(name)?.trim().parse().ok()).unwrap_or_else(|| panic!("{self:?}"))
    }

    /// Whether a line has these words, however they are aligned.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.out.lines().any(|line| line.split_whitespace().eq(words.split_whitespace()))
    }
}

/// A file of the data folder.
pub(crate) fn data(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)).unwrap()
}
