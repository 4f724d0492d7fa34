//! A counter and a printer, as in the talk that introduced GenStage: the printer takes a second for each chunk, so the
//! counter counts 500 a second, whatever it could do.

use std::time::Duration;

use broadway::{
    Incoming, Next, Outbox, Producer, Result, async_trait,
    stage::{self, Consumer, Subscription, to},
};

use crate::Lines;

/// Counts up to a number.
struct Counter {
    next: u64,
    end: u64,
    lines: Lines,
}

#[async_trait]
impl Producer for Counter {
    type Data = u64;

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        self.lines.send(format!("counter: asked for {demand}"))?;
        let end = self.end.min(self.next + demand as u64);
        out.extend((self.next..end).map(Incoming::new));
        self.next = end;
        Ok(if end == self.end { Next::Finished } else { Next::More })
    }
}

/// Takes a second for each chunk.
struct Printer(Lines);

impl Consumer for Printer {
    type Event = u64;

    async fn handle_events(&mut self, events: Vec<u64>, _: &Subscription) -> Result<Next> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            self.0.send(format!("printer: {first} to {last}"))?;
        }
        Ok(Next::More)
    }
}

/// Prints the numbers below `end`.
///
/// # Errors
/// A stage does not start.
pub async fn run(end: u64, lines: Lines) -> Result<()> {
    let counter = stage::producer(Counter { next: 0, end, lines: lines.clone() }).start().await?;
    let printer = stage::consumer(Printer(lines.clone()));
    let printer = printer.subscribe_to(to(&counter).max_demand(1_000).min_demand(500)).start().await?;
    let reason = printer.ended().await;
    lines.send(format!("{reason}: {} events", printer.counts().handled))?;
    Ok(())
}
