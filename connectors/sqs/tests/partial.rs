//! Faults that no emulator makes: entries that fail for a reason of SQS's own, answered by a server of a few lines.

mod support;

use std::sync::{Arc, Mutex};

use broadway::{Builder, Permanent, Status, testing::ProducerHarness};
use broadway_sqs::{ErrorKind, SqsQueue};
use support::within;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Answers each request with the next of its answers to that operation, and keeps the requests' bodies. When there is none
/// left, it does not answer: a long poll.
struct Scripted {
    endpoint: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

type Answers = Vec<(&'static str, &'static str)>;

impl Scripted {
    async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let seen = bodies.clone();
        let answers = Arc::new(Mutex::new(answers));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, answers.clone(), seen.clone()));
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

async fn serve(mut stream: TcpStream, answers: Arc<Mutex<Answers>>, seen: Arc<Mutex<Vec<String>>>) {
    let (operation, body) = request(&mut stream).await;
    if operation != "ReceiveMessage" {
        seen.lock().unwrap().push(body);
    }
    let answer = {
        let mut answers = answers.lock().unwrap();
        answers.iter().position(|(to, _)| *to == operation).map(|position| answers.remove(position).1)
    };
    let Some(answer) = answer else { return std::future::pending().await };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\n";
    let response = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
    stream.write_all(response.as_bytes()).await.unwrap();
}

/// The operation and the body.
async fn request(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request ended early");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let length: usize = header("content-length").unwrap().parse().unwrap();
        if body.len() >= length {
            return (header("x-amz-target").unwrap().replace("AmazonSQS.", ""), body.to_owned());
        }
    }
}

const SEND: &str = "SendMessageBatch";
const DELETE: &str = "DeleteMessageBatch";
const FAILED_AGAIN: &str = r#"{"Successful":[],"Failed":[{"Id":"1","SenderFault":false,"Code":"InternalError"}]}"#;
const SENT: &str = r#"{"Successful":[{"Id":"1","MessageId":"m","MD5OfMessageBody":"x"}],"Failed":[]}"#;
const REFUSED: &str =
    r#"{"Successful":[],"Failed":[{"Id":"1","SenderFault":true,"Code":"InvalidMessageContents","Message":"no"}]}"#;

#[tokio::test]
async fn what_sqs_failed_on_is_sent_again_and_nothing_else_is() {
    let server = Scripted::start(vec![(SEND, FAILED_AGAIN), (SEND, FAILED_AGAIN), (SEND, SENT)]).await;
    let sent = within(10, "sending", server.queue().send_batch(["one", "two", "three"])).await;
    assert_eq!(sent.unwrap(), 3);
    let bodies = server.bodies();
    let again: Vec<bool> = ["one", "two", "three"].map(|body| bodies[1].contains(body)).into();
    assert_eq!((bodies.len(), again), (3, vec![false, true, false]), "{bodies:?}");
    assert!(bodies[2].contains("two") && !bodies[2].contains("three"), "{bodies:?}");
}

#[tokio::test]
async fn what_sqs_refuses_is_not_sent_again_and_named_by_its_place() {
    let server = Scripted::start(vec![(SEND, REFUSED), (SEND, SENT)]).await;
    let error = within(10, "sending", server.queue().send_batch(["one", "two"])).await.unwrap_err();
    assert_eq!((error.kind(), error.is_permanent()), (ErrorKind::Refused, true));
    assert!(error.to_string().contains("message 1: InvalidMessageContents: no"), "{error}");
    assert_eq!(server.bodies().len(), 1);
}

#[tokio::test]
async fn what_sqs_keeps_failing_on_is_given_up_and_may_pass() {
    let server = Scripted::start(vec![(SEND, FAILED_AGAIN); 9]).await;
    let error = within(20, "sending", server.queue().send_batch(["one", "two"])).await.unwrap_err();
    assert_eq!((error.kind(), error.is_permanent()), (ErrorKind::Service, false));
    assert_eq!(server.bodies().len(), 5);
}

const FOUND: (&str, &str) = ("GetQueueAttributes", r#"{"Attributes":{"VisibilityTimeout":"30"}}"#);
const RECEIVED: (&str, &str) =
    ("ReceiveMessage", r#"{"Messages":[{"MessageId":"m","ReceiptHandle":"h","Body":"one"}]}"#);
const NOT_DELETED: (&str, &str) =
    (DELETE, r#"{"Successful":[],"Failed":[{"Id":"0","SenderFault":false,"Code":"InternalError"}]}"#);
const DELETED: (&str, &str) = (DELETE, r#"{"Successful":[{"Id":"0"}],"Failed":[]}"#);

#[tokio::test]
async fn a_delete_that_sqs_failed_on_may_pass_when_it_is_tried_again() {
    let server = Scripted::start(vec![FOUND, RECEIVED, NOT_DELETED]).await;
    let mut harness = ProducerHarness::start(support::producer(&server.queue())).await.unwrap();
    within(10, "an ask", harness.ask(1)).await.unwrap();
    let message = harness.take().pop().unwrap();
    let undelivered = within(10, "a delete", harness.settle(vec![(message, Status::Successful)])).await;
    let [(0, reason)] = undelivered.as_slice() else { panic!("{undelivered:?}") };
    assert!(reason.to_string().contains("InternalError"), "{reason}");
    assert!(!reason.is::<Permanent>(), "{reason:?}");
}

#[tokio::test]
async fn a_pipeline_repeats_a_delete_that_sqs_failed_on() {
    let server = Scripted::start(vec![FOUND, RECEIVED, NOT_DELETED, NOT_DELETED, DELETED]).await;
    let queue = server.queue();
    let source = move |_| support::producer(&queue);
    let pipeline = Builder::new("repeats", source, |_| Box::pin(async { Ok(()) })).start_link().await.unwrap();
    within(10, "the verdict", pipeline.wait_until(|stats| stats.acknowledged == 1)).await;
    let report = within(10, "the stop", pipeline.stop()).await.unwrap();
    assert_eq!((report.acknowledged, report.undelivered), (1, 0), "{report}");
    let deletes = server.bodies().iter().filter(|body| body.contains("ReceiptHandle")).count();
    assert_eq!(deletes, 3);
}
