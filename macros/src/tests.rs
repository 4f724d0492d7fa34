//! Tests of the macro as a whole, on token streams.

mod documentation;
mod reference;
mod robustness;
