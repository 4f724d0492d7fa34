//! One flight, as it is stored.

use crate::{
    columns::{Broken, Columns},
    rows,
};

/// A flight that was to leave New York. Times are local, as in `517` for 5:17; delays and the time in the air are minutes,
/// distances miles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flight {
    /// Its row in the input, counted from 1: its name.
    pub(crate) row: u64,
    pub(crate) date: String,
    /// `None` if it never departed.
    pub(crate) dep_time: Option<i32>,
    pub(crate) sched_dep_time: i32,
    pub(crate) dep_delay: Option<i32>,
    pub(crate) arr_time: Option<i32>,
    pub(crate) sched_arr_time: i32,
    pub(crate) arr_delay: Option<i32>,
    pub(crate) carrier: String,
    pub(crate) number: i32,
    pub(crate) tailnum: Option<String>,
    pub(crate) origin: String,
    pub(crate) dest: String,
    pub(crate) air_time: Option<i32>,
    pub(crate) distance: i32,
}

const DELAY: std::ops::RangeInclusive<i32> = -1_440..=10_080;

impl Flight {
    /// The flight in a message: a row number, a comma, and the row.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, Broken> {
        let (row, line) = rows::split(message).ok_or(Broken::NoRow)?;
        let mut columns = Columns::of(line)?;
        let (year, month) = (columns.number(1987..=2100)?, columns.number(1..=12)?);
        let day = columns.number(1..=days(year, month))?;
        let dep_time = columns.maybe_time()?;
        let sched_dep_time = columns.time()?;
        let dep_delay = match dep_time {
            Some(_) => Some(columns.number(DELAY)?),
            None => columns.missing("`dep_time` is NA").map(|()| None)?,
        };
        let flight = Self {
            row,
            date: format!("{year}-{month:02}-{day:02}"),
            dep_time,
            sched_dep_time,
            dep_delay,
            arr_time: columns.maybe_time()?,
            sched_arr_time: columns.time()?,
            arr_delay: columns.maybe_number(DELAY)?,
            carrier: columns.code(2)?,
            number: columns.number(1..=9_999)?,
            tailnum: columns.maybe_text()?,
            origin: columns.code(3)?,
            dest: columns.code(3)?,
            air_time: columns.maybe_number(1..=1_440)?,
            distance: columns.number(1..=12_000)?,
        };
        // What is not stored has to be right all the same.
        columns.number(0..=23)?;
        columns.number(0..=59)?;
        columns.text()?;
        Ok(flight)
    }

    pub(crate) fn departed(&self) -> bool {
        self.dep_time.is_some()
    }
}

fn days(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "7,2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

    /// What is said when one part of the line is something else.
    fn refusal(part: &str, becomes: &str) -> String {
        assert_eq!(LINE.matches(part).count(), 1, "`{part}` stands for one column");
        Flight::parse(LINE.replace(part, becomes).as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_line_becomes_a_flight() {
        let flight = Flight::parse(LINE.as_bytes()).unwrap();
        assert_eq!((flight.row, &*flight.date, &*flight.carrier, flight.number), (7, "2013-01-01", "UA", 1545));
        assert_eq!((flight.dep_time, flight.sched_dep_time, flight.dep_delay), (Some(517), 515, Some(2)));
        assert_eq!((flight.arr_time, flight.sched_arr_time, flight.arr_delay), (Some(830), 819, Some(11)));
        assert_eq!((flight.tailnum.as_deref(), &*flight.origin, &*flight.dest), (Some("N14228"), "EWR", "IAH"));
        assert_eq!((flight.air_time, flight.distance, flight.departed()), (Some(227), 1400, true));
        let quoted = LINE.replace("N14228", "\"N14228\"");
        assert_eq!(Flight::parse(quoted.as_bytes()), Ok(flight));
    }

    #[test]
    fn a_flight_that_never_departed_has_no_times() {
        let line = "8,2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,N18120,EWR,RDU,NA,416,16,30,2013-01-01T21:00:00Z";
        let flight = Flight::parse(line.as_bytes()).unwrap();
        assert_eq!((flight.departed(), flight.dep_delay, flight.arr_time, flight.air_time), (false, None, None, None));
    }

    #[test]
    fn errors_name_the_column_and_what_was_found() {
        for (part, becomes, expected) in [
            (",517,", ",561,", "`dep_time`: expected a time as in 517 or 2359 or NA, found `561`"),
            (",517,", ",NA,", "`dep_delay`: expected NA, because `dep_time` is NA, found `2`"),
            (",515,", ",NA,", "`sched_dep_time`: expected a time as in 517 or 2359, found `NA`"),
            ("7,2013,1,1,", "7,2013,2,29,", "`day`: expected a whole number from 1 to 28, found `29`"),
            (",UA,", ",United,", "`carrier`: expected 2 capital letters or digits, found `United`"),
            (",1545,", ",x,", "`flight`: expected a whole number from 1 to 9999, found `x`"),
            (",N14228,", ",,", "`tailnum`: expected text or NA, found ``"),
            (",1400,", ",0,", "`distance`: expected a whole number from 1 to 12000, found `0`"),
            (",2013-01-01T10:00:00Z", "", "expected 19 columns, found 18"),
            ("N14228,", "\"N14228,", "expected 19 columns, found 12"),
            ("7,2013,", "seven,2013,", "the message does not begin with a row number and a comma"),
        ] {
            assert_eq!(refusal(part, becomes), expected);
        }
        let error = |message: &[u8]| Flight::parse(message).unwrap_err().to_string();
        assert_eq!(error(b"7,"), "expected 19 columns, found 0");
        assert_eq!(error(b""), "the message does not begin with a row number and a comma");
        assert_eq!(error(b"7,\xff"), "expected 19 columns, found 1");
        let not_text = [b"7,\xff".as_slice(), &LINE.as_bytes()[6..]].concat();
        assert_eq!(error(&not_text), "`year`: expected a whole number from 1987 to 2100, found `\u{fffd}`");
    }

    #[test]
    fn february_has_29_days_in_leap_years() {
        assert_eq!([2012, 2013, 2000, 2100].map(|year| days(year, 2)), [29, 28, 29, 28]);
    }
}
