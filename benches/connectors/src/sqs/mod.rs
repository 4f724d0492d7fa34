//! A pipeline on an SQS queue beside 20 tasks that receive, process and delete by hand. Both have the same client, the same
//! receives and the same endpoint, and each run empties a queue of its own.

mod by_hand;
mod ours;
mod requests;

use std::{
    future::Future,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant, SystemTime},
};

use broadway_benches::{row::Row, table::Table};
use broadway_sqs::{SqsQueue, aws_sdk_sqs::Client};
use requests::{Answered, Requests};
use tokio::runtime::Runtime;

use crate::{
    Size,
    cpu::Process,
    rounds::{beside, figures, in_turns, table},
    targets::{SQS_RATE, SQS_REQUESTS},
};

/// Receives under way, on both sides.
const RECEIVES: usize = 20;

/// The most that SQS takes and gives in one request.
const BATCH: usize = 10;

/// No receive of a run waits so long: what is asked for last finds the queue empty.
const WAIT_SECONDS: u32 = 2;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one run took.
struct Run {
    wall: Duration,
    client: Option<Duration>,
    server: Option<Duration>,
    requests: Answered,
}

/// The table, if the server answers.
pub(crate) fn bench(size: &Size, server: Option<u32>) -> Option<Table> {
    let endpoint = std::env::var("BROADWAY_SQS_ENDPOINT").unwrap_or_else(|_| "http://127.0.0.1:24566".into());
    if !answers(&endpoint) {
        eprintln!("SQS: nothing answers at {endpoint} (`cargo xtask servers up` starts it)");
        return None;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let bench = Bench { endpoint, messages: size.sqs, server: server.map(Process::of), runtime };
    let about = format!(
        "{} messages a run, {RECEIVES} producer stages beside {RECEIVES} tasks, medians of {} runs after a warm-up.",
        bench.messages, size.rounds
    );
    let mut table = table("SQS", about);
    // With twice a request's worth for each processor, half of all demand is there for receives while the other is deleted.
    for (name, max_demand) in [("default demand", BATCH as u64), ("demand 20", 2 * BATCH as u64)] {
        bench.compare(name, size.rounds, max_demand).into_iter().for_each(|row| table.push(row));
    }
    Some(table)
}

impl Bench {
    /// The figures of both sides.
    fn compare(&self, name: &str, rounds: usize, max_demand: u64) -> Vec<Row> {
        let runs = in_turns(
            rounds,
            || self.run(|queue, requests| ours::run(queue, requests, self.messages, max_demand)),
            || self.run(by_hand::run),
        );
        let messages = self.messages as f64;
        let rates = figures(&runs, |run| messages / run.wall.as_secs_f64());
        let requests = |count: fn(&Answered) -> u32| figures(&runs, |run| f64::from(count(&run.requests)));
        let thousand =
            |count| requests(count).map(|counts| counts.iter().map(|count| count * 1e3 / messages).collect());
        let all = thousand(|answered| answered.receives + answered.deletes);
        let [ours, others] = requests(|answered| answered.others).map(|counts| counts[counts.len() / 2]);
        let micros = |time: Option<Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e6 / messages);
        let share = |time: Option<Duration>, wall: Duration| {
            time.map_or(f64::NAN, |time| time.as_secs_f64() * 100.0 / wall.as_secs_f64())
        };
        let named = |what: &str| format!("{name}: {what}");
        let mut rows = vec![
            beside(named("messages"), &rates, 0, "/s").ratio_target(&SQS_RATE, &rates[0], &rates[1]),
            beside(named("receives and deletes a thousand messages"), &all, 1, "").ratio_target(
                &SQS_REQUESTS,
                &all[0],
                &all[1],
            ),
            beside(named("of these, receives"), &thousand(|answered| answered.receives), 1, ""),
            Row::new(named("other requests a run")).cell(ours).cell(others).cell(""),
            beside(named("receives under way, the most"), &requests(|answered| answered.most_receives), 0, ""),
            beside(named("deletes under way, the most"), &requests(|answered| answered.most_deletes), 0, ""),
            beside(named("the client's processor time a message"), &figures(&runs, |run| micros(run.client)), 0, " µs"),
        ];
        if self.server.is_some() {
            let server = figures(&runs, |run| share(run.server, run.wall));
            rows.push(beside(named("the server's share of one core"), &server, 0, " %"));
        }
        rows
    }
}

struct Bench {
    endpoint: String,
    messages: usize,
    server: Option<Process>,
    runtime: Runtime,
}

impl Bench {
    /// Fills a queue, and measures until all of it is deleted.
    fn run<F>(&self, empty: impl FnOnce(SqsQueue, Requests) -> F) -> Run
    where
        F: Future<Output = Duration> + Send + 'static,
    {
        let (queue, requests) = self.runtime.block_on(self.filled());
        let client = Process::this();
        let before = (client.used(), self.server.as_ref().and_then(Process::used));
        let (watched, deleted) = (queue.clone(), requests.clone());
        let emptying = empty(queue.clone(), requests.clone());
        let wall = self.runtime.block_on(async { tokio::spawn(emptying).await.expect("the run does not panic") });
        let after = (client.used(), self.server.as_ref().and_then(Process::used));
        assert_eq!(deleted.deleted(), self.messages, "each message is deleted once");
        self.runtime.block_on(async {
            assert!(watched.depth().await.expect("the server answers").is_empty(), "the queue is empty");
            let url = watched.url().await.expect("the queue is there");
            watched.client().await.expect("a client").delete_queue().queue_url(url).send().await.expect("it goes");
        });
        let between = |before: Option<Duration>, after: Option<Duration>| Some(after?.saturating_sub(before?));
        Run {
            wall,
            client: between(before.0, after.0),
            server: between(before.1, after.1),
            requests: requests.at_the_end(),
        }
    }

    /// A new queue with all messages, and a handle through a client that counts.
    async fn filled(&self) -> (SqsQueue, Requests) {
        let name = format!("bench-{}", SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos());
        let queue = SqsQueue::new(name).endpoint_url(&self.endpoint).region("us-east-1").credentials("test", "test");
        queue.create().await.expect("the server makes a queue");
        queue.send_batch((0..self.messages).map(|n| format!("order {n:08}"))).await.expect("it takes messages");
        let requests = Requests::new(self.messages);
        let client = queue.client().await.expect("a client");
        let config = client.config().to_builder().interceptor(requests.clone()).build();
        let url = queue.url().await.expect("the queue is there");
        (SqsQueue::with_client(Client::from_conf(config), url), requests)
    }
}

/// Runs until all is deleted: how long that took. What is left to end then is not measured.
async fn until_deleted<R>(start: Instant, requests: &Requests, run: impl Future<Output = R>) -> Duration {
    tokio::select! {
        () = requests.all_deleted() => start.elapsed(),
        _ = run => panic!("it ended with {} messages deleted", requests.deleted()),
        () = tokio::time::sleep(PATIENCE) => panic!("it hangs with {} messages deleted", requests.deleted()),
    }
}

fn answers(endpoint: &str) -> bool {
    let address = endpoint.trim_start_matches("http://").parse::<SocketAddr>();
    address.is_ok_and(|address| TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok())
}
