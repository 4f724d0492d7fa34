//! The same numbers as a user would send them without stages: tasks with `mpsc` channels between them, or a `Stream`.

use futures::{StreamExt, stream};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{CHUNK, Numbers, add, mapped};

/// One number at a time.
pub async fn one_at_a_time(numbers: Numbers) {
    let capacity = 2 * CHUNK as usize;
    let (sender, mut receiver) = mpsc::channel(capacity);
    tokio::spawn(async move {
        for number in 0..numbers.end {
            sender.send(number).await.expect("somebody receives");
        }
    });
    if numbers.are_mapped {
        let (sender, next) = mpsc::channel(capacity);
        let mut unmapped = std::mem::replace(&mut receiver, next);
        tokio::spawn(async move {
            while let Some(number) = unmapped.recv().await {
                sender.send(mapped(number)).await.expect("somebody receives");
            }
        });
    }
    finish(
        numbers,
        tokio::spawn(async move {
            let mut sum = 0;
            while let Some(number) = receiver.recv().await {
                sum = add(sum, &[number]);
            }
            sum
        }),
    )
    .await;
}

/// A chunk at a time, so many of them waiting in each channel.
pub async fn chunks(numbers: Numbers, waiting: usize) {
    let (sender, mut receiver) = mpsc::channel::<Vec<u64>>(waiting);
    tokio::spawn(async move {
        let (mut next, end) = (0, numbers.end);
        while next < end {
            let chunk = (next..end.min(next + CHUNK)).collect();
            next += CHUNK;
            sender.send(chunk).await.expect("somebody receives");
        }
    });
    if numbers.are_mapped {
        let (sender, next) = mpsc::channel::<Vec<u64>>(waiting);
        let mut chunks = std::mem::replace(&mut receiver, next);
        tokio::spawn(async move {
            while let Some(chunk) = chunks.recv().await {
                sender.send(chunk.into_iter().map(mapped).collect()).await.expect("somebody receives");
            }
        });
    }
    finish(
        numbers,
        tokio::spawn(async move {
            let mut sum = 0;
            while let Some(chunk) = receiver.recv().await {
                sum = add(sum, &chunk);
            }
            sum
        }),
    )
    .await;
}

/// A stream of numbers: one task, nothing concurrent, nothing buffered.
pub async fn stream(numbers: Numbers) {
    let counted = stream::iter(0..numbers.end);
    let sum = if numbers.are_mapped {
        counted.map(mapped).fold(0, async |sum, number| add(sum, &[number])).await
    } else {
        counted.fold(0, async |sum, number| add(sum, &[number])).await
    };
    numbers.check(sum);
}

async fn finish(numbers: Numbers, sum: JoinHandle<u64>) {
    numbers.check(sum.await.expect("nothing panics"));
}
