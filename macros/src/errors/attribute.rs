//! Sections, groups and names of the attribute.

use broadway_topology::{OptionSpec, Section};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::one_of;
use crate::diagnostics::Text;

pub(crate) fn missing_topology() -> Text {
    Text::new("the pipeline has no topology")
        .help("start from `#[broadway(producers(default(module = MyProducer::new())), processors(default()))]`")
}

pub(crate) fn missing_section(section: Section) -> Text {
    let help = match section {
        Section::Producers => "add `producers(default(module = MyProducer::new()))`",
        _ => "add `processors(default())`, which uses the defaults",
    };
    Text::new(format!("missing section `{}`", section.name())).help(help)
}

pub(crate) fn missing_module() -> Text {
    Text::new("`producers` has no `module`")
        .help("add `module = MyProducer::new()`: an expression that gives a `Producer`, evaluated for each stage")
}

pub(crate) fn rate_limiting_is_incomplete(section: Section) -> Text {
    let names: Vec<_> = OptionSpec::of(section).map(|option| format!("`{}`", option.name)).collect();
    Text::new(format!("`rate_limiting` needs both {}", names.join(" and "))).help(rate_limiting_example(section))
}

pub(crate) fn option_is_a_group(section: Section) -> Text {
    let example = match section {
        Section::ProducerLimit | Section::ProcessorLimit | Section::BatcherLimit => rate_limiting_example(section),
        Section::Retry => "write `retry(attempts = 5, backoff(min = 100, max = 30_000))`",
        _ => "write `backoff(min = 100, max = 30_000, factor = 2, jitter = 0.5)`",
    };
    Text::new(format!("`{}` takes options in parentheses", section.name())).help(example)
}

fn rate_limiting_example(section: Section) -> &'static str {
    match section {
        Section::BatcherLimit => "write `rate_limiting(allowed_batches = 5, interval = 1000)`: 5 batches a second",
        _ => "write `rate_limiting(allowed_messages = 100, interval = 1000)`: 100 messages a second",
    }
}

pub(crate) fn unknown_entry(name: &str) -> Text {
    Text::new(format!("unknown option `{name}`"))
}

pub(crate) fn unknown_option(name: &str, section: Section) -> Text {
    Text::new(format!("unknown option `{name}` in `{}`", section.name()))
}

pub(crate) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

pub(crate) fn expected_one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("expected {}", one_of(names))
}

pub(crate) fn foreign_name(name: &str, ours: &str) -> Text {
    Text::new(format!("`{name}` is called `{ours}` here"))
}

pub(crate) fn belongs_elsewhere(name: &str, here: Section, there: &[Section]) -> Text {
    let place = |section: &Section| if *section == Section::Root { "the top of the attribute" } else { section.name() };
    let places = if there == [Section::Root] {
        place(&Section::Root).to_owned()
    } else {
        one_of(there.iter().filter(|section| **section != Section::Root).map(place))
    };
    let not = if here == Section::Root { place(&here).to_owned() } else { format!("`{}`", here.name()) };
    Text::new(format!("`{name}` belongs to {places}, not to {not}"))
}

pub(crate) fn duplicate_section(section: Section) -> Text {
    let name = section.name();
    Text::new(format!("`{name}` is given twice")).help(format!("a pipeline has one `{name}(..)`"))
}

pub(crate) fn duplicate_option(name: &str, whole: &str) -> Text {
    Text::new(format!("`{name}` is given twice in {whole}")).help("remove one of them")
}

pub(crate) fn empty_section(section: Section) -> Text {
    let help = match section {
        Section::Producers => "write `producers(default(module = MyProducer::new()))`",
        Section::Processors => "write `processors(default())`, which uses the defaults",
        _ => "add a batcher, `batchers(default())`, or remove the section",
    };
    Text::new(format!("`{}` is empty", section.name())).help(help)
}

pub(crate) fn section_needs_parentheses(section: Section) -> Text {
    let name = section.name();
    Text::new(format!("expected `{name}(..)`")).help(format!("write `{}`", example(section, "default")))
}

pub(crate) fn group_needs_parentheses(name: &str, section: Section) -> Text {
    let what = if section == Section::Batchers { "batcher " } else { "" };
    Text::new(format!("{what}`{name}` needs parentheses")).help(format!("write `{}`", example(section, name)))
}

pub(crate) fn not_a_group(name: &str, section: Section) -> Text {
    Text::new(format!("expected `{name}(..)` in `{}`", section.name()))
        .help(format!("write `{}`", example(section, name)))
}

fn example(section: Section, group: &str) -> String {
    let inside = if section == Section::Producers { "module = MyProducer::new()" } else { "" };
    format!("{}({group}({inside}))", section.name())
}

pub(crate) fn group_is_called_default(name: &str, section: Section) -> Text {
    let section = section.name();
    Text::new(format!("the group of `{section}` is called `default`, not `{name}`"))
        .help(format!("write `{section}(default(..))`"))
}

pub(crate) fn second_group(section: Section) -> Text {
    let help = match section {
        Section::Producers => "raise `stages` to read more at once, or start a second pipeline",
        _ => "raise `stages` to do more at once; separate concerns with functions",
    };
    Text::new(format!("`{}` has exactly one group", section.name())).help(help)
}

pub(crate) fn option_outside_of_group(name: &str, section: Section) -> Text {
    let section = section.name();
    Text::new(format!("`{name}` belongs into a group of `{section}`"))
        .help(format!("write `{section}(default({name} = ..))`"))
}

pub(crate) fn option_of_the_section(name: &str) -> Text {
    let value = if name == "unrouted" { "fail" } else { "NAME" };
    Text::new(format!("`{name}` belongs beside the batchers, not into one"))
        .help(format!("write `batchers({name} = {value}, ..)`"))
}

pub(crate) fn wrong_delimiter(key: &Ident, found: Delimiter) -> Text {
    let found = if found == Delimiter::Brace { "{ .. }" } else { "[..]" };
    Text::new(format!("expected `{key}(..)`, found `{key} {found}`"))
}

pub(crate) fn expected_comma(found: &TokenTree) -> Text {
    Text::new(format!("expected `,` between options, found {}", shown(found)))
}

pub(crate) fn stray_comma() -> Text {
    Text::new("expected an option, found `,`").help("remove the comma")
}

pub(crate) fn expected_key(found: &TokenStream) -> Text {
    let found = found.clone().into_iter().next().map_or(String::new(), |token| format!(", found {}", shown(&token)));
    Text::new(format!("expected the name of an option{found}"))
}

pub(crate) fn key_is_a_string(name: &str) -> Text {
    Text::new("names of options are identifiers, not strings").help(format!("write `{name}`"))
}

pub(crate) fn expected_after_key(key: &Ident, found: &TokenTree) -> Text {
    let text = Text::new(format!("expected `=` or `(` after `{key}`, found {}", shown(found)));
    match found {
        TokenTree::Punct(colon) if colon.as_char() == ':' => {
            text.help(format!("options are written `{key} = ..`, sections and groups `{key}(..)`"))
        }
        _ => text,
    }
}

pub(crate) fn attribute_inside() -> Text {
    Text::new("attributes are not supported inside of `#[broadway(..)]`")
        .help("for `#[cfg(..)]`, put it on the impl, and write the impl twice")
}

pub(crate) fn documentation_inside() -> Text {
    Text::new("options have no documentation: nobody would see it").help("write a comment, `// ..`")
}

fn shown(token: &TokenTree) -> String {
    match token {
        TokenTree::Group(group) => match group.delimiter() {
            Delimiter::Parenthesis => "`(..)`".to_owned(),
            Delimiter::Brace => "`{ .. }`".to_owned(),
            Delimiter::Bracket => "`[..]`".to_owned(),
            Delimiter::None => "an expression".to_owned(),
        },
        token => format!("`{token}`"),
    }
}

pub(crate) fn no_batcher() -> Text {
    Text::new("`batchers` has no batcher").help("add one, `batchers(default(), ..)`")
}

pub(crate) fn batcher_name_not_an_identifier() -> Text {
    Text::new("a batcher's name must be an identifier: it becomes a variant of an enum")
        .help("write letters, digits and `_`: `s3(..)`, `big_query(..)`")
}

pub(crate) fn batcher_name_is_no_variant(name: &str) -> Text {
    Text::new(format!("`{name}` cannot name a batcher: it becomes a variant of an enum")).help("choose another name")
}

pub(crate) fn duplicate_batcher_help(name: &str) -> String {
    format!("give the second `{name}` another name")
}

pub(crate) fn same_variant(first: &str, second: &str, batcher: &Ident, variant: &Ident) -> Text {
    Text::new(format!("`{first}` and `{second}` would both become `{batcher}::{variant}`"))
        .help("give one of them another name")
}

pub(crate) fn default_names_a_batcher() -> Text {
    Text::new("`default` expects the name of a batcher").help("write `batchers(default = s3, s3(..), ..)`")
}

pub(crate) fn unrouted_can_only_fail() -> Text {
    Text::new("`unrouted` can only be `fail`")
        .help("write `unrouted = fail`, or `default = NAME` to send these messages to a batcher")
}

pub(crate) fn enum_is_a_name() -> Text {
    Text::new("`enum` must be a name").help("write `enum = Route`: the enum of the batchers is called so")
}

pub(crate) fn default_and_unrouted() -> Text {
    Text::new("`unrouted = fail` contradicts `default`")
        .help("messages that are not routed either fail or go to a batcher: remove one")
}
