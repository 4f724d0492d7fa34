//! The airlines' names, by their codes.

/// `code,name` under a header.
const AIRLINES: &str = include_str!("../data/airlines.csv");

/// The name of the airline with this code; empty if it is not known.
pub(crate) fn name(carrier: &str) -> &'static str {
    let mut airlines = AIRLINES.lines().skip(1).filter_map(|line| line.split_once(','));
    airlines.find(|(code, _)| *code == carrier).map_or("", |(_, name)| name)
}
