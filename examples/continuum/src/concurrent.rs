//! Each step is a stage, with a task of its own: while a line is read, others are split and counted. No stage is further
//! ahead than the next one has asked for.

use broadway::{
    Next, Result,
    stage::{self, ProducerConsumer, Subscription, from_iter, to},
};
use futures::{TryStreamExt, future::try_join_all};

use crate::{Counts, tally, words};

/// As many tasks split lines into words.
const SPLITTERS: usize = 4;

/// Lines to words.
struct Words;

impl ProducerConsumer for Words {
    type Event = String;
    type Data = String;

    async fn handle_events(&mut self, lines: Vec<String>, out: &mut Vec<String>, _: &Subscription) -> Result<Next> {
        out.extend(lines.into_iter().flat_map(words));
        Ok(Next::More)
    }
}

/// Counts the words of a text's lines.
///
/// # Errors
/// A stage does not start, or fails.
pub async fn count(text: impl IntoIterator<Item = String, IntoIter: Send + 'static>) -> Result<Counts> {
    let lines = stage::producer(from_iter(text)).start().await?;
    let splitter = || stage::producer_consumer(Words).subscribe_to(to(&lines).max_demand(10)).start();
    let words = try_join_all((0..SPLITTERS).map(|_| splitter())).await?;
    stage::stream(&words)?.try_fold(Counts::new(), async |counts, word| Ok(tally(counts, word))).await
}
