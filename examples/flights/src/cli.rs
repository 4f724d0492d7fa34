//! What the command line says.

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use lexopt::{Arg, Parser, ValueExt};

const HELP: &str = "\
Reads the flights that left New York in January 2013 from a durable queue, writes them to a database, and prints a table
for each carrier. It exits with 0 if every row is stored or dead-lettered, else with 1. Stopped or killed, it goes on where
it was when it is run again.

Usage: flights [OPTIONS]

Options:
  --rows FILE          other rows, as .csv or .csv.gz, under the same header
  --data DIR           the folder of the queue and the database [flights-data in the current directory]
  --fresh              start over: remove the queue's and the database's files first
  --queue sqlite|sqs   where the rows wait [sqlite]; sqs needs the feature `sqs`
  --endpoint-url URL   an SQS emulator; without AWS_REGION and AWS_ACCESS_KEY_ID in the environment, region us-east-1
                       and the credentials test/test
  --lease MS           how long a row that was received is hidden from other runs, in milliseconds [20000]
  --stats              print the pipeline's statistics by stage to standard error at the end
  --trace              print the pipeline's spans, as they end, and its events to standard error
  -h, --help           print this

The folder holds `flights.queue` and `flights.db`, an SQLite database with the tables `flights` and `dead_letters`.
";

#[derive(Debug)]
pub(crate) enum Command {
    Run(Options),
    Help,
}

#[derive(Debug)]
pub(crate) struct Options {
    /// Without a file, January 2013.
    pub(crate) rows: Option<PathBuf>,
    pub(crate) data: PathBuf,
    pub(crate) fresh: bool,
    pub(crate) queue: Place,
    pub(crate) lease: Duration,
    pub(crate) stats: bool,
    pub(crate) trace: bool,
}

/// Where the rows wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Sqlite,
    Sqs { endpoint_url: Option<String> },
}

impl Command {
    pub(crate) fn from_env() -> Result<Self, lexopt::Error> {
        Self::parse(Parser::from_env())
    }

    fn parse(mut parser: Parser) -> Result<Self, lexopt::Error> {
        let (mut sqs, mut endpoint_url) = (false, None);
        let mut options = Options {
            rows: None,
            data: "flights-data".into(),
            fresh: false,
            queue: Place::Sqlite,
            lease: Duration::from_secs(20),
            stats: false,
            trace: false,
        };
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("rows") => options.rows = Some(parser.value()?.into()),
                Arg::Long("data") => options.data = parser.value()?.into(),
                Arg::Long("fresh") => options.fresh = true,
                Arg::Long("queue") => {
                    sqs = parser.value()?.parse_with(|queue| match queue {
                        "sqlite" => Ok(false),
                        "sqs" => Ok(true),
                        _ => Err("expected `sqlite` or `sqs`"),
                    })?;
                }
                Arg::Long("endpoint-url") => endpoint_url = Some(parser.value()?.string()?),
                Arg::Long("lease") => {
                    options.lease = parser.value()?.parse_with(|ms| match ms.parse() {
                        Ok(ms @ 1..=43_200_000) => Ok(Duration::from_millis(ms)),
                        _ => Err("expected milliseconds from 1 to 43200000"),
                    })?;
                }
                Arg::Long("stats") => options.stats = true,
                Arg::Long("trace") => options.trace = true,
                Arg::Short('h') | Arg::Long("help") => return Ok(Self::Help),
                arg => return Err(arg.unexpected()),
            }
        }
        match (sqs, endpoint_url) {
            (true, endpoint_url) => options.queue = Place::Sqs { endpoint_url },
            (false, Some(_)) => return Err("`--endpoint-url` is for `--queue sqs`".into()),
            (false, None) => {}
        }
        Ok(Self::Run(options))
    }
}

pub(crate) fn help() -> ExitCode {
    print!("{HELP}");
    ExitCode::SUCCESS
}

/// A command line that is not understood.
pub(crate) fn misused(error: &lexopt::Error) -> ExitCode {
    eprintln!("flights: {error}; `--help` lists the options");
    ExitCode::from(2)
}

/// An error with its sources on one line.
pub(crate) fn failed(error: &dyn Error) -> ExitCode {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    eprintln!("flights: {error}{causes}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Command, String> {
        Command::parse(Parser::from_args(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn options_are_taken_in_any_order() {
        let Ok(Command::Run(options)) =
            parse(&["--endpoint-url=http://x", "--lease", "5", "--queue", "sqs", "--fresh"])
        else {
            panic!("it parses")
        };
        assert_eq!(options.queue, Place::Sqs { endpoint_url: Some("http://x".into()) });
        assert_eq!((options.lease, options.fresh, options.rows), (Duration::from_millis(5), true, None));
        assert!(!options.stats && !options.trace);
        assert!(matches!(parse(&["--stats", "--trace"]), Ok(Command::Run(options)) if options.stats && options.trace));
        assert!(matches!(parse(&["--fresh", "-h"]), Ok(Command::Help)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (args, part) in [
            (&["--queue", "kafka"][..], "expected `sqlite` or `sqs`"),
            (&["--lease", "0"], "expected milliseconds from 1 to 43200000"),
            (&["--endpoint-url", "http://x"], "is for `--queue sqs`"),
            (&["--row", "x"], "--row"),
            (&["x"], "x"),
            (&["--rows"], "--rows"),
        ] {
            let error = parse(args).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
