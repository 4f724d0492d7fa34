//! What the checks of SQS share: a server that answers what the fuzzer made, in the place of the network.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use broadway_sqs::aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig},
};

/// Answers each kind of request with what the fuzzer made: a first byte for the status, then one line for each kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Server(Arc<Mutex<Vec<u8>>>);

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

/// Runs a check, in virtual time, with a client whose server answers with `script`.
pub(crate) fn with_answers<F: Future>(script: &[u8], check: impl FnOnce(Client) -> F) -> F::Output {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        static SERVER: (Server, Client) = { let server = Server::default(); (server.clone(), client(&server)) };
    }
    RUNTIME.with(|runtime| {
        SERVER.with(|(server, client)| {
            *server.0.lock().unwrap() = script.to_vec();
            runtime.block_on(check(client.clone()))
        })
    })
}
