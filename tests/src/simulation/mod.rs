//! Pipelines of random shape with random faults, run on virtual time in a random order, all from one seed: the same seed is
//! the same run. What every promise means is checked by those who emit, handle and acknowledge.

mod batching;
mod book;
mod dice;
mod handling;
mod item;
mod many;
mod oracle;
mod picker;
mod pipeline;
mod quiet;
mod run;
mod scenario;
mod shape;
mod shrink;
mod small;
mod source;
mod tally;
mod teller;

use book::Book;
use dice::Dice;
use item::Item;
use picker::Picker;
use pipeline::Simulated;
use source::Stage;
use teller::Teller;

pub use many::{Sum, many};
pub use run::{Outcome, run};
pub use scenario::{Acknowledgers, Callbacks, Ending, Order, Scenario, Source};
pub use shape::{BatcherShape, Shape};
pub use shrink::shrink;
pub use small::small;
pub use tally::Tally;
