//! What a verdict does to the file. Invariant: it is carried out only for the lease that it was made under, and a second
//! time it does no harm.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use crate::{Error, LeaseError, commit::Answer, dead_letter, lease::Receipt, time};

/// What becomes of a delivery.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// The message is dealt with.
    Delete,
    /// Not judged: as if it had not been received. Without a delay it takes its old place.
    Release(Duration),
    /// Failed: delivered again after this time, or at the end of the lease; a dead letter, with this reason, if it was
    /// received often enough.
    Fail(Option<Duration>, String),
    /// Failed for good.
    Bury(String),
}

/// One result for each verdict, in their order, once all are committed.
pub(crate) type Settling = Answer<Vec<Result<(), LeaseError>>>;

/// Carries out verdicts.
pub(crate) fn settle(
    connection: &Connection,
    queue: u64,
    max_receives: u32,
    verdicts: &[(Receipt, Verdict)],
) -> Result<Vec<Result<(), LeaseError>>, Error> {
    let now = time::now();
    let mut delete = connection.prepare_cached("DELETE FROM messages WHERE id = ?1 AND lease = ?2")?;
    verdicts
        .iter()
        .map(|(receipt, verdict)| {
            let done = match verdict {
                Verdict::Delete => delete.execute([receipt.row, receipt.lease])? == 1,
                Verdict::Release(after) => release(connection, *receipt, *after, now)?,
                Verdict::Fail(after, reason) => fail(connection, *receipt, *after, reason, max_receives, now)?,
                Verdict::Bury(reason) => bury(connection, *receipt, reason, now)?,
            };
            if done { Ok(Ok(())) } else { why_not(connection, queue, *receipt, verdict) }
        })
        .collect()
}

/// Whether the lease was there.
fn release(connection: &Connection, Receipt { row, lease }: Receipt, after: Duration, now: i64) -> Result<bool, Error> {
    let mut release = connection.prepare_cached(
        "UPDATE messages SET visible_at = CASE ?3 WHEN 0 THEN min(sent_at, ?4) ELSE ?5 END,
             lease = -lease, receives = receives - 1
         WHERE id = ?1 AND lease = ?2",
    )?;
    Ok(release.execute([row, lease, time::millis(after), now, time::after(now, after)])? == 1)
}

/// Whether the lease was there.
fn fail(
    connection: &Connection,
    receipt: Receipt,
    after: Option<Duration>,
    reason: &str,
    max_receives: u32,
    now: i64,
) -> Result<bool, Error> {
    let Some(receives) = receives(connection, receipt)? else { return Ok(false) };
    if receives >= max_receives {
        dead_letter::bury(connection, receipt.row, reason, now)?;
    } else if let Some(after) = after {
        let mut put_off = connection
            .prepare_cached("UPDATE messages SET visible_at = ?3, lease = -lease WHERE id = ?1 AND lease = ?2")?;
        put_off.execute([receipt.row, receipt.lease, time::after(now, after)])?;
    }
    Ok(true)
}

/// Whether the lease was there.
fn bury(connection: &Connection, receipt: Receipt, reason: &str, now: i64) -> Result<bool, Error> {
    let leased = receives(connection, receipt)?.is_some();
    if leased {
        dead_letter::bury(connection, receipt.row, reason, now)?;
    }
    Ok(leased)
}

/// How often the message was received, if the lease is there.
fn receives(connection: &Connection, Receipt { row, lease }: Receipt) -> Result<Option<u32>, Error> {
    let mut receives = connection.prepare_cached("SELECT receives FROM messages WHERE id = ?1 AND lease = ?2")?;
    Ok(receives.query_row([row, lease], |row| row.get(0)).optional()?)
}

/// Finds out what became of a message whose lease was not there: it may be that the verdict arrives for a second time.
fn why_not(
    connection: &Connection,
    queue: u64,
    receipt: Receipt,
    verdict: &Verdict,
) -> Result<Result<(), LeaseError>, Error> {
    let id = receipt.id(queue);
    let mut find = connection.prepare_cached(
        "SELECT lease, receives, 0 FROM messages WHERE id = ?1
         UNION ALL SELECT lease, receives, 1 FROM dead_letters WHERE id = ?1",
    )?;
    let found = find.query_row(params![receipt.row], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, bool>(2)?))
    });
    let delete = matches!(verdict, Verdict::Delete);
    Ok(match found.optional()? {
        None if delete => Ok(()),
        None => Err(LeaseError::Gone(id)),
        Some((lease, _, true)) => match verdict {
            Verdict::Fail(..) | Verdict::Bury(_) if lease == receipt.lease => Ok(()),
            _ => Err(LeaseError::DeadLettered(id)),
        },
        Some((lease, ..)) if lease == -receipt.lease && !delete => Ok(()),
        Some((lease, ..)) if lease < 0 => Err(LeaseError::GivenBack(id)),
        Some((_, receive_count, _)) => Err(LeaseError::Expired { id, receive_count }),
    })
}

/// Moves the end of leases to `by` from now.
pub(crate) fn extend(
    connection: &Connection,
    queue: u64,
    receipts: &[Receipt],
    by: Duration,
) -> Result<Vec<Result<(), LeaseError>>, Error> {
    let end = time::after(time::now(), by);
    let mut extend = connection.prepare_cached("UPDATE messages SET visible_at = ?3 WHERE id = ?1 AND lease = ?2")?;
    receipts
        .iter()
        .map(|&receipt| match extend.execute([receipt.row, receipt.lease, end])? {
            0 => match why_not(connection, queue, receipt, &Verdict::Delete)? {
                Ok(()) => Ok(Err(LeaseError::Gone(receipt.id(queue)))),
                lost => Ok(lost),
            },
            _ => Ok(Ok(())),
        })
        .collect()
}
