//! Which children a supervisor restarts when one crashes.

use std::ops::Range;

use broadway_topology::Strategy;

/// The children to stop and start again, when the child at `crashed` of `children` crashed.
pub(super) fn affected(strategy: Strategy, crashed: usize, children: usize) -> Range<usize> {
    match strategy {
        Strategy::OneForOne => crashed..crashed + 1,
        Strategy::OneForAll => 0..children,
        Strategy::RestForOne => crashed..children,
    }
}
