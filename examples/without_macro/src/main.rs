//! The pipeline of `examples/flights` in small, built from closures instead of the attribute: it counts the flights that
//! left New York in January 2013. What the attribute would write is written out, and marked.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

use broadway::{Batcher, Builder, DecodeError, Message, Result, stage::from_iter};
use flate2::read::GzDecoder;
use futures::FutureExt;

/// A header, and a line for each flight.
const JANUARY: &[u8] = include_bytes!("../../flights/data/flights-2013-01.csv.gz");

/// The attribute writes this enum from `batchers(default(..), cancelled(..))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum FlightsBatcher {
    Default,
    Cancelled,
}

impl Batcher for FlightsBatcher {
    /// Where messages go that were not routed.
    const DEFAULT: Option<Self> = Some(Self::Default);

    /// The batcher's place in the topology.
    fn index(self) -> usize {
        self as usize
    }
}

/// And this alias.
type FlightsMessage = Message<String, FlightsBatcher>;

/// What `handle_message` makes of a line.
struct Flight {
    carrier: String,
    departed: bool,
}

impl Flight {
    fn parse(line: &str) -> Result<Self, DecodeError> {
        let columns: Vec<&str> = line.split(',').collect();
        match columns[..] {
            // The fourth column is the time of departure, the tenth the carrier; there are nineteen.
            [_, _, _, dep_time, _, _, _, _, _, carrier, _, _, _, _, _, _, _, _, _] => {
                Ok(Self { carrier: carrier.to_owned(), departed: dep_time != "NA" })
            }
            _ => Err(DecodeError::new("a flight", format!("expected 19 columns, found {}", columns.len()))),
        }
    }
}

/// Flights by carrier, and how many of them were cancelled.
type Carriers = Arc<Mutex<BTreeMap<String, (u64, u64)>>>;

#[tokio::main]
async fn main() -> Result<()> {
    let mut text = String::new();
    GzDecoder::new(JANUARY).read_to_string(&mut text)?;
    let lines: Vec<String> = text.lines().skip(1).map(String::from).collect();
    let carriers = Carriers::default();
    let counted = carriers.clone();

    let pipeline = Builder::routed(
        "Flights",
        // Called for each producer stage, and again after a crash.
        move |_stage| from_iter(lines.clone()),
        |message: &mut FlightsMessage| {
            async {
                let flight = Flight::parse(&message.data)?;
                if !flight.departed {
                    message.put_batcher(FlightsBatcher::Cancelled);
                }
                message.put_batch_key(&flight.carrier);
                Ok(flight)
            }
            .boxed()
        },
    )
    // The batchers in the order of the enum.
    .topology(|topology| {
        topology.processors.stages(2);
        topology.batcher("default").batch_size(200);
        topology.batcher("cancelled").batch_size(50);
    })
    .handle_batch(move |batch| {
        let carriers = counted.clone();
        async move {
            let flights = batch.len() as u64;
            // All flights of a batch have one key and went to one batcher.
            let carrier = batch.info().batch_key::<String>().cloned().unwrap_or_default();
            let cancelled = match batch.batcher() {
                FlightsBatcher::Default => 0,
                FlightsBatcher::Cancelled => flights,
            };
            let mut carriers = carriers.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = carriers.entry(carrier).or_default();
            counts.0 += flights;
            counts.1 += cancelled;
            Ok(())
        }
        .boxed()
    })
    .handle_failed(|messages| {
        async {
            for message in messages {
                if let Some(failure) = message.failure() {
                    eprintln!("{failure}");
                }
                // Taken care of: a queue may forget it.
                message.discard();
            }
            Ok(())
        }
        .boxed()
    })
    .start_link()
    .await?;
    let report = pipeline.run_until_signal().await?;

    println!("carrier  flights  cancelled");
    for (carrier, (flights, cancelled)) in &*carriers.lock().unwrap_or_else(PoisonError::into_inner) {
        println!("{carrier:7}  {flights:>7}  {cancelled:>9}");
    }
    println!("{report}");
    Ok(())
}
