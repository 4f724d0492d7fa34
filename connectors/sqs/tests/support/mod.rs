//! Where the servers are, and queues that no other test uses.

#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    error::Error,
    future::Future,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_smithy_runtime_api::client::{
    interceptors::{
        Intercept,
        context::{BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef},
        dyn_dispatch_hint,
    },
    orchestrator::Metadata,
    runtime_components::RuntimeComponents,
};
use broadway_sqs::{
    Depth, SqsProducer, SqsQueue,
    aws_sdk_sqs::{
        Client,
        config::ConfigBag,
        operation::{
            change_message_visibility_batch::ChangeMessageVisibilityBatchInput,
            delete_message_batch::DeleteMessageBatchInput,
        },
        types::QueueAttributeName,
    },
};

/// What a test must never see printed.
pub(crate) const SECRET: &str = "hunter2/Planted+Secret";

/// A server that tests run against.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) endpoint: String,
    /// How many may receive at a time so that each message is delivered once.
    pub(crate) receivers: u32,
}

/// The fast one.
pub(crate) fn ministack() -> Option<Server> {
    server("BROADWAY_SQS_ENDPOINT", "http://127.0.0.1:24566", 2)
}

/// The second opinion. Its receives take no lock, so two at a time may be given the same message, whoever the client is: SQS promises no more
/// either, but a test that counts deliveries needs one that comes once.
pub(crate) fn moto() -> Option<Server> {
    server("BROADWAY_SQS_MOTO_ENDPOINT", "http://127.0.0.1:24567", 1)
}

/// The server, or `None` after saying that the test is skipped; with `BROADWAY_REQUIRE_SERVERS=1` it must be there.
fn server(variable: &str, default: &str, receivers: u32) -> Option<Server> {
    let endpoint = std::env::var(variable).unwrap_or_else(|_| default.into());
    let address: SocketAddr = endpoint.trim_start_matches("http://").parse().expect(variable);
    if TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok() {
        return Some(Server { endpoint, receivers });
    }
    let required = std::env::var("BROADWAY_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "nothing answers at {endpoint}: run `cargo xtask servers up`, or set {variable}");
    eprintln!("skipped: nothing answers at {endpoint} (`cargo xtask servers up` starts it)");
    None
}

impl Server {
    /// A handle for a queue that may or may not exist.
    pub(crate) fn named(&self, name: &str) -> SqsQueue {
        SqsQueue::new(name).endpoint_url(&self.endpoint).region("us-east-1").credentials("test", SECRET)
    }

    /// A new queue.
    pub(crate) async fn queue(&self, test: &str) -> SqsQueue {
        self.queue_with(test, []).await
    }

    /// A new queue with attributes.
    pub(crate) async fn queue_with(
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
pub(crate) fn unique(test: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let (stem, end) = test.split_once('.').map_or((test, String::new()), |(stem, end)| (stem, format!(".{end}")));
    format!("{}-{now}-{next}{end}", &stem[..stem.len().min(40)])
}

/// A producer with polls short enough for tests.
pub(crate) fn producer(queue: &SqsQueue) -> SqsProducer {
    SqsProducer::new(queue).wait_time_seconds(5)
}

/// Waits until the queue's depth is as it should be: what a server counts is all that there is to wait for.
pub(crate) async fn until_depth(queue: &SqsQueue, what: &str, is: impl Fn(Depth) -> bool) -> Depth {
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
pub(crate) async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
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

/// Counts the requests that a client sends, by their operation, and spoils receipt handles on demand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answered: BTreeMap<String, u32>,
    spoiled: Option<usize>,
}

impl Requests {
    /// A handle for the same queue through a client that is looked at.
    pub(crate) async fn of(queue: &SqsQueue) -> (Self, SqsQueue) {
        let requests = Self::default();
        let config = queue.client().await.unwrap().config().to_builder().interceptor(requests.clone()).build();
        let url = queue.url().await.unwrap();
        (requests, SqsQueue::with_client(Client::from_conf(config), url))
    }

    pub(crate) fn count(&self, operation: &str) -> u32 {
        self.0.lock().unwrap().answered.get(operation).copied().unwrap_or_default()
    }

    /// Waits until so many requests of that operation were answered.
    pub(crate) async fn until(&self, operation: &str, count: u32) {
        let wait = async {
            while self.count(operation) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(10, operation, wait).await;
    }

    /// From here on the entry at that place of every batch has a receipt handle that no message has.
    pub(crate) fn spoil(&self, position: Option<usize>) {
        self.0.lock().unwrap().spoiled = position;
    }
}

#[dyn_dispatch_hint]
impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(position) = self.0.lock().unwrap().spoiled else { return Ok(()) };
        let input = context.input_mut();
        if let Some(input) = input.downcast_mut::<DeleteMessageBatchInput>() {
            input.entries.as_mut().unwrap()[position].receipt_handle = "no-such-handle".into();
        } else if let Some(input) = input.downcast_mut::<ChangeMessageVisibilityBatchInput>() {
            input.entries.as_mut().unwrap()[position].receipt_handle = "no-such-handle".into();
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let operation = config.load::<Metadata>().map_or("unknown", Metadata::name).to_owned();
        *self.0.lock().unwrap().answered.entry(operation).or_default() += 1;
        Ok(())
    }
}
