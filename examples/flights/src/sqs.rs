//! The rows in Amazon SQS, or in an emulator.

use std::{env, time::Duration};

use broadway::Result;
use broadway_sqs::{SqsProducer, SqsQueue};

use crate::{database::Database, rows::Rows};

#[derive(Debug, Clone)]
pub(crate) struct Sqs {
    queue: SqsQueue,
    lease: Duration,
}

impl Sqs {
    /// Makes the queue of these rows, and sends them if that was not done before. SQS has no transactions: after a kill in
    /// the middle all are sent again, and those that come twice are stored once.
    pub(crate) async fn fill(endpoint_url: Option<&str>, lease: Duration, rows: Rows, db: &Database) -> Result<Self> {
        let mut queue = SqsQueue::new(format!("flights-{:08x}", rows.checksum()));
        if let Some(url) = endpoint_url {
            queue = emulator(queue.endpoint_url(url));
        }
        queue.create().await?;
        let marker = format!("sent to the SQS queue {}", queue.url().await?);
        if !db.is_marked(&marker)? {
            eprintln!("sending {} rows to the SQS queue `{}`", rows.count(), queue.name());
            queue.send_batch(rows.into_messages().map(|message| text(&message))).await?;
            db.mark(&marker)?;
        }
        Ok(Self { queue, lease })
    }

    pub(crate) fn producer(&self) -> SqsProducer {
        let seconds = u32::try_from(self.lease.as_secs()).unwrap_or(u32::MAX).max(1);
        SqsProducer::new(&self.queue).visibility_timeout(seconds).stop_when_empty()
    }
}

/// What an emulator wants to be told and does not look at, where the environment does not say it.
fn emulator(mut queue: SqsQueue) -> SqsQueue {
    let unset = |name| env::var_os(name).is_none();
    if unset("AWS_REGION") && unset("AWS_DEFAULT_REGION") {
        queue = queue.region("us-east-1");
    }
    if unset("AWS_ACCESS_KEY_ID") && unset("AWS_PROFILE") {
        queue = queue.credentials("test", "test");
    }
    queue
}

/// SQS takes text alone, and few control characters.
fn text(message: &[u8]) -> String {
    let refused = |c: char| (c.is_control() && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
    String::from_utf8_lossy(message).replace(refused, "\u{fffd}")
}
