//! Whatever is typed: no panic, the impl is emitted as it was, and what is emitted can be parsed.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use broadway_topology::options::OPTIONS;
use proc_macro2::{Group, TokenStream, TokenTree};

use super::{
    attribute::{WORDS, check, item},
    corpus,
    valid::{Pipeline, pipelines},
};
use crate::{
    entry::{caught, expand},
    syntax::impl_block,
};

/// Each pipeline is changed at random so often, as a whole.
const ROUNDS: usize = 120;

/// What was tried, and what came of it.
#[derive(Default)]
struct Figures {
    inputs: usize,
    panics: usize,
    kept: usize,
    parsed: usize,
}

impl Figures {
    fn try_out(&mut self, attribute: TokenStream, item: TokenStream) {
        self.inputs += 1;
        let expanded = catch_unwind(AssertUnwindSafe(|| expand(attribute.clone(), item.clone())));
        let Ok(output) = expanded else {
            println!("panics: #[broadway({attribute})] {item}");
            self.panics += 1;
            return;
        };
        // What cannot stand beside the attribute is taken off the item.
        let written: Vec<_> = impl_block::verbatim(&item).into_iter().map(|token| token.to_string()).collect();
        let mut generated = output.into_iter();
        let kept = written.iter().all(|token| generated.next().is_some_and(|found| found.to_string() == *token));
        self.kept += usize::from(kept);
        match (kept, syn::parse2::<syn::File>(generated.collect())) {
            (true, Ok(_)) => self.parsed += 1,
            (kept, parsed) => println!("kept {kept}, {:?}: #[broadway({attribute})] {item}", parsed.err()),
        }
    }

    fn are_good(&self) {
        println!("{self}");
        assert_eq!((self.panics, self.kept, self.parsed), (0, self.inputs, self.inputs), "{self}");
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, panics, kept, parsed } = self;
        write!(f, "{inputs} inputs: {panics} panics, impl kept in {kept}, output parsed in {parsed}")
    }
}

#[test]
fn every_prefix_of_valid_pipelines_is_survived() {
    let mut figures = Figures::default();
    for Pipeline { attribute, item } in pipelines() {
        for tokens in 0..count(&attribute) {
            figures.try_out(prefix(attribute.clone(), &mut { tokens }), item.clone());
        }
        for tokens in 0..count(&item) {
            figures.try_out(attribute.clone(), prefix(item.clone(), &mut { tokens }));
        }
    }
    figures.are_good();
    assert!(figures.inputs > 3_000);
}

#[test]
fn random_deletions_swaps_and_duplications_are_survived() {
    let mut figures = Figures::default();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for pipeline in pipelines() {
        for round in 0..ROUNDS {
            let Pipeline { mut attribute, mut item } = pipeline.clone();
            let what = if round % 3 == 0 { &mut item } else { &mut attribute };
            for _ in 0..=random.below(3) {
                let (target, change) = (random.below(count(what).max(1)), Change::ALL[random.below(3)]);
                *what = mutate(std::mem::take(what), &mut { target }, change);
            }
            figures.try_out(attribute, item);
        }
    }
    figures.are_good();
    assert!(figures.inputs > 3_000);
}

#[test]
fn what_the_fuzzer_keeps_is_survived() {
    corpus::replay("attribute", check);
}

#[test]
fn the_fuzzer_knows_every_option() {
    let unknown: Vec<&str> = OPTIONS.iter().map(|option| option.name).filter(|name| !WORDS.contains(name)).collect();
    assert!(unknown.is_empty(), "tests/fuzz/checks/attribute.rs has no {unknown:?}");
}

#[test]
fn a_panic_is_an_error_beside_the_impl() {
    let output = caught(&item(), || panic!("out of cheese")).to_string();
    assert!(output.starts_with(&item().to_string()));
    assert!(output.contains("compile_error") && output.contains("out of cheese"), "{output}");
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[derive(Clone, Copy)]
enum Change {
    Delete,
    Swap,
    Duplicate,
}

impl Change {
    const ALL: [Self; 3] = [Self::Delete, Self::Swap, Self::Duplicate];
}

/// The tokens, those in groups included.
fn count(tokens: &TokenStream) -> usize {
    tokens
        .clone()
        .into_iter()
        .map(|token| 1 + if let TokenTree::Group(group) = token { count(&group.stream()) } else { 0 })
        .sum()
}

/// The first tokens; what is open is closed, as an editor does.
fn prefix(tokens: TokenStream, left: &mut usize) -> TokenStream {
    let mut output = TokenStream::new();
    for token in tokens {
        if *left == 0 {
            break;
        }
        *left -= 1;
        output.extend([match token {
            TokenTree::Group(group) => TokenTree::Group(Group::new(group.delimiter(), prefix(group.stream(), left))),
            token => token,
        }]);
    }
    output
}

/// Changes the token at this place, counted through all groups.
fn mutate(tokens: TokenStream, target: &mut usize, change: Change) -> TokenStream {
    let mut output: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        if *target == 0 {
            *target = usize::MAX;
            match change {
                Change::Delete => {}
                Change::Swap => {
                    output.extend(tokens.next());
                    output.push(token);
                }
                Change::Duplicate => output.extend([token.clone(), token]),
            }
            continue;
        }
        *target = target.saturating_sub(1);
        match token {
            TokenTree::Group(group) if *target < usize::MAX - 100_000 => {
                let mut copy = Group::new(group.delimiter(), mutate(group.stream(), target, change));
                copy.set_span(group.span());
                output.push(copy.into());
            }
            token => output.push(token),
        }
    }
    output.into_iter().collect()
}
