//! A histogram that records nothing.

#[derive(Debug, Default)]
pub(crate) struct Histogram();

impl Histogram {
    #[inline]
    pub(crate) fn record(&self, _nanos: u64, _times: u64) {}

    pub(super) fn filled(&self) -> impl Iterator<Item = (u16, u64)> {
        std::iter::empty()
    }
}

pub(super) fn upper(_bucket: u16) -> u64 {
    0
}
