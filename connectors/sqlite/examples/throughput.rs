//! How fast a queue is on this machine: `cargo run --release -p broadway-sqlite --example throughput [MESSAGES]`.

use std::time::Instant;

use broadway::Builder;
use broadway_sqlite::{SqliteQueue, Synchronous};

#[tokio::main]
async fn main() -> broadway::Result<()> {
    let messages = std::env::args().nth(1).map_or(Ok(27_004), |messages| messages.parse())?;
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("throughput.queue");
        let queue = SqliteQueue::options().synchronous(synchronous).open(&path).await?;
        let line = |n: usize| format!("2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,{n:08}");
        let say = |what: &str, count: usize, begun: Instant| {
            let took = begun.elapsed();
            println!("{synchronous:?}: {what}: {count} in {took:.2?}, {:.0}/s", count as f64 / took.as_secs_f64());
        };

        let begun = Instant::now();
        queue.send_once("fill", (0..messages).map(line)).await?;
        say("send_once", messages, begun);

        let begun = Instant::now();
        drop(SqliteQueue::open(&path).await?);
        say("open, with a look at the whole file", messages, begun);

        let (mut count, begun) = (0, Instant::now());
        loop {
            let received = queue.receive(200).await?;
            if received.is_empty() {
                break;
            }
            count += received.len();
            for batch in received.chunks(100) {
                queue.delete(batch.iter().map(|message| message.receipt)).await?;
            }
        }
        say("receive 200, delete 2 x 100", count, begun);

        queue.send_once("again", (0..messages).map(line)).await?;
        let source = queue.clone();
        let begun = Instant::now();
        let pipeline = Builder::new(
            "throughput",
            move |_| source.producer().max_messages(200).stop_when_empty(),
            |_| Box::pin(async { Ok(()) }),
        )
        .topology(|topology| {
            topology.batcher("default").batch_size(100).batch_timeout(50);
        })
        .handle_batch(|_| Box::pin(async { Ok(()) }));
        let report = pipeline.start_link().await?.wait().await?;
        say("pipeline, batches of 100", report.acknowledged as usize, begun);

        let begun = Instant::now();
        let senders = (0..64).map(|n| {
            let queue = queue.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    queue.send(line(n)).await?;
                }
                Ok::<_, broadway_sqlite::Error>(())
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await??;
        }
        say("64 senders, one at a time each", 6400, begun);
    }
    Ok(())
}
