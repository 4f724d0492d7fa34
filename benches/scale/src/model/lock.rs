//! The standard library's mutex on Linux, as its source has it: who finds it locked looks at it for a while and then sleeps;
//! while anybody sleeps newcomers sleep at once, and each unlock wakes one of them, who competes with those that come by.

use std::collections::VecDeque;

use super::random::Random;

#[derive(Default)]
pub(super) struct Lock {
    held: bool,
    /// Somebody sleeps, or may: the unlock has to wake.
    contended: bool,
    /// The core that held it last.
    last: Option<usize>,
    /// Who looks at it, and whether it has slept for it.
    spinning: Vec<(usize, bool)>,
    sleeping: VecDeque<usize>,
}

/// What becomes of a core that wants the lock.
pub(super) enum Arrival {
    /// It has it; `far` if the lock's lines have to come from another core.
    Entered {
        far: bool,
    },
    Spins,
    Sleeps,
}

/// Whom an unlock lets on.
pub(super) enum Next {
    Nobody,
    /// One that was looking has the lock now.
    Entered {
        core: usize,
        far: bool,
    },
    /// One that slept is woken, and will try.
    Woken(usize),
}

impl Lock {
    /// A core tries; `woken` if it slept for it.
    pub(super) fn arrive(&mut self, core: usize, woken: bool) -> Arrival {
        if !self.held {
            // One that slept does not know whether it was the last that did.
            self.contended |= woken;
            return Arrival::Entered { far: self.enter(core) };
        }
        if self.contended {
            self.sleeping.push_back(core);
            return Arrival::Sleeps;
        }
        self.spinning.push((core, woken));
        Arrival::Spins
    }

    /// A core has looked long enough. Those that look with it see that one sleeps, and sleep too.
    pub(super) fn lose_patience(&mut self, core: usize) {
        if self.spinning.iter().all(|(spinning, _)| *spinning != core) {
            return;
        }
        self.contended = true;
        self.sleeping.extend(self.spinning.drain(..).map(|(core, _)| core));
    }

    pub(super) fn leave(&mut self, random: &mut Random) -> Next {
        self.held = false;
        if std::mem::take(&mut self.contended) {
            return self.sleeping.pop_front().map_or(Next::Nobody, Next::Woken);
        }
        if self.spinning.is_empty() {
            return Next::Nobody;
        }
        let (core, slept) = self.spinning.swap_remove(random.below(self.spinning.len()));
        self.contended = slept;
        Next::Entered { core, far: self.enter(core) }
    }

    fn enter(&mut self, core: usize) -> bool {
        self.held = true;
        self.last.replace(core).is_some_and(|last| last != core)
    }
}
