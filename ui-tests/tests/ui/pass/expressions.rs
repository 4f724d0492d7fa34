//! Values and signatures of all shapes.
#![deny(warnings)]
use std::time::Duration;

use ui_tests::prelude::*;

struct Orders {
    wait: Duration,
}

#[broadway(
    name = format!("orders-{}", self.wait.as_millis()),
    shutdown = self.wait * 2,
    max_restarts = 0,
    producers(default(
        module = {
            let producer = Payloads;
            producer
        },
        stages = if cfg!(debug_assertions) { 1 } else { 4 },
    )),
    processors(default(stages = 0x10u8, max_demand = (1_000), timeout = Duration::from_secs(1))),
    batchers(default(batch_size = "12".parse::<u16>().unwrap(), batch_timeout = 1_500_u32,)),
)]
impl Orders {
    /// Documented, with lifetimes of its own.
    #[allow(clippy::needless_lifetimes)]
    async fn handle_message<'a>(self: &'a Self, message: &'a mut Message<Payload, OrdersBatcher>) -> Result<()> {
        let Message { data, .. } = message;
        data.text()?;
        Ok(())
    }

    pub async fn handle_batch(&self, _: &mut Batch<Orders>) -> () {}
}

fn main() {
    let topology = Orders { wait: Duration::from_millis(5) }.topology();
    assert_eq!((topology.name.as_str(), topology.shutdown.as_millis(), topology.max_restarts), ("orders-5", 10, 0));
    assert_eq!((topology.producers.stages, topology.processors.stages, topology.processors.max_demand), (1, 16, 1000));
    assert_eq!((topology.batchers[0].batch_size, topology.batchers[0].batch_timeout.as_millis()), (12, 1500));
}
