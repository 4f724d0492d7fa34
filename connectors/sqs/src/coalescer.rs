//! Gathers deletes and visibility changes across stages, because SQS charges per request: ten entries, or 50 ms after the
//! oldest of fewer, or a drain. Every entry gets its own answer, by its position in the request and never by its message's id, of which there
//! may be two. Requests and timers are tasks that end by themselves within moments of the last entry.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use broadway::Signal;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    connection::Link,
    error::{ErrorKind, SqsError, words},
};

/// The most that SQS takes in one request.
pub(crate) const BATCH: usize = 10;
const LINGER: Duration = Duration::from_millis(50);

/// What is to become of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Delete,
    /// Seconds until it is delivered again.
    Visibility(i32),
    /// Seconds for which it stays hidden: unlike [`Visibility`](Self::Visibility) a failure if the queue has it back.
    Extend(i32),
}

/// A change and whom to tell about it.
#[derive(Debug)]
struct Entry {
    handle: Arc<str>,
    change: Change,
    answer: oneshot::Sender<Result<(), SqsError>>,
}

/// Entries of one kind of request: fewer than ten.
#[derive(Debug, Default)]
struct Lane {
    waiting: Vec<Entry>,
    /// When the oldest of them came.
    since: Option<Instant>,
    /// Whether a task sees to it that they do not wait too long.
    timed: bool,
}

impl Lane {
    /// Takes entries that came now, and gives those that are enough for a request.
    fn add(&mut self, entries: impl IntoIterator<Item = Entry>, now: Instant) -> Vec<Vec<Entry>> {
        self.waiting.extend(entries);
        let mut full = Vec::new();
        while self.waiting.len() >= BATCH {
            full.push(self.waiting.drain(..BATCH).collect());
            // What is left came with the last of those that go.
            self.since = None;
        }
        if !self.waiting.is_empty() {
            self.since.get_or_insert(now);
        }
        full
    }

    /// When those that wait have waited long enough.
    fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + LINGER)
    }

    fn take(&mut self) -> Vec<Entry> {
        self.since = None;
        std::mem::take(&mut self.waiting)
    }
}

#[derive(Debug, Default)]
struct Lanes {
    deletes: Lane,
    visibilities: Lane,
}

impl Lanes {
    fn of(&mut self, change: Change) -> &mut Lane {
        match change {
            Change::Delete => &mut self.deletes,
            Change::Visibility(_) | Change::Extend(_) => &mut self.visibilities,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Coalescer {
    link: Link,
    lanes: Arc<Mutex<Lanes>>,
}

impl Coalescer {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, lanes: Arc::default() }
    }

    /// Makes the changes, and says for each what became of it. When the future is dropped the changes are made all the
    /// same.
    pub(crate) async fn submit(
        &self,
        changes: Vec<(Arc<str>, Change)>,
        draining: &Signal,
    ) -> Vec<Result<(), SqsError>> {
        let answers = self.enqueue(changes, draining);
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            results.push(answer.await.unwrap_or_else(|_| {
                Err(self.link.refusal("settle messages of", ErrorKind::Unreachable, "the request was cut off"))
            }));
        }
        results
    }

    fn enqueue(
        &self,
        changes: Vec<(Arc<str>, Change)>,
        draining: &Signal,
    ) -> Vec<oneshot::Receiver<Result<(), SqsError>>> {
        let (mut entries, mut answers) = ([Vec::new(), Vec::new()], Vec::with_capacity(changes.len()));
        for (handle, change) in changes {
            let (answer, receiver) = oneshot::channel();
            entries[usize::from(change != Change::Delete)].push(Entry { handle, change, answer });
            answers.push(receiver);
        }
        let mut lanes = self.lock();
        let now = Instant::now();
        for (kind, entries) in [Change::Delete, Change::Visibility(0)].into_iter().zip(entries) {
            let lane = lanes.of(kind);
            for full in lane.add(entries, now) {
                tokio::spawn(send(self.link.clone(), full));
            }
            if !lane.waiting.is_empty() && !lane.timed {
                lane.timed = true;
                tokio::spawn(linger(self.link.clone(), self.lanes.clone(), kind, draining.clone()));
            }
        }
        answers
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for more, then sends what there is: fewer than ten, since ten never wait.
async fn linger(link: Link, lanes: Arc<Mutex<Lanes>>, kind: Change, draining: Signal) {
    let lock = || lanes.lock().unwrap_or_else(PoisonError::into_inner);
    let entries = loop {
        let due = lock().of(kind).due();
        if let Some(due) = due {
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = draining.raised() => {}
            }
        }
        let mut lanes = lock();
        let lane = lanes.of(kind);
        // The ones that it began to wait for may have gone, and younger ones be there.
        if draining.is_raised() || lane.due().is_none_or(|due| due <= Instant::now()) {
            lane.timed = false;
            break lane.take();
        }
    };
    if !entries.is_empty() {
        send(link, entries).await;
    }
}

/// One request, of entries of one kind; answers each.
async fn send(link: Link, entries: Vec<Entry>) {
    let changes: Vec<_> = entries.iter().map(|entry| (&*entry.handle, entry.change)).collect();
    let results = request(&link, &changes).await;
    for (entry, result) in entries.into_iter().zip(results) {
        // Whoever asked may have been dropped at the deadline of a drain.
        let _ = entry.answer.send(result);
    }
}

/// Up to ten changes of one kind, in one request, with one result for each.
pub(crate) async fn request(link: &Link, changes: &[(&str, Change)]) -> Vec<Result<(), SqsError>> {
    let deletes = changes.first().is_some_and(|(_, change)| *change == Change::Delete);
    let (action, answer) = if deletes {
        ("delete messages of", delete(link, changes).await)
    } else {
        ("give back messages of", change_visibility(link, changes).await)
    };
    let failed = match answer {
        Ok(failed) => failed,
        Err(error) => return changes.iter().map(|_| Err(error.clone())).collect(),
    };
    let mut results: Vec<_> = changes.iter().map(|_| Ok(())).collect();
    for entry in failed {
        let position = entry.id.parse::<usize>().ok();
        let Some(result) = position.and_then(|position| results.get_mut(position)) else { continue };
        let gives_back = position.is_some_and(|position| matches!(changes[position].1, Change::Visibility(_)));
        if !(gives_back && is_given_back_already(&entry)) {
            let kind = if entry.sender_fault { ErrorKind::Refused } else { ErrorKind::Service };
            *result = Err(link.refusal(action, kind, words(&entry.code, entry.message().unwrap_or_default())));
        }
    }
    results
}

/// A message whose visibility timeout has passed is no longer in flight: the queue has it back.
fn is_given_back_already(entry: &BatchResultErrorEntry) -> bool {
    let message = entry.message().unwrap_or_default();
    entry.code.contains("MessageNotInflight") || message.contains("not available for visibility timeout")
}

type Failed = Result<Vec<BatchResultErrorEntry>, SqsError>;

async fn delete(link: &Link, changes: &[(&str, Change)]) -> Failed {
    let entry = |(position, (handle, _)): (usize, &(&str, Change))| {
        DeleteMessageBatchRequestEntry::builder().id(position.to_string()).receipt_handle(*handle).build()
    };
    let entries: Result<Vec<_>, _> = changes.iter().enumerate().map(entry).collect();
    let entries = entries.map_err(|error| link.refusal("delete messages of", ErrorKind::Refused, error.to_string()))?;
    let request = link.client.delete_message_batch().queue_url(&link.url).set_entries(Some(entries));
    match request.send().await {
        Ok(answer) => Ok(answer.failed),
        Err(error) => Err(link.error("delete messages of", &error)),
    }
}

async fn change_visibility(link: &Link, changes: &[(&str, Change)]) -> Failed {
    let entry = |(position, (handle, change)): (usize, &(&str, Change))| {
        let seconds = match *change {
            Change::Visibility(seconds) | Change::Extend(seconds) => seconds,
            Change::Delete => 0,
        };
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(position.to_string())
            .receipt_handle(*handle)
            .visibility_timeout(seconds)
            .build()
    };
    let entries: Result<Vec<_>, _> = changes.iter().enumerate().map(entry).collect();
    let entries =
        entries.map_err(|error| link.refusal("give back messages of", ErrorKind::Refused, error.to_string()))?;
    let request = link.client.change_message_visibility_batch().queue_url(&link.url).set_entries(Some(entries));
    match request.send().await {
        Ok(answer) => Ok(answer.failed),
        Err(error) => Err(link.error("give back messages of", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> Vec<Entry> {
        let entry = |_| Entry { handle: "handle".into(), change: Change::Delete, answer: oneshot::channel().0 };
        (0..count).map(entry).collect()
    }

    #[test]
    fn whoever_is_left_over_waits_from_when_it_came() {
        let (mut lane, begun) = (Lane::default(), Instant::now());
        let at = |ms| begun + Duration::from_millis(ms);
        assert_eq!(lane.due(), None);
        assert!(lane.add(entries(6), at(0)).is_empty());
        assert!(lane.add(entries(3), at(30)).is_empty());
        assert_eq!(lane.due(), Some(at(50)));
        // The one that is left came at 40 ms.
        assert_eq!(lane.add(entries(2), at(40)).len(), 1);
        assert_eq!((lane.waiting.len(), lane.due()), (1, Some(at(90))));
        assert_eq!(lane.add(entries(29), at(60)).iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 10]);
        assert_eq!((lane.waiting.len(), lane.due()), (0, None));
        lane.add(entries(4), at(70));
        assert_eq!((lane.take().len(), lane.due()), (4, None));
    }
}
