//! The connection that writes, and its manners towards other processes. SQLite's own waiting backs off to 100 ms, so that
//! whoever writes all the time starves the others: this one looks more often, and leaves a gap when it met somebody.

use std::{
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};

use crate::{Error, Options, Synchronous};

/// Between two looks at a file that somebody else writes to.
const LOOK_AGAIN: Duration = Duration::from_micros(100);

/// Between two transactions while others want to write: longer than `LOOK_AGAIN`, so that they see the gap.
const GAP: Duration = Duration::from_micros(300);

/// How long others are expected to come again.
const REMEMBERED: Duration = Duration::from_millis(100);

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    busy_timeout: Duration,
    synchronous: Synchronous,
    /// Whether commits wait for the disk now.
    waits: bool,
    /// When somebody else was writing.
    met: Option<Instant>,
    /// When the last transaction ended.
    ended: Option<Instant>,
}

impl Writer {
    pub(crate) fn new(connection: Connection, options: &Options) -> Result<Self, Error> {
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let Options { busy_timeout, synchronous, .. } = *options;
        Ok(Self { connection, busy_timeout, synchronous, waits: true, met: None, ended: None })
    }

    /// Begins a transaction that nobody else can write in. If it is `durable` its commit waits for the disk, unless the
    /// queue was opened not to.
    pub(crate) fn begin(&mut self, durable: bool) -> Result<(), Error> {
        let waits = durable && self.synchronous == Synchronous::Full;
        if waits != self.waits {
            self.connection.pragma_update(None, "synchronous", if waits { "FULL" } else { "NORMAL" })?;
            self.waits = waits;
        }
        if self.met.is_some_and(|met| met.elapsed() < REMEMBERED) {
            let since = self.ended.map_or(GAP, |ended| ended.elapsed());
            thread::sleep(GAP.saturating_sub(since));
        }
        let asked = Instant::now();
        loop {
            match self.connection.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => return Ok(()),
                Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => return Err(error.into()),
                Err(_) if asked.elapsed() >= self.busy_timeout => return Err(Error::Busy { after: self.busy_timeout }),
                Err(_) => {
                    self.met = Some(Instant::now());
                    thread::sleep(LOOK_AGAIN);
                }
            }
        }
    }

    /// Whether there is no transaction: some errors, such as a full disk, undo all of it.
    pub(crate) fn is_undone(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Ends the transaction: after an error nothing of it is stored.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        let committed = self.connection.execute_batch("COMMIT");
        if committed.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.ended = Some(Instant::now());
        Ok(committed?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_durable_transactions_of_a_full_queue_wait_for_the_disk() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (synchronous, durable, pragma) in [
            (Synchronous::Full, true, 2),
            (Synchronous::Full, false, 1),
            (Synchronous::Normal, true, 1),
            (Synchronous::Normal, false, 1),
        ] {
            let options = Options { synchronous, ..Options::default() };
            let mut writer = Writer::new(Connection::open(file.path()).unwrap(), &options).unwrap();
            // Whatever was before.
            for earlier in [true, false] {
                writer.begin(earlier).unwrap();
                writer.commit().unwrap();
                writer.begin(durable).unwrap();
                let found: i32 = writer.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
                assert_eq!(found, pragma, "{synchronous:?}, durable: {durable}");
                writer.commit().unwrap();
            }
        }
    }
}
