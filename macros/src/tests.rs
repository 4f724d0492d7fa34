//! Tests of the macro as a whole, on token streams.

mod reference;
mod robustness;
