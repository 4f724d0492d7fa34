//! An error names the queue and what to check, says whether trying again helps, and never holds a secret.

mod support;

use std::{net::TcpListener, process::Command};

use broadway::{Error, Permanent, testing::ProducerHarness};
use broadway_sqs::{ErrorKind, SqsError, SqsMetadata, SqsProducer, SqsQueue};
use support::{SECRET, Server, producer, unique, within};

on_servers![
    a_queue_that_does_not_exist_is_refused_for_good,
    a_url_of_a_queue_that_does_not_exist_is_refused_for_good,
    a_queue_that_disappears_is_an_error_of_the_ask,
    a_queue_is_found_by_its_url_alone,
    nothing_that_is_printed_holds_a_secret,
];

async fn start_error(producer: SqsProducer) -> Error {
    match within(60, "a start", ProducerHarness::start(producer)).await {
        Err(error) => error,
        Ok(_) => panic!("it started"),
    }
}

#[track_caller]
fn assert_says(error: &Error, permanent: bool, words: &[&str]) {
    assert_eq!(error.is::<Permanent>(), permanent, "{error:?}");
    for word in words {
        assert!(error.to_string().contains(word), "`{error}` lacks `{word}`");
    }
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
}

/// An address of this machine where nothing listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn at(endpoint: &str, queue: &str) -> SqsProducer {
    SqsProducer::new(queue).endpoint_url(endpoint).region("us-east-1").credentials("test", SECRET)
}

async fn a_queue_that_does_not_exist_is_refused_for_good(server: Server) {
    let name = unique("nowhere-to-be-found");
    let error = start_error(producer(&server.named(&name))).await;
    assert_says(&error, true, &[&name, "does not exist", "check its name", &server.endpoint]);
}

async fn a_url_of_a_queue_that_does_not_exist_is_refused_for_good(server: Server) {
    let url = format!("{}/000000000000/{}", server.endpoint, unique("nowhere-either"));
    let error = start_error(producer(&server.named(&url))).await;
    assert_says(&error, true, &[&url, "does not exist"]);
}

async fn a_queue_that_disappears_is_an_error_of_the_ask(server: Server) {
    let queue = server.queue("disappears").await;
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    let client = queue.client().await.unwrap();
    client.delete_queue().queue_url(queue.url().await.unwrap()).send().await.unwrap();
    let error = within(10, "an ask", harness.ask(10)).await.unwrap_err();
    let error = error.downcast_ref::<SqsError>().unwrap();
    assert_eq!((error.kind(), error.queue()), (ErrorKind::NoQueue, queue.name()));
}

async fn a_queue_is_found_by_its_url_alone(server: Server) {
    let queue = server.queue("by-url").await;
    queue.send_batch(["one"]).await.unwrap();
    let url = format!("{}/000000000000/{}", server.endpoint, queue.name());
    // Neither endpoint nor region: the URL says where it is.
    let by_url = if queue.url().await.unwrap().contains("/000000000000/") { url } else { queue.url().await.unwrap() };
    let by_url = SqsProducer::new(by_url).credentials("test", SECRET).wait_time_seconds(5);
    let mut harness = ProducerHarness::start(by_url).await.unwrap();
    within(10, "an ask", harness.ask(1)).await.unwrap();
    assert_eq!(harness.take()[0].source(), Some(queue.name()));
}

async fn nothing_that_is_printed_holds_a_secret(server: Server) {
    let (_, authority) = server.endpoint.split_once("://").unwrap();
    let queue = server.queue("secrets").await;
    queue.send_batch([SECRET]).await.unwrap();
    let mut harness = ProducerHarness::start(producer(&queue)).await.unwrap();
    within(10, "an ask", harness.ask(1)).await.unwrap();
    let messages = harness.take();
    let handle = messages[0].metadata::<SqsMetadata>().unwrap().receipt_handle().to_owned();
    let mut printed = vec![
        format!("{queue:?}"),
        format!("{:?}", producer(&queue)),
        format!("{harness:?} {:?}", harness.producer()),
        format!("{messages:?} {:?}", messages[0].metadata::<SqsMetadata>()),
        format!("{:?}", broadway_sqs::Outgoing::new(SECRET).header("key", SECRET)),
    ];
    // In the user info and the query of a queue's URL and of an endpoint.
    for url in [format!("http://user:{SECRET}@{authority}/1/q?key={SECRET}"), format!("ftp://user:{SECRET}@host/q")] {
        let planted = SqsQueue::new(&url).credentials(SECRET, SECRET).region("us-east-1");
        let error = planted.depth().await.unwrap_err();
        printed.push(format!("{planted:?} {error} {error:?}"));
        let planted = server.named("q").endpoint_url(&url);
        let error = planted.depth().await.unwrap_err();
        printed.push(format!("{planted:?} {error} {error:?}"));
    }
    for text in printed {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains(&handle), "{text}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let endpoint = nowhere();
    let error = start_error(at(&endpoint, "orders")).await;
    assert_says(&error, false, &["`orders`", "refused", &endpoint, "check"]);
    assert_eq!(error.downcast_ref::<SqsError>().unwrap().kind(), ErrorKind::Unreachable);
}

#[tokio::test]
async fn an_https_endpoint_is_spoken_to_in_tls() {
    use tokio::io::AsyncReadExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let start = tokio::spawn(start_error(at(&endpoint, "orders")));
    let (mut stream, _) = within(10, "connecting", listener.accept()).await.unwrap();
    let mut hello = [0; 3];
    within(10, "a hello", stream.read_exact(&mut hello)).await.unwrap();
    // A handshake record, version 3.x.
    assert_eq!(hello[..2], [0x16, 0x03]);
    drop((stream, listener));
    assert_says(&start.await.unwrap(), false, &["`orders`", &endpoint]);
}

#[tokio::test]
async fn what_answers_and_is_no_sqs_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            });
        }
    });
    let error = start_error(at(&endpoint, "orders")).await;
    server.abort();
    assert_says(&error, false, &["`orders`", "503"]);
}

#[tokio::test]
async fn what_cannot_be_a_queue_or_an_endpoint_is_refused_for_good() {
    let endpoint = nowhere();
    let error = start_error(at(&endpoint, "arn:aws:sqs:us-east-1:1:orders")).await;
    assert_says(&error, true, &["arn:aws:sqs:us-east-1:1:orders", "write the queue's name"]);
    let error = start_error(at(&endpoint, "two words")).await;
    assert_says(&error, true, &["`two words`", "1 to 80"]);
    let error = start_error(at("127.0.0.1:4566", "orders")).await;
    assert_says(&error, true, &["`orders`", "endpoint", "http://HOST:PORT"]);
}

#[tokio::test]
async fn a_bad_option_is_refused_for_good_before_anything_is_sent() {
    let endpoint = nowhere();
    let error = start_error(at(&endpoint, "orders").max_number_of_messages(11)).await;
    assert_says(&error, true, &["`orders`", "`max_number_of_messages` is 11", "from 1 to 10"]);
    let error = start_error(at(&endpoint, "orders").wait_time_seconds(21)).await;
    assert_says(&error, true, &["`wait_time_seconds` is 21", "from 0 to 20"]);
    let error = start_error(at(&endpoint, "orders").visibility_timeout(43_201)).await;
    assert_says(&error, true, &["`visibility_timeout` is 43201", "from 0 to 43200"]);
    let error = start_error(at(&endpoint, "orders").message_attribute_names([""])).await;
    assert_says(&error, true, &["`message_attribute_names`", "not empty"]);
}

/// Starts a producer in a process of its own that knows nothing of AWS, and prints what it says.
fn without_environment(test: &str, environment: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--ignored"])
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
#[ignore = "run by others, in an environment of their making"]
async fn says_what_it_lacks() {
    let producer = SqsProducer::new("orders");
    let producer = match std::env::var("ENDPOINT") {
        Ok(endpoint) => producer.endpoint_url(endpoint),
        Err(_) => producer,
    };
    let error = start_error(producer).await;
    println!("SAYS {} {error}", error.is::<Permanent>());
}

#[track_caller]
fn assert_printed(output: &str, words: &[&str]) {
    let Some((_, says)) = output.split_once("SAYS ") else { panic!("{output}") };
    for word in words {
        assert!(says.contains(word), "`{says}` lacks `{word}`");
    }
    assert!(!output.contains(SECRET), "{output}");
}

#[test]
fn missing_credentials_are_refused_for_good() {
    let endpoint = nowhere();
    let output = without_environment("says_what_it_lacks", &[("ENDPOINT", &endpoint)]);
    assert_printed(&output, &["true ", "`orders`", "no AWS credentials", "AWS_ACCESS_KEY_ID"]);
}

#[test]
fn a_missing_region_is_refused_for_good() {
    let output = without_environment("says_what_it_lacks", &[]);
    assert_printed(&output, &["true ", "`orders`", "no AWS region", "AWS_REGION"]);
}

#[test]
fn credentials_come_from_the_environment() {
    let endpoint = nowhere();
    let environment = [("ENDPOINT", &*endpoint), ("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let output = without_environment("says_what_it_lacks", &environment);
    assert_printed(&output, &["false ", "`orders`", "refused"]);
}
