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
mod trace;

use std::{process::ExitCode, time::Duration};

use broadway::{Failure, Permanent, prelude::*};

use crate::{
    cli::{Command, Options},
    database::{Database, DeadLetter},
    flight::Flight,
    folder::Folder,
    progress::Progress,
    queue::Queue,
    rows::Rows,
};

/// Before a row that could not be written is tried again.
const PAUSE: Duration = Duration::from_secs(1);

struct Flights {
    queue: Queue,
    database: Database,
    progress: Progress,
}

#[broadway(
    producers(default(module = self.queue.producer(), stages = 2)),
    processors(default(max_demand = 250)),
    batchers(
        default(batch_size = 200, batch_timeout = 200, max_pending = 2_000),
        cancelled(batch_size = 50, batch_timeout = 200),
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
        self.database.store(batch.take_outputs(), cancelled).await
    }

    async fn handle_failed(&self, messages: &mut [FlightsMessage]) {
        let broken = |message: &FlightsMessage| message.failure().is_some_and(Failure::is_permanent);
        let letters = messages.iter().filter(|message| broken(message)).filter_map(dead_letter).collect();
        let buried = self.database.bury(letters).await;
        // What could not be written, because the disk is full, say.
        let mut unwritten = buried.as_ref().err().map(ToString::to_string);
        for message in messages {
            if !broken(message) {
                unwritten = unwritten.or_else(|| message.failure().map(ToString::to_string));
                message.release_after(PAUSE);
            } else if buried.is_err() {
                message.release_after(PAUSE);
            } else if dead_letter(message).is_some() {
                message.discard();
            }
        }
        if let Some(reason) = unwritten {
            self.progress.say(&format!("{reason}; trying again"));
        }
    }
}

fn dead_letter(message: &FlightsMessage) -> Option<DeadLetter> {
    let (row, line) = rows::split(&message.data)?;
    Some(DeadLetter { row, reason: message.failure()?.reason().to_string(), line: line.into() })
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
    if options.trace {
        trace::start();
    }
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
    if options.stats {
        eprint!("{}", pipeline.stats());
    }
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
