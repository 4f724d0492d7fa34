//! The topology in rustdoc: a diagram where every number is a literal, else the options as they were written.

use std::fmt::Write;

use broadway_topology::{OptionSpec, Section, Tree};

use super::source;
use crate::{
    model::{Batcher, Known, Model, Settings},
    shadow::Shadow,
};

/// The section about the shape in the documentation of `start_link`: the diagram and the supervision tree, as
/// `topology()` prints them.
pub(super) fn shape(model: &Model) -> String {
    let mut shadow = Shadow::new(&model.target.name.to_string(), &model.topology);
    let processors = model.topology.processors.as_ref();
    let stages_known = processors.is_some_and(|group| group.settings.get("stages").is_some());
    let text = if shadow.is_complete() && stages_known {
        let producers = model.topology.producers.as_ref();
        let module = producers.and_then(|group| group.settings.get("module"));
        shadow.topology.producers.module = module.map(|module| source::text(&module.value)).unwrap_or_default();
        shadow.topology.to_string()
    } else if shadow.is_complete() {
        // How many cores there will be is not known here.
        shadow.topology.processors.stages = 1;
        let stages = OptionSpec::find(Section::Processors, "stages").map_or("", |spec| spec.default);
        let row = format!("processor_default_0 .. ({stages})");
        format!("{}\n{:#}", written(model), Tree::of(&shadow.topology)).replace("processor_default_0", &row)
    } else {
        written(model)
    };
    format!("```text\n{text}```")
}

/// What the settings of a batcher are, for its variant.
pub(super) fn batcher(batcher: &Batcher) -> String {
    let settings = list(&batcher.settings);
    let settings = if settings.is_empty() { "all options at their defaults".to_owned() } else { settings };
    format!(" Batcher `{}`: {settings}.", batcher.name)
}

fn written(model: &Model) -> String {
    let mut text = format!("{}\n", model.target.name);
    let mut line = |indent: &str, name: &str, options: String| {
        let _ = writeln!(text, "{}", format!("{indent}{name}  {options}").trim_end());
    };
    line("  ", "", list(&model.topology.root));
    if let Some(group) = &model.topology.producers {
        line("  ", "producers ", list(&group.settings));
    }
    if let Some(group) = &model.topology.processors {
        line("  ", "processors", list(&group.settings));
    }
    for batcher in model.topology.batchers() {
        line("    ", &format!("batcher {}", batcher.name), list(&batcher.settings));
    }
    text.lines().filter(|line| !line.trim().is_empty()).fold(String::new(), |text, line| text + line + "\n")
}

fn list(settings: &Settings) -> String {
    let settings = settings.iter().map(|setting| match (setting.spec.name, &setting.known) {
        (name, Known::Group) => format!("{name}({})", list(&setting.inside)),
        (name, _) => format!("{name} = {}", source::text(&setting.value)),
    });
    settings.collect::<Vec<_>>().join(", ")
}
