//! What is printed at the end: carriers, dead letters, and what the pipeline did.

use std::io::{self, Write};

use broadway::Report;

use crate::{
    airline,
    database::{Carrier, DeadLetters, Totals},
};

/// A line for each carrier, under a header; delays are means, in minutes.
pub(crate) fn carriers(out: &mut impl Write, carriers: &[Carrier]) -> io::Result<()> {
    writeln!(out, "{:31} flights  cancelled  departure delay  arrival delay", "carrier")?;
    for Carrier { code, flights, cancelled, departure_delay, arrival_delay } in carriers {
        let (code, name) = code.as_ref().map_or(("", "all"), |code| (&**code, airline::name(code)));
        let (departure, arrival) = (delay(*departure_delay), delay(*arrival_delay));
        writeln!(out, "{code:2}  {name:27} {flights:>7}  {cancelled:>9}  {departure:>15}  {arrival:>13}")?;
    }
    Ok(())
}

fn delay(minutes: Option<f64>) -> String {
    minutes.map_or_else(|| "-".to_owned(), |minutes| format!("{minutes:.1}"))
}

/// The first dead letters with their reasons, and how many more there are; nothing if there is none.
pub(crate) fn dead_letters(out: &mut impl Write, letters: &DeadLetters) -> io::Result<()> {
    let DeadLetters { first, more } = letters;
    if first.is_empty() {
        return Ok(());
    }
    writeln!(out, "\ndead letters")?;
    for (row, reason) in first {
        writeln!(out, "row {row}: {reason}")?;
    }
    if *more > 0 {
        writeln!(out, "and {more} more, in the table `dead_letters`")?;
    }
    Ok(())
}

/// What the pipeline did in this run.
pub(crate) fn report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let Report { reason, emitted, acknowledged, failed, discarded, released, batches, latency, .. } = report;
    writeln!(out, "\npipeline    {reason}")?;
    writeln!(out, "messages    {emitted}: {acknowledged} acknowledged, {failed} failed, {released} released")?;
    writeln!(out, "batches     {batches}")?;
    writeln!(out, "failures    {failed}, {discarded} of them dead-lettered")?;
    writeln!(out, "throughput  {:.0} messages a second", report.throughput())?;
    writeln!(out, "latency     p50 {:.1?}, p99 {:.1?}", latency.p50, latency.p99)
}

/// The last line.
pub(crate) fn summary(out: &mut impl Write, rows: u64, totals: &Totals, report: &Report) -> io::Result<()> {
    let Totals { stored, dead_lettered, cancelled } = totals;
    let Report { acknowledged, failed, released, took, .. } = report;
    writeln!(
        out,
        "\nrows {rows}, stored {stored}, dead-lettered {dead_lettered}, cancelled {cancelled}, \
         acknowledged {acknowledged}, failed {failed}, released {released} in {took:.2?}"
    )
}
