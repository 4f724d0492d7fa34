//! The rulebook, asked about the topology as far as it is known. A violation is shown where the value stands that should
//! be changed; one that depends on a value that is not known is left to the start of the pipeline.

use broadway_topology::{Place, Rule, Section, Violation, check as rulebook};
use quote::ToTokens;

use crate::{
    diagnostics::{Diagnostics, Text},
    errors,
    model::{Declaration, Setting, Settings},
    shadow::Shadow,
};

pub(super) fn check(declaration: &Declaration, sink: &mut Diagnostics) {
    let shadow = Shadow::new("pipeline", declaration);
    for Violation { rule, at, depends_on, .. } in rulebook(&shadow.topology) {
        if std::iter::once(&at).chain(&depends_on).any(|place| shadow.is_unknown(place)) {
            continue;
        }
        let rule = match rule {
            Rule::MinBelowMax { min, max, .. } => {
                let max_given = setting(declaration, &Place::new(Section::Processors, "max_demand")).is_some();
                Rule::MinBelowMax { min, max, max_given }
            }
            rule => rule,
        };
        report(declaration, &rule, &at, !depends_on.is_empty(), sink);
    }
}

fn report(declaration: &Declaration, rule: &Rule, at: &Place, of_two: bool, sink: &mut Diagnostics) {
    let text = Text::new(rule.to_string()).maybe_help(rule.help());
    if let Some(setting) = setting(declaration, at) {
        // Where another option is to blame as well, the whole entry is shown.
        return match &setting.value {
            Some(value) if !of_two => sink.error(value, text),
            _ => sink.error(&setting.entry, text),
        };
    }
    let Some(batchers) = &declaration.batchers else { return };
    match (rule, &at.batcher) {
        // Batchers that could not be understood may be the ones that are missed.
        (Rule::NoDefaultBatcher | Rule::UnknownDefaultBatcher { .. }, _) if batchers.poisoned => {}
        (Rule::DuplicateBatcher, Some(name)) => {
            let second = batchers.batchers.iter().filter(|batcher| batcher.name == *name).nth(1);
            sink.error(second.map(|batcher| &batcher.key), text.maybe_help(Some(errors::duplicate_batcher_help(name))));
        }
        (Rule::UnknownDefaultBatcher { .. }, _) => sink.error(&batchers.default, text),
        _ => sink.error(batchers.key.to_token_stream(), text),
    }
}

fn setting<'a>(declaration: &'a Declaration, place: &Place) -> Option<&'a Setting> {
    let settings = match (place.section, &place.batcher) {
        (Section::Root, _) => &declaration.root,
        (Section::Producers, _) => &declaration.producers.as_ref()?.settings,
        (Section::ProducerLimit, _) => declaration.producers.as_ref()?.settings.rate_limiting()?,
        (Section::ProcessorLimit, _) => declaration.processors.as_ref()?.settings.rate_limiting()?,
        (Section::BatcherLimit, Some(name)) => batcher(declaration, name)?.rate_limiting()?,
        (Section::Processors, _) => &declaration.processors.as_ref()?.settings,
        (Section::Batchers, Some(name)) => batcher(declaration, name)?,
        (Section::Retry, None) => declaration.processors.as_ref()?.settings.retry()?,
        (Section::Retry, Some(name)) => batcher(declaration, name)?.retry()?,
        (Section::Backoff, _) => {
            let retry = setting(declaration, &Place { section: Section::Retry, option: "backoff", ..place.clone() })?;
            &retry.inside
        }
        (Section::Batchers | Section::BatcherLimit, None) => return None,
    };
    settings.get(place.option)
}

fn batcher<'a>(declaration: &'a Declaration, name: &str) -> Option<&'a Settings> {
    declaration.batchers().iter().find(|batcher| batcher.name == name).map(|batcher| &batcher.settings)
}
