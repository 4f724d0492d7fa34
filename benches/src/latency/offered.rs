//! Messages that are due at even intervals, whether they are asked for or not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use broadway::{AckData, Incoming, Next, Outbox, Producer, ProducerContext, Result};
use broadway_benches::threads::block_on;
use hdrhistogram::Histogram;
use tokio::{runtime::Runtime, sync::Notify};

use super::timed::{Latencies, Timed, histogram};

/// What was seen of a run, in nanoseconds.
pub(super) struct Seen {
    pub(super) latency: Histogram<u64>,
    /// How late the clock said that messages were due.
    pub(super) late: Histogram<u64>,
}

/// Messages a second when all are due from the beginning.
pub(super) fn saturation(on: &Runtime, messages: u64, batch_size: Option<u64>) -> f64 {
    let due = Arc::new(Due::default());
    due.messages.store(messages, Ordering::Release);
    let latencies = Latencies::new(Instant::now(), u64::MAX);
    let start = Instant::now();
    run(on, Schedule { messages, rate: 1e9, latencies, due }, batch_size);
    messages as f64 / start.elapsed().as_secs_f64()
}

/// So many messages a second for so long, the first tenth to warm up.
pub(super) fn measure(on: &Runtime, rate: f64, length: Duration, batch_size: Option<u64>) -> Seen {
    let messages = (rate * length.as_secs_f64()) as u64;
    let begun = Instant::now() + Duration::from_millis(20);
    let counts_from = length.as_nanos() as u64 / 10;
    let schedule =
        Schedule { messages, rate, latencies: Latencies::new(begun, counts_from), due: Arc::new(Due::default()) };
    let clock = schedule.clone();
    let clock = thread::spawn(move || clock.tell());
    run(on, schedule.clone(), batch_size);
    let latency = schedule.latencies.take();
    let expected = (0..messages).filter(|number| schedule.due_at(*number) >= counts_from).count();
    assert_eq!(latency.len(), expected as u64, "every message is timed once");
    Seen { latency, late: clock.join().expect("the clock runs") }
}

fn run(on: &Runtime, schedule: Schedule, batch_size: Option<u64>) {
    let messages = schedule.messages;
    let report = block_on(on, async move {
        let pipeline =
            Timed::start(batch_size, move || Box::new(Offered { schedule: schedule.clone(), next: 0 })).await;
        pipeline.wait().await.expect("the pipeline ends")
    });
    assert_eq!(report.acknowledged, messages);
}

/// How many messages are due by now. Nothing is sent: the source knows when each of them was due.
#[derive(Default)]
struct Due {
    messages: AtomicU64,
    /// Whether the source has nothing to do.
    is_awaited: AtomicBool,
    come: Notify,
}

#[derive(Clone)]
struct Schedule {
    messages: u64,
    /// Messages a second.
    rate: f64,
    latencies: Arc<Latencies>,
    due: Arc<Due>,
}

impl Schedule {
    /// Nanoseconds after the beginning.
    fn due_at(&self, number: u64) -> u64 {
        (number as f64 * 1e9 / self.rate) as u64
    }

    /// Says what is due from the moment on at which it is, and how late it was with that.
    fn tell(&self) -> Histogram<u64> {
        let mut late = histogram();
        let mut told = 0;
        while told < self.messages {
            let now = self.latencies.now();
            let due = ((now as f64 * self.rate / 1e9) as u64).min(self.messages);
            if due == told {
                std::hint::spin_loop();
                continue;
            }
            late.saturating_record(now.saturating_sub(self.due_at(told)));
            told = due;
            self.due.messages.store(due, Ordering::SeqCst);
            if self.due.is_awaited.swap(false, Ordering::SeqCst) {
                self.due.come.notify_one();
            }
        }
        late
    }
}

/// The source: everything that is due waits in it.
struct Offered {
    schedule: Schedule,
    next: u64,
}

impl Offered {
    async fn due(&self) -> u64 {
        let due = &self.schedule.due;
        loop {
            let messages = due.messages.load(Ordering::SeqCst);
            if messages > self.next {
                return messages;
            }
            // Set before it is looked at again, so that the clock sees one of both.
            due.is_awaited.store(true, Ordering::SeqCst);
            if due.messages.load(Ordering::SeqCst) <= self.next {
                due.come.notified().await;
            }
        }
    }
}

#[broadway::async_trait]
impl Producer for Offered {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        context.acknowledger(self.schedule.latencies.clone());
        Ok(())
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<u64>) -> Result<Next> {
        let end = self.due().await.min(self.next + demand as u64);
        let due_at = |number| self.schedule.due_at(number);
        out.extend((self.next..end).map(|number| Incoming::new(number).ack(AckData::U64(due_at(number)))));
        self.next = end;
        Ok(if end == self.schedule.messages { Next::Finished } else { Next::More })
    }
}
