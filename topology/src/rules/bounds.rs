//! What is judged by itself: a number by the bounds of the option table, a time by its least length; and the options that
//! several sections have in common.

use std::time::Duration;

use super::{Place, Rule, Violation};
use crate::{
    defaults,
    options::{OptionSpec, Section, Takes},
    retry::{Backoff, Retry},
    topology::RateLimiting,
};

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<Violation>);

impl Findings {
    pub(super) fn report(&mut self, rule: Rule, at: Place, value: String, depends_on: Vec<Place>) {
        self.0.push(Violation { rule, at, value, depends_on });
    }

    pub(super) fn count(&mut self, at: Place, value: u64) {
        let Some(OptionSpec { takes: Takes::Count { min, max }, .. }) = OptionSpec::find(at.section, at.option) else {
            return;
        };
        let option = at.option;
        if value < *min {
            self.report(Rule::AtLeast { option, min: *min }, at, value.to_string(), vec![]);
        } else if value > *max {
            self.report(Rule::AtMost { option, max: *max }, at, value.to_string(), vec![]);
        }
    }

    pub(super) fn decimal(&mut self, at: Place, value: f64) {
        let Some(OptionSpec { takes: Takes::Decimal { min, max }, .. }) = OptionSpec::find(at.section, at.option)
        else {
            return;
        };
        if !(f64::from(*min)..=f64::from(*max)).contains(&value) {
            let rule = Rule::Between { option: at.option, min: *min, max: *max };
            self.report(rule, at, value.to_string(), vec![]);
        }
    }

    pub(super) fn time(&mut self, at: Place, value: Duration) {
        if value < Duration::from_millis(1) {
            let option = at.option;
            self.report(Rule::AtLeastOneMillisecond { option }, at, format!("{value:?}"), vec![]);
        }
    }

    pub(super) fn timeout(&mut self, at: Place, value: Option<Duration>) {
        if let Some(value) = value {
            self.time(at, value);
        }
    }

    /// `rate_limiting(..)` of the section that has `section` inside of it.
    pub(super) fn rate_limiting(
        &mut self,
        at: impl Fn(Section, &'static str) -> Place,
        section: Section,
        limit: Option<RateLimiting>,
    ) {
        let Some(RateLimiting { allowed, interval }) = limit else { return };
        let counted = OptionSpec::of(section).find(|option| option.takes != Takes::Time);
        counted.into_iter().for_each(|option| self.count(at(section, option.name), allowed));
        self.time(at(section, "interval"), interval);
    }

    pub(super) fn retry(&mut self, at: impl Fn(Section, &'static str) -> Place, retry: Option<&Retry>) {
        let Some(Retry { attempts, backoff, within, max_waiting }) = retry else { return };
        if let Some(attempts) = attempts {
            self.count(at(Section::Retry, "attempts"), *attempts);
        }
        self.timeout(at(Section::Retry, "within"), *within);
        self.count(at(Section::Retry, "max_waiting"), *max_waiting);
        self.backoff(&at, backoff);
        if let Some(within) = *within
            && within < backoff.min
            && !within.is_zero()
        {
            let rule = Rule::WithinBelowWait { within, min: backoff.min };
            self.report(rule, at(Section::Retry, "within"), format!("{within:?}"), vec![at(Section::Backoff, "min")]);
        }
    }

    fn backoff(&mut self, at: impl Fn(Section, &'static str) -> Place, backoff: &Backoff) {
        let Backoff { min, max, factor, jitter } = *backoff;
        self.time(at(Section::Backoff, "min"), min);
        self.time(at(Section::Backoff, "max"), max);
        self.decimal(at(Section::Backoff, "factor"), factor);
        self.decimal(at(Section::Backoff, "jitter"), jitter);
        if min > max && !max.is_zero() {
            // The one to be changed is the one that was given.
            let (to_change, value, other) =
                if min == defaults::BACKOFF_MIN { ("max", max, "min") } else { ("min", min, "max") };
            let rule = Rule::MinAboveMax { min, max };
            let depends_on = vec![at(Section::Backoff, other)];
            self.report(rule, at(Section::Backoff, to_change), format!("{value:?}"), depends_on);
        }
    }
}
