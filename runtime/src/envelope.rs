//! What a connector knows about a message besides its data. It is one allocation, made by the connector, and absent for
//! sources that know nothing (a stream of values).

use std::{any::Any, fmt, time::SystemTime};

use crate::payload::Payload;

#[derive(Default)]
pub(crate) struct Envelope {
    pub(crate) id: Option<Box<str>>,
    pub(crate) delivery: Option<u32>,
    pub(crate) key: Option<Payload>,
    pub(crate) published_at: Option<SystemTime>,
    pub(crate) headers: Vec<(Box<str>, Payload)>,
    pub(crate) source: Option<std::sync::Arc<str>>,
    pub(crate) metadata: Option<Box<dyn Any + Send + Sync>>,
}

/// Headers and keys may hold users' data: only what identifies the message is printed.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("id", &self.id)
            .field("delivery", &self.delivery)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
