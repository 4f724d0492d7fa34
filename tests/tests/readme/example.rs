use broadway::prelude::*;
use broadway_sqlite::SqliteQueue;

struct Orders {
    queue: SqliteQueue,
}

#[broadway(
    producers(default(module = self.queue.producer())),
    processors(default(stages = 8)),
    batchers(default(batch_size = 50, batch_timeout = 1000, stages = 2)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<u64> {
        Ok(message.text()?.parse()?) // an error fails this message alone
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) {
        println!("{} orders, {} in all", batch.len(), batch.outputs().iter().sum::<u64>());
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let queue = SqliteQueue::open("orders.queue").await?; // a file; made if it is not there
    queue.send("42").await?;
    let pipeline = Orders { queue }.start_link().await?;
    println!("{}", pipeline.run_until_signal().await?); // drains on SIGINT and SIGTERM
    Ok(())
}
