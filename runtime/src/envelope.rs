//! What a connector knows about a message besides its data, and how often it was tried. It is one allocation, made by the
//! connector or at the first retry, and absent for sources that know nothing (a stream of values).

use std::{
    any::Any,
    fmt,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

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
    pub(crate) lease: Option<Lease>,
    /// Attempts in this process that have failed.
    pub(crate) failed_attempts: u32,
    /// When the first of them did.
    pub(crate) failed_at: Option<Instant>,
}

/// For how long the source hides the message from others.
#[derive(Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) until: Instant,
    /// How long it was at first; known when it is to be renewed.
    pub(crate) length: Option<Duration>,
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
