//! Whatever a server answers, it is an error or messages that can be looked at and settled. No panic, no hang.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use broadway::{Status, testing::ProducerHarness};
use broadway_sqs::{
    SqsMetadata, SqsProducer,
    aws_sdk_sqs::{
        Client,
        config::{BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig},
    },
};

/// Answers each kind of request with what the fuzzer made: a first byte for the status, then one line for each kind.
#[derive(Debug, Clone, Default)]
struct Server(Arc<Mutex<Vec<u8>>>);

impl Server {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let script = self.0.lock().unwrap();
        let (status, lines) = script.split_first().unwrap_or((&b'2', &[]));
        let mut lines = lines.split(|byte| *byte == b'\n');
        let received = lines.next().unwrap_or_default();
        let settled = lines.next().unwrap_or_default();
        let attributes = lines.next().unwrap_or(b"{}");
        let body = match request.headers().get("x-amz-target").and_then(|target| target.split_once('.')) {
            Some((_, "ReceiveMessage")) => received,
            Some((_, "GetQueueAttributes")) => return response(200, attributes),
            _ => settled,
        };
        response(
            match status {
                b'4' => 400,
                b'5' => 503,
                _ => 200,
            },
            body,
        )
    }
}

fn response(status: u16, body: &[u8]) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.to_vec().into())
}

impl HttpConnector for Server {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&request)))
    }
}

impl HttpClient for Server {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn client(server: &Server) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "fuzz"))
        .http_client(server.clone())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    Client::from_conf(config.build())
}

pub(crate) fn check(data: &[u8]) {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        static SERVER: (Server, Client) = { let server = Server::default(); (server.clone(), client(&server)) };
    }
    RUNTIME.with(|runtime| {
        SERVER.with(|(server, client)| {
            *server.0.lock().unwrap() = data.to_vec();
            runtime.block_on(receive(client));
        })
    });
}

async fn receive(client: &Client) {
    let producer =
        SqsProducer::with_client(client.clone(), "http://localhost/000000000000/orders").wait_time_seconds(0);
    let Ok(mut harness) = ProducerHarness::start(producer).await else { return };
    // A queue that answers with nothing is asked again and again.
    let asked = tokio::time::timeout(std::time::Duration::from_secs(30), harness.ask(10)).await;
    if let Ok(Err(error)) = &asked {
        assert!(!error.to_string().is_empty());
    }
    let messages = harness.take();
    for message in &messages {
        assert!(format!("{message:?} {:?} {:?}", message.id(), message.key()).len() < 100_000);
        assert!(message.headers().is_sorted_by_key(|(name, _)| name));
        let _ = (message.delivery(), message.published_at(), message.text().is_ok());
        let metadata = message.metadata::<SqsMetadata>().expect("every message of SQS has it");
        let _ = (metadata.message_id(), metadata.receipt_handle(), metadata.md5_of_body(), metadata.receive_count());
        let _ = (metadata.sent_at(), metadata.first_received_at(), metadata.sender_id(), metadata.group_id());
        let _ = (metadata.deduplication_id(), metadata.sequence_number(), metadata.aws_trace_header());
        let _ = (format!("{metadata:?}"), metadata.message_attributes());
    }
    let count = messages.len();
    let verdicts = [Status::Successful, Status::Failed, Status::Released];
    let settled = messages.into_iter().zip(verdicts.into_iter().cycle()).collect();
    let undelivered = harness.settle(settled).await;
    let places: BTreeSet<usize> = undelivered.iter().map(|(place, _)| *place).collect();
    assert!(places.len() == undelivered.len() && places.iter().all(|place| *place < count), "{undelivered:?}");
    drop(harness.drain().await);
}
