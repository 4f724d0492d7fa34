//! What is there before the first message.

use std::sync::Arc;

use broadway::{
    Batch, BoxProducer, Broadway, DefaultBatcher, Incoming, Message, Next, Outbox, Producer, ProducerContext, Result,
    StageIndex, StartLink, Status, async_trait,
    testing::TestProducer,
    topology::{Topology, Tree},
};
use broadway_tests::{Log, assert_settled, within};

/// A pipeline with a context of its own.
struct Orders {
    prefix: String,
    seen: Log<String>,
    producer: fn(StageIndex, Log<String>) -> Result<BoxProducer<u64>>,
}

impl Orders {
    fn new(producer: fn(StageIndex, Log<String>) -> Result<BoxProducer<u64>>) -> Arc<Self> {
        Arc::new(Self { prefix: "order".into(), seen: Log::new(), producer })
    }
}

impl Broadway for Orders {
    type Data = u64;
    type Output = u64;
    type Batcher = DefaultBatcher;

    fn topology(&self) -> Topology {
        let mut topology = Topology::new("Orders");
        topology.processors.stages(1);
        topology.batcher("default").batch_size(2).batch_timeout(50);
        topology
    }

    async fn producer(&self, stage: StageIndex) -> Result<BoxProducer<u64>> {
        self.seen.push("producer".into());
        (self.producer)(stage, self.seen.clone())
    }

    async fn process(&self, message: &mut Message<u64>) -> Result<u64> {
        self.seen.push(format!("{} {}", self.prefix, message.data));
        Ok(message.data)
    }

    async fn process_batch(&self, batch: &mut Batch<Self>) -> Result<()> {
        self.seen.push(format!("{}s {:?}", self.prefix, batch.outputs()));
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn t014_the_context_of_all_callbacks_is_the_pipeline_itself() {
    within(async {
        let orders = Orders::new(|_, _| Ok(Box::new(TestProducer::of([7, 8]))));
        assert_settled(&orders.clone().start_link().await.unwrap().wait().await.unwrap());
        assert_eq!(orders.seen.all(), ["producer", "order 7", "order 8", "orders [7, 8]"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t015_a_producer_can_be_put_in_place_before_the_start_and_the_stages_start_in_order() {
    within(async {
        let orders = Orders::new(|_, _| panic!("the producer of the declaration is not asked for"));
        let source = TestProducer::of([1, 3]);
        let pipeline = orders.clone().configure().producer(source.clone()).start_link().await.unwrap();
        assert_settled(&pipeline.wait().await.unwrap());
        assert_eq!(orders.seen.all(), ["order 1", "order 3", "orders [1, 3]"]);
        assert_eq!(source.rounds(), [[(0, Status::Successful), (1, Status::Successful)]]);
        let tree = Tree::of(pipeline.topology()).to_string();
        let layers = tree.lines().filter_map(|line| line.strip_prefix("├─ ").or(line.strip_prefix("└─ ")));
        let layers: Vec<&str> = layers.filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(layers, ["producers", "processors", "batchers", "terminator"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn t016_a_producer_that_cannot_be_prepared_fails_the_start_with_its_reason() {
    within(async {
        let orders = Orders::new(|_, _| Err("no such queue".into()));
        let error = orders.clone().start_link().await.unwrap_err();
        assert_eq!(error.to_string(), "producer 0 cannot start: no such queue");
        assert_eq!(orders.seen.all(), ["producer"], "nothing ran");
    })
    .await;
}

/// Writes down what it is told about its pipeline.
struct Curious(StageIndex, Log<String>);

#[async_trait]
impl Producer for Curious {
    type Data = u64;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        assert_eq!(self.0, context.stage());
        self.1.push(format!("{} of {}", context.stage(), context.pipeline()));
        Ok(())
    }

    async fn handle_demand(&mut self, _: usize, out: &mut Outbox<u64>) -> Result<Next> {
        out.push(Incoming::new(self.0.get() as u64));
        Ok(Next::Finished)
    }
}

#[tokio::test(start_paused = true)]
async fn t018_a_producer_is_told_its_index_and_its_pipeline() {
    within(async {
        let orders = Orders::new(|stage, seen| Ok(Box::new(Curious(stage, seen))));
        let setup = orders.clone().configure().name("curious").producers(|producers| producers.stages(3));
        assert_settled(&setup.start_link().await.unwrap().wait().await.unwrap());
        let told: Vec<String> = orders.seen.all().into_iter().filter(|line| line.contains(" of ")).collect();
        assert_eq!(told, ["0 of curious", "1 of curious", "2 of curious"]);
    })
    .await;
}
