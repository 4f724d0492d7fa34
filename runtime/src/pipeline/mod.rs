//! A pipeline at run time.

mod shared;

pub(crate) use shared::Shared;
