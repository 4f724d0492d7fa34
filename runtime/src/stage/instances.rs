//! The instance of a producer or consumer that a stage runs, and those that come after it when it crashes.

use broadway_topology::Intensity;

use super::{Reason, counts::Counters};
use crate::{supervision::Restarts, telemetry::events};

/// Makes the instances after the first.
pub(crate) struct Again<P> {
    make: Box<dyn FnMut() -> P + Send>,
    restarts: Restarts,
    intensity: Intensity,
}

impl<P: 'static> Again<P> {
    pub(crate) fn new(intensity: Intensity, make: impl FnMut() -> P + Send + 'static) -> Self {
        Self { make: Box::new(make), restarts: Restarts::new(intensity), intensity }
    }

    /// The same, of something that is made of an instance.
    pub(crate) fn map<Q>(mut self, map: impl Fn(P) -> Q + Send + 'static) -> Again<Q> {
        Again { make: Box::new(move || map((self.make)())), restarts: self.restarts, intensity: self.intensity }
    }

    /// The next instance after a crash, or why there is none.
    pub(crate) fn next(again: &mut Option<Self>, stage: &str, counters: &Counters, crash: &str) -> Result<P, Reason> {
        let Some(again) = again else { return Err(Reason::failed(crash)) };
        if !again.restarts.accept() {
            let Intensity { max_restarts, max_seconds } = again.intensity;
            let restarts = if max_restarts == 1 { "one restart".into() } else { format!("{max_restarts} restarts") };
            return Err(Reason::failed(format!("{crash} (its {restarts} in {max_seconds} s were used up)")));
        }
        events::stage_crashed(stage, crash);
        Counters::add(&counters.restarts, 1);
        Ok((again.make)())
    }
}
