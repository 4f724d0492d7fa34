//! What one writes with the client alone: tasks that receive ten, process them and delete them in one request.

use std::time::{Duration, Instant};

use broadway_sqs::{
    SqsQueue,
    aws_sdk_sqs::{
        Client,
        types::{DeleteMessageBatchRequestEntry, MessageSystemAttributeName},
    },
};
use tokio::task::JoinSet;

use super::{BATCH, RECEIVES, Requests, WAIT_SECONDS, until_deleted};

pub(crate) async fn run(queue: SqsQueue, requests: Requests) -> Duration {
    let start = Instant::now();
    let (client, url) = (queue.client().await.expect("a client"), queue.url().await.expect("a queue"));
    // Dropping the set ends the receives that still wait.
    let mut tasks = JoinSet::new();
    for _ in 0..RECEIVES {
        tasks.spawn(receive_process_delete(client.clone(), url.clone()));
    }
    until_deleted(start, &requests, tasks.join_next()).await
}

async fn receive_process_delete(client: Client, url: String) {
    // What the connector asks for: who reads a message wants to know when it was sent, and how often it came.
    let attributes = [
        MessageSystemAttributeName::ApproximateReceiveCount,
        MessageSystemAttributeName::MessageGroupId,
        MessageSystemAttributeName::SentTimestamp,
    ];
    loop {
        let receive = client
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(BATCH as i32)
            .wait_time_seconds(WAIT_SECONDS as i32)
            .set_message_system_attribute_names(Some(attributes.to_vec()))
            .message_attribute_names("All");
        let messages = receive.send().await.expect("the server answers").messages.unwrap_or_default();
        if messages.is_empty() {
            continue;
        }
        let entries = messages.iter().enumerate().map(|(position, message)| {
            std::hint::black_box(message.body().unwrap_or_default());
            let handle = message.receipt_handle().unwrap_or_default();
            let entry = DeleteMessageBatchRequestEntry::builder().id(position.to_string()).receipt_handle(handle);
            entry.build().expect("an entry has an id and a handle")
        });
        let delete = client.delete_message_batch().queue_url(&url).set_entries(Some(entries.collect()));
        let failed = delete.send().await.expect("the server answers").failed;
        assert!(failed.is_empty(), "{failed:?}");
    }
}
