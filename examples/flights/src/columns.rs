//! The columns of a row, read from left to right. Whatever is wrong is said with the column's name and what was found.

use std::{fmt, ops::RangeInclusive};

/// The header of the input.
pub(crate) const COLUMNS: [&str; 19] = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
];

/// What stands for a value that is not there.
const MISSING: &str = "NA";

/// Why a row is not a flight.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The message does not begin with a row number: it is none of ours.
    NoRow,
    /// Columns are missing, or there are too many.
    Columns(usize),
    /// A column does not hold what it should.
    Value { column: &'static str, expected: String, found: String },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRow => f.write_str("the message does not begin with a row number and a comma"),
            Self::Columns(found) => write!(f, "expected {} columns, found {found}", COLUMNS.len()),
            Self::Value { column, expected, found } => write!(f, "`{column}`: expected {expected}, found `{found}`"),
        }
    }
}

impl std::error::Error for Broken {}

/// How much of a value is quoted in an error.
const QUOTED: usize = 40;

/// A row of which some columns are read.
pub(crate) struct Columns {
    record: csv::ByteRecord,
    next: usize,
}

impl Columns {
    /// The columns of a CSV line.
    pub(crate) fn of(line: &[u8]) -> Result<Self, Broken> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(line.len() + 1)
            .from_reader(line);
        let mut record = csv::ByteRecord::new();
        // Reading from memory cannot fail, and an empty line has no record.
        let read = reader.read_byte_record(&mut record).unwrap_or(false);
        match record.len() {
            found if !read || found != COLUMNS.len() => Err(Broken::Columns(if read { found } else { 0 })),
            _ => Ok(Self { record, next: 0 }),
        }
    }

    /// The next column, as `read` understands it.
    fn value<T>(&mut self, expected: impl fmt::Display, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Broken> {
        let (column, field) = (COLUMNS[self.next], &self.record[self.next]);
        self.next += 1;
        std::str::from_utf8(field).ok().and_then(read).ok_or_else(|| Broken::Value {
            column,
            expected: expected.to_string(),
            found: String::from_utf8_lossy(field).chars().take(QUOTED).collect(),
        })
    }

    /// A whole number.
    pub(crate) fn number(&mut self, range: RangeInclusive<i32>) -> Result<i32, Broken> {
        self.value(Number(&range), |text| number(text, &range))
    }

    /// A whole number, or nothing.
    pub(crate) fn maybe_number(&mut self, range: RangeInclusive<i32>) -> Result<Option<i32>, Broken> {
        self.value(OrMissing(Number(&range)), |text| maybe(text, |text| number(text, &range)))
    }

    /// A time of the day, as in `517` and `2400`.
    pub(crate) fn time(&mut self) -> Result<i32, Broken> {
        self.value(TIME, time)
    }

    /// A time of the day, or nothing.
    pub(crate) fn maybe_time(&mut self) -> Result<Option<i32>, Broken> {
        self.value(OrMissing(TIME), |text| maybe(text, time))
    }

    /// A code of so many capital letters and digits.
    pub(crate) fn code(&mut self, length: usize) -> Result<String, Broken> {
        let is_code = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let read = |text: &str| (text.len() == length && is_code(text)).then(|| text.to_owned());
        self.value(format_args!("{length} capital letters or digits"), read)
    }

    /// Any text.
    pub(crate) fn text(&mut self) -> Result<String, Broken> {
        self.value("text", text)
    }

    /// Any text, or nothing.
    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, Broken> {
        self.value(OrMissing("text"), |found| maybe(found, text))
    }

    /// Nothing, because of what another column says.
    pub(crate) fn missing(&mut self, because: &str) -> Result<(), Broken> {
        self.value(format_args!("{MISSING}, because {because}"), |text| (text == MISSING).then_some(()))
    }
}

const TIME: &str = "a time as in 517 or 2359";

fn number(text: &str, range: &RangeInclusive<i32>) -> Option<i32> {
    text.parse().ok().filter(|number| range.contains(number))
}

fn time(text: &str) -> Option<i32> {
    number(text, &(0..=2400)).filter(|time| time % 100 < 60)
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty() && text != MISSING).then(|| text.to_owned())
}

fn maybe<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text == MISSING { Some(None) } else { read(text).map(Some) }
}

struct Number<'a>(&'a RangeInclusive<i32>);

impl fmt::Display for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}", self.0.start(), self.0.end())
    }
}

struct OrMissing<T>(T);

impl<T: fmt::Display> fmt::Display for OrMissing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} or {MISSING}", self.0)
    }
}
