//! What was written, with its tokens. Nothing here knows which names exist.

pub(crate) mod attribute;
pub(crate) mod impl_block;
