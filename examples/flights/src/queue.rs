//! The queue that the rows wait in. The pipeline sees which one it is in its `module` expression alone.

use broadway::{BoxProducer, EndReason, Payload, Result};
use broadway_sqlite::{Action, SqliteQueue};

#[cfg(feature = "sqs")]
use crate::sqs::Sqs;
use crate::{
    cli::{Options, Place},
    database::Database,
    folder::Folder,
    rows::Rows,
};

/// How often a row is delivered before the queue gives it up: more often than anybody kills the job.
const MAX_RECEIVES: u32 = 100;

#[derive(Debug, Clone)]
pub(crate) enum Queue {
    Sqlite(SqliteQueue),
    #[cfg(feature = "sqs")]
    Sqs(Sqs),
}

impl Queue {
    /// Opens the queue, and sends all rows to it if that was not done before.
    pub(crate) async fn fill(options: &Options, folder: &Folder, rows: Rows, database: &Database) -> Result<Self> {
        match &options.queue {
            Place::Sqlite => {
                let queue = SqliteQueue::options().visibility_timeout(options.lease).max_receives(MAX_RECEIVES);
                let queue = queue.open(folder.queue()).await?;
                // The rows and the marker are sent in one transaction.
                queue.send_once("rows", rows.into_messages()).await?;
                // What an earlier run gave up gets another chance.
                queue.redrive().await?;
                Ok(Self::Sqlite(queue))
            }
            #[cfg(feature = "sqs")]
            Place::Sqs { endpoint_url } => {
                Ok(Self::Sqs(Sqs::fill(endpoint_url.as_deref(), options.lease, rows, database).await?))
            }
            #[cfg(not(feature = "sqs"))]
            Place::Sqs { .. } => {
                let _ = database;
                Err("`--queue sqs` needs a feature: cargo run --release -p flights --features sqs -- --queue sqs"
                    .into())
            }
        }
    }

    /// What the pipeline receives from.
    pub(crate) fn producer(&self) -> BoxProducer<Payload> {
        match self {
            // Rows that can be tried again are given back by themselves: what is left can never be stored.
            Self::Sqlite(queue) => Box::new(queue.producer().stop_when_drained().on_failure(Action::DeadLetter)),
            #[cfg(feature = "sqs")]
            Self::Sqs(sqs) => Box::new(sqs.producer()),
        }
    }

    /// What to do about rows that are missing when the pipeline has ended.
    pub(crate) async fn what_now(&self, reason: EndReason) -> Result<String> {
        if reason != EndReason::Finished {
            return Ok("run the same command again to go on".into());
        }
        if let Self::Sqlite(queue) = self
            && let Some(letter) = queue.dead_letters().await?.first()
        {
            return Ok(format!("{}; run again to try again", letter.reason));
        }
        Ok("the queue is empty; start over with `--fresh`".into())
    }
}
