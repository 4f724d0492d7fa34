//! The connectors beside their own clients used by hand, in turns in one run. Medians; what differs between the two sides
//! is only who receives, hands on and deletes.

mod cpu;
mod rounds;
mod sqlite;
mod sqs;
mod targets;

use lexopt::ValueExt;

fn main() -> Result<(), lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut size = Size { rounds: 5, sqs: 5_000, sqlite: 100_000 };
    let mut server = None;
    let mut only = None;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("quick") => size = Size { rounds: 3, sqs: 2_000, sqlite: 20_000 },
            // The process of the server that answers for SQS: its share of the processors is printed.
            lexopt::Arg::Long("server-pid") => server = Some(parser.value()?.parse()?),
            lexopt::Arg::Value(name) if name == "sqs" || name == "sqlite" => only = Some(name),
            other => return Err(other.unexpected()),
        }
    }
    let runs = |name: &str| only.as_ref().is_none_or(|only| only == name);
    if runs("sqlite") {
        println!("{}", sqlite::bench(&size));
    }
    if runs("sqs")
        && let Some(table) = sqs::bench(&size, server)
    {
        println!("{table}");
    }
    Ok(())
}

/// How much is measured.
struct Size {
    rounds: usize,
    /// Messages of a run.
    sqs: usize,
    sqlite: usize,
}
