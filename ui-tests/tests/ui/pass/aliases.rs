//! Types through aliases; return types of other crates; helpers, constants and macros beside the callbacks.
#![deny(warnings)]
use ui_tests::prelude::*;

mod anyhow {
    pub type Result<T, E = std::io::Error> = std::result::Result<T, E>;
}

type Input = OrdersMessage<u64>;
type Inputs = [Input];
type Failable<T> = std::result::Result<T, String>;
type Batched = Batch<Orders>;

struct Orders;

macro_rules! helper {
    ($name:ident) => {
        fn $name(&self) -> u64 {
            Self::FACTOR
        }
    };
}

#[broadway(
    name = "orders",
    producers(default(module = Numbers)),
    processors(default()),
    batchers(only(batch_timeout = WAIT, batch_size = sizes::BATCH)),
)]
impl Orders {
    const FACTOR: u64 = { 2 };

    helper!(factor);

    async fn handle_message(&self, message: &mut Input) -> anyhow::Result<u64> {
        Ok(message.data * self.factor())
    }

    async fn handle_batch(&self, batch: &mut Batched) -> Failable<()> {
        self.sum(batch.outputs()).map(drop)
    }

    async fn prepare_messages(&self, messages: &mut Inputs) -> Result<()> {
        messages.iter_mut().for_each(|message| message.data += 1);
        Ok(())
    }

    fn sum(&self, numbers: &[u64]) -> Failable<u64> {
        Ok(numbers.iter().sum())
    }
}

const WAIT: std::time::Duration = std::time::Duration::from_millis(20);

mod sizes {
    pub const BATCH: u16 = 50;
}

fn main() {
    let topology = Orders.topology();
    assert_eq!((topology.name.as_str(), topology.explicit_name), ("orders", true));
    assert_eq!((topology.batchers[0].batch_timeout, topology.batchers[0].batch_size), (WAIT, 50));
    assert_eq!(<OrdersBatcher as broadway::Batcher>::DEFAULT, Some(OrdersBatcher::Only));
}
