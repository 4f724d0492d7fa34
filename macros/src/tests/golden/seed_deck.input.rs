#[broadway(
    producers(default(module = SqsProducer::new("my_queue"), stages = 4)),
    processors(default(stages = 20)),
    batchers(default(batch_size = 10, batch_timeout = 1500, stages = 2)),
)]
impl Orders {
    async fn handle_message(&self, message: &mut OrdersMessage) -> Result<Order> {
        Ok(Order(message.text()?.parse()?))
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        println!("{}", batch.outputs().iter().map(|order| order.0).sum::<u64>());
        Ok(())
    }
}
