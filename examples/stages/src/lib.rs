//! Two graphs of stages. Each tells what it does as lines, to a channel that the program prints and the tests read.

pub mod counter;
pub mod fan_out;

use tokio::sync::mpsc::UnboundedSender;

/// Where a graph says what it does.
pub type Lines = UnboundedSender<String>;
