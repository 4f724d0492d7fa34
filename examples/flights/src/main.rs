//! The main job: flights that left New York go from a durable queue, through a pipeline, into a database.
//!
//! Invariant: however often the job is killed and run again, every row of the input is in the database once, as a flight
//! or as a dead letter. The queue delivers a row until it is acknowledged; it is acknowledged after it was written; and it
//! is written under its row number, so that to write it again changes nothing.

mod airline;
mod cli;
mod columns;
mod database;
mod flight;
mod folder;
mod progress;
mod queue;
mod rows;
#[cfg(feature = "sqs")]
mod sqs;
mod table;
mod until_empty;

use std::{process::ExitCode, time::Duration};

use broadway::{Permanent, prelude::*};

use crate::{
    cli::{Command, Options},
    database::{Database, DeadLetter},
    flight::Flight,
    folder::Folder,
    progress::Progress,
    queue::Queue,
    rows::Rows,
};

struct Flights {
    queue: Queue,
    database: Database,
    progress: Progress,
}

#[broadway(
    producers(default(module = self.queue.producer(), stages = 2)),
    processors(default(max_demand = 250)),
    batchers(
        default(batch_size = 500, batch_timeout = 250),
        cancelled(batch_size = 100, batch_timeout = 250),
    ),
)]
impl Flights {
    async fn handle_message(&self, message: &mut FlightsMessage) -> Result<Flight, Permanent> {
        let flight = Flight::parse(&message.data).permanent()?;
        if !flight.departed() {
            message.put_batcher(FlightsBatcher::Cancelled);
        }
        message.put_batch_key(&flight.carrier);
        Ok(flight)
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        let cancelled = match batch.batcher() {
            FlightsBatcher::Default => false,
            FlightsBatcher::Cancelled => true,
        };
        Ok(self.database.store(batch.take_outputs(), cancelled).await?)
    }

    async fn handle_failed(&self, messages: &mut [FlightsMessage]) -> Result<()> {
        let letters: Vec<DeadLetter> = messages.iter().filter_map(dead_letter).collect();
        self.database.bury(letters).await?;
        for message in messages {
            if dead_letter(message).is_some() {
                message.discard();
            } else if let Some(failure) = message.failure().filter(|failure| !failure.is_permanent()) {
                self.progress.say(&format!("{failure}; trying again"));
                message.release_after(Duration::from_secs(1));
            }
        }
        Ok(())
    }
}

/// A row that can never be stored. What failed for another reason, a full disk say, is tried again.
fn dead_letter(message: &FlightsMessage) -> Option<DeadLetter> {
    let failure = message.failure().filter(|failure| failure.is_permanent())?;
    let (row, line) = rows::split(&message.data)?;
    Some(DeadLetter { row, reason: failure.reason().to_string(), line: line.into() })
}

#[tokio::main]
async fn main() -> ExitCode {
    match Command::from_env() {
        Ok(Command::Run(options)) => run(options).await.unwrap_or_else(|error| cli::failed(&*error)),
        Ok(Command::Help) => cli::help(),
        Err(error) => cli::misused(&error),
    }
}

async fn run(options: Options) -> Result<ExitCode> {
    let rows = Rows::load(options.rows.as_deref())?;
    let count = rows.count();
    let folder = Folder::open(&options.data, options.fresh)?;
    let database = Database::open(&folder, &rows)?;
    let queue = Queue::fill(&options, &folder, rows, &database).await?;

    let progress = Progress::new(count, &database);
    let flights = Flights { queue: queue.clone(), database: database.clone(), progress: progress.clone() };
    let pipeline = flights.start_link().await?;
    let ended = pipeline.run_until_signal().await;
    progress.finish(&database);
    let report = ended?;

    let totals = database.totals()?;
    let complete = totals.accounted() == count;
    if !complete {
        let what_now = queue.what_now(report.reason).await?;
        eprintln!("{} of {count} rows are stored or dead-lettered: {what_now}", totals.accounted());
    }
    let out = &mut std::io::stdout().lock();
    table::carriers(out, &database.carriers()?)?;
    table::dead_letters(out, &database.dead_letters()?)?;
    table::report(out, &report)?;
    table::summary(out, count, &totals, &report)?;
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
