//! Generics, const generics, a where-clause, a producer that is generic over what it emits.
#![deny(warnings)]
use std::{fmt::Debug, marker::PhantomData};

use ui_tests::prelude::*;

trait Database: Send + Sync + 'static {
    type Row: Debug + Send + Sync + 'static;

    fn row(&self, text: &str) -> Self::Row;
}

struct Memory;

impl Database for Memory {
    type Row = String;

    fn row(&self, text: &str) -> String {
        text.to_owned()
    }
}

struct Source<T>(PhantomData<fn() -> T>);

impl<T> Source<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<T: Send + 'static> Producer for Source<T> {
    type Data = T;

    async fn handle_demand(&mut self, _demand: usize, _out: &mut Outbox<T>) -> Result<Next> {
        Ok(Next::Finished)
    }
}

struct Orders<D, E, const N: usize> {
    database: D,
    extra: PhantomData<fn() -> E>,
}

#[broadway(
    producers(default(module = Source::new())),
    processors(default(stages = N)),
    batchers(default(batch_size = Self::SIZE)),
)]
impl<D: Database, E, const N: usize> Orders<D, E, N>
where
    E: Debug + Send + Sync + 'static,
{
    const SIZE: usize = 7;

    async fn handle_message(&self, message: &mut OrdersMessage<String>) -> Result<D::Row> {
        Ok(self.database.row(&message.data))
    }

    async fn handle_batch(&self, batch: &mut Batch<Self>) -> Result {
        batch.outputs().iter().for_each(|row| println!("{row:?}"));
        Ok(())
    }
}

fn main() {
    let orders = Orders::<_, u8, 3> { database: Memory, extra: PhantomData };
    let topology = orders.topology();
    assert_eq!((topology.processors.stages, topology.batchers[0].batch_size), (3, 7));
    fn spawnable<T: Send>(_: T) {}
    spawnable(orders.start_link());
}
