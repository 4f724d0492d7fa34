//! Faults that no emulator makes: entries that fail for a reason of SQS's own, answered by a server of a few lines.

mod support;

use std::sync::{Arc, Mutex};

use broadway::{Permanent, Status, testing::ProducerHarness};
use broadway_sqs::{ErrorKind, SqsQueue};
use support::within;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Answers each request with the next of its answers, and keeps the requests' bodies.
struct Scripted {
    endpoint: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    async fn start(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let seen = bodies.clone();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let body = request_body(&mut stream).await;
                seen.lock().unwrap().push(body);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\n";
                let response = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
                stream.write_all(response.as_bytes()).await.unwrap();
            }
        });
        Self { endpoint, bodies }
    }

    fn queue(&self) -> SqsQueue {
        SqsQueue::new(format!("{}/1/orders", self.endpoint)).credentials("test", "test")
    }

    fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }
}

async fn request_body(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request ended early");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length.is_some_and(|length: usize| body.len() >= length) {
            return body.to_owned();
        }
    }
}

const FAILED_AGAIN: &str = r#"{"Successful":[],"Failed":[{"Id":"1","SenderFault":false,"Code":"InternalError"}]}"#;
const SENT: &str = r#"{"Successful":[{"Id":"1","MessageId":"m","MD5OfMessageBody":"x"}],"Failed":[]}"#;
const REFUSED: &str =
    r#"{"Successful":[],"Failed":[{"Id":"1","SenderFault":true,"Code":"InvalidMessageContents","Message":"no"}]}"#;

#[tokio::test]
async fn what_sqs_failed_on_is_sent_again_and_nothing_else_is() {
    let server = Scripted::start(vec![FAILED_AGAIN, FAILED_AGAIN, SENT]).await;
    let sent = within(10, "sending", server.queue().send_batch(["one", "two", "three"])).await;
    assert_eq!(sent.unwrap(), 3);
    let bodies = server.bodies();
    let again: Vec<bool> = ["one", "two", "three"].map(|body| bodies[1].contains(body)).into();
    assert_eq!((bodies.len(), again), (3, vec![false, true, false]), "{bodies:?}");
    assert!(bodies[2].contains("two") && !bodies[2].contains("three"), "{bodies:?}");
}

#[tokio::test]
async fn what_sqs_refuses_is_not_sent_again_and_named_by_its_place() {
    let server = Scripted::start(vec![REFUSED, SENT]).await;
    let error = within(10, "sending", server.queue().send_batch(["one", "two"])).await.unwrap_err();
    assert_eq!((error.kind(), error.is_permanent()), (ErrorKind::Refused, true));
    assert!(error.to_string().contains("message 1: InvalidMessageContents: no"), "{error}");
    assert_eq!(server.bodies().len(), 1);
}

#[tokio::test]
async fn what_sqs_keeps_failing_on_is_given_up_and_may_pass() {
    let server = Scripted::start(vec![FAILED_AGAIN; 9]).await;
    let error = within(20, "sending", server.queue().send_batch(["one", "two"])).await.unwrap_err();
    assert_eq!((error.kind(), error.is_permanent()), (ErrorKind::Service, false));
    assert_eq!(server.bodies().len(), 5);
}

#[tokio::test]
async fn a_delete_that_sqs_failed_on_may_pass_when_it_is_tried_again() {
    const FOUND: &str = r#"{"Attributes":{"VisibilityTimeout":"30"}}"#;
    const RECEIVED: &str = r#"{"Messages":[{"MessageId":"m","ReceiptHandle":"h","Body":"one"}]}"#;
    const FAILED: &str = r#"{"Successful":[],"Failed":[{"Id":"0","SenderFault":false,"Code":"InternalError"}]}"#;
    let server = Scripted::start(vec![FOUND, RECEIVED, FAILED]).await;
    let mut harness = ProducerHarness::start(support::producer(&server.queue())).await.unwrap();
    within(10, "an ask", harness.ask(1)).await.unwrap();
    let message = harness.take().pop().unwrap();
    let undelivered = within(10, "a delete", harness.settle(vec![(message, Status::Successful)])).await;
    let [(0, reason)] = undelivered.as_slice() else { panic!("{undelivered:?}") };
    assert!(reason.to_string().contains("InternalError"), "{reason}");
    assert!(!reason.is::<Permanent>(), "{reason:?}");
}
