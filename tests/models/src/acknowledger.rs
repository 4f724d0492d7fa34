//! The runtime's types of that name, as far as a ticket carries them.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AckRef(pub(crate) u32);

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum AckData {
    #[default]
    None,
    U64(u64),
}

impl AckData {
    pub(crate) fn as_u64(&self) -> Option<u64> {
        if let Self::U64(data) = self { Some(*data) } else { None }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Settlement {
    pub(crate) data: AckData,
    pub(crate) failure: Option<()>,
}

/// Nobody is asked for one in a model.
pub(crate) trait Acknowledger: Send + Sync {}
