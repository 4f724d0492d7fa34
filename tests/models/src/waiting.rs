//! What the models share: threads that wait, messages that are counted, and what must hold of an edge at its end.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

pub(crate) use loom::future::block_on as wait;
use loom::thread::{self, JoinHandle, Thread};

use crate::edge::Edge;

pub(crate) type Edges = Arc<Edge<Vec<u32>>>;

/// Wakes a thread that waits as a task.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The same with a waker that is equal to its clones, as a task's is; that of [`wait`] is equal to none.
pub(crate) fn wait_as_task<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    assert!(waker.will_wake(&waker.clone()));
    let (mut cx, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}

/// Polls once.
pub(crate) fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    wait(poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    }))
}

/// What has arrived. The one who takes the last message closes the edge: were it closed earlier, that would wake those who
/// should have been woken by a message.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals {
    edge: Edges,
    count: Arc<AtomicU32>,
    messages: u32,
}

impl Arrivals {
    pub(crate) fn of(edge: &Edges, messages: u32) -> Self {
        Self { edge: edge.clone(), count: Arc::default(), messages }
    }

    /// A consumer that takes up to `most` at once, until the edge is closed; it gives what it got.
    pub(crate) fn consumer(&self, index: usize, most: usize) -> JoinHandle<Vec<u32>> {
        let (arrivals, mut consumer) = (self.clone(), self.edge.consumer(index));
        thread::spawn(move || {
            let (mut got, mut chunk) = (Vec::new(), Vec::new());
            while wait(consumer.take(most, false, &mut chunk)) {
                assert!(!chunk.is_empty() && chunk.len() <= most);
                arrivals.arrived(chunk.len());
                got.append(&mut chunk);
            }
            got
        })
    }

    pub(crate) fn arrived(&self, n: usize) {
        let before = self.count.fetch_add(n as u32, Ordering::SeqCst);
        if before + n as u32 == self.messages {
            self.edge.close();
        }
    }
}

/// Each message once, whoever got it.
pub(crate) fn all_once(got: impl IntoIterator<Item = Vec<u32>>, messages: u32) {
    let mut got: Vec<u32> = got.into_iter().flatten().collect();
    got.sort_unstable();
    assert_eq!(got, (0..messages).collect::<Vec<_>>(), "lost or seen twice");
}

/// Nothing is queued, reserved or in hand, so all demand can be had, and no more than that.
pub(crate) fn all_demand_is_back(edge: &Edges, capacity: usize) {
    let mut feeder = edge.feeder();
    let open = poll_once(std::pin::pin!(feeder.reserve(1, usize::MAX >> 1)));
    assert_eq!(open, Some(capacity), "demand was lost, or given back twice");
}
