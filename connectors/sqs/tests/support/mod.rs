//! Where the servers are, and queues that no other test uses.

#![allow(dead_code)]

use std::{
    future::Future,
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use broadway_sqs::{Depth, SqsProducer, SqsQueue, aws_sdk_sqs::types::QueueAttributeName};

/// What a test must never see printed.
pub const SECRET: &str = "hunter2/Planted+Secret";

/// A server that tests run against.
#[derive(Debug, Clone)]
pub struct Server {
    pub endpoint: String,
}

/// The fast one.
pub fn ministack() -> Option<Server> {
    server("BROADWAY_SQS_ENDPOINT", "http://127.0.0.1:24566")
}

/// The second opinion.
pub fn moto() -> Option<Server> {
    server("BROADWAY_SQS_MOTO_ENDPOINT", "http://127.0.0.1:24567")
}

/// The server, or `None` after saying that the test is skipped; with `BROADWAY_REQUIRE_SERVERS=1` it must be there.
fn server(variable: &str, default: &str) -> Option<Server> {
    let endpoint = std::env::var(variable).unwrap_or_else(|_| default.into());
    let address: SocketAddr = endpoint.trim_start_matches("http://").parse().expect(variable);
    if TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok() {
        return Some(Server { endpoint });
    }
    let required = std::env::var("BROADWAY_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "nothing answers at {endpoint}: run `cargo xtask servers up`, or set {variable}");
    eprintln!("skipped: nothing answers at {endpoint} (`cargo xtask servers up` starts it)");
    None
}

impl Server {
    /// A handle for a queue that may or may not exist.
    pub fn named(&self, name: &str) -> SqsQueue {
        SqsQueue::new(name).endpoint_url(&self.endpoint).region("us-east-1").credentials("test", SECRET)
    }

    /// A new queue.
    pub async fn queue(&self, test: &str) -> SqsQueue {
        self.queue_with(test, []).await
    }

    /// A new queue with attributes.
    pub async fn queue_with(
        &self,
        test: &str,
        attributes: impl IntoIterator<Item = (QueueAttributeName, String)>,
    ) -> SqsQueue {
        let queue = self.named(&unique(test));
        queue.create_with(attributes).await.unwrap();
        queue
    }
}

/// A name that was never used, even on a server that outlives the tests. A `.fifo` at the end stays there.
pub fn unique(test: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let (stem, end) = test.split_once('.').map_or((test, String::new()), |(stem, end)| (stem, format!(".{end}")));
    format!("{}-{now}-{next}{end}", &stem[..stem.len().min(40)])
}

/// A producer with polls short enough for tests.
pub fn producer(queue: &SqsQueue) -> SqsProducer {
    SqsProducer::new(queue).wait_time_seconds(5)
}

/// Waits until the queue's depth is as it should be: what a server counts is all that there is to wait for.
pub async fn until_depth(queue: &SqsQueue, what: &str, is: impl Fn(Depth) -> bool) -> Depth {
    let wait = async {
        loop {
            let depth = queue.depth().await.unwrap();
            if is(depth) {
                return depth;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), wait).await {
        Ok(depth) => depth,
        Err(_) => panic!("the queue is not {what}: {:?}", queue.depth().await),
    }
}

/// Fails what would hang.
pub async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(seconds), future).await {
        Ok(done) => done,
        Err(_) => panic!("{what} took more than {seconds} s"),
    }
}

/// Runs each test against each server.
#[macro_export]
macro_rules! on_servers {
    ($($test:ident),+ $(,)?) => {
        mod ministack {
            $(#[tokio::test]
            async fn $test() {
                if let Some(server) = super::support::ministack() {
                    super::$test(server).await;
                }
            })+
        }
        mod moto {
            $(#[tokio::test]
            async fn $test() {
                if let Some(server) = super::support::moto() {
                    super::$test(server).await;
                }
            })+
        }
    };
}
