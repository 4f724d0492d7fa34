//! Whatever is typed: no panic, the impl is emitted as it was, and what is emitted can be parsed.

use broadway_topology::options::OPTIONS;
use proc_macro2::{Group, TokenStream, TokenTree};

use super::{
    attribute::{ITEM, WORDS, check, item, survives},
    corpus,
};
use crate::entry::{caught, expand};

const ATTRIBUTE: &str = r#"
    name = "orders", shutdown = 30_000, max_restarts = 3, max_seconds = 5, partition_by = by_customer, vis = pub(crate),
    crate = ::broadway,
    producers(default(
        module = Sqs::<A, B>::new("my_queue").await?, stages = 4, transformer = |x| decode(x),
        rate_limiting(allowed_messages = 100, interval = Duration::from_secs(1)),
    )),
    processors(default(stages = self.config.stages, min_demand = 5, max_demand = 10, partition_by = f, timeout = 1000)),
    batchers(
        default = archive, unrouted = fail,
        s3(stages = 2, batch_size = SIZE, batch_timeout = 1500, max_pending = 50, max_demand = 100, partition_by = f),
        archive(batch_size = 500, timeout = 30_000),
    ),
"#;

#[test]
fn every_prefix_of_an_attribute_is_survived() {
    let ends: Vec<_> = ATTRIBUTE.char_indices().map(|(at, _)| at).collect();
    for end in ends {
        // What is open is closed, as an editor does.
        let prefix = &ATTRIBUTE[..end];
        let mut open = 0;
        prefix.chars().for_each(|c| open += i32::from(c == '(') - i32::from(c == ')'));
        let quote = if prefix.matches('"').count() % 2 == 1 { "\"" } else { "" };
        let closed = format!("{prefix}{quote}{}", ")".repeat(usize::try_from(open).unwrap()));
        survives(closed.parse().unwrap());
    }
}

#[test]
fn tokens_that_are_deleted_or_swapped_are_survived() {
    let tokens: TokenStream = ATTRIBUTE.parse().unwrap();
    let count = count(&tokens);
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for round in 0..3000 {
        let mut mutated = tokens.clone();
        for _ in 0..=round % 3 {
            let (target, swap) = (random(count), random(2) == 0);
            mutated = mutate(mutated, &mut { target }, swap);
        }
        survives(mutated);
    }
}

#[test]
fn broken_items_are_survived_and_emitted() {
    let tokens: TokenStream = ITEM.parse().unwrap();
    for target in 0..count(&tokens) {
        for swap in [false, true] {
            let item = mutate(tokens.clone(), &mut { target }, swap);
            let output = expand(ATTRIBUTE.parse().unwrap(), item.clone());
            assert!(output.to_string().starts_with(&item.to_string()), "the item is not there: {item}");
        }
    }
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

fn count(tokens: &TokenStream) -> usize {
    tokens
        .clone()
        .into_iter()
        .map(|token| 1 + if let TokenTree::Group(group) = token { count(&group.stream()) } else { 0 })
        .sum()
}

/// Deletes the token at this place, counted through all groups, or swaps it with the one after it.
fn mutate(tokens: TokenStream, target: &mut usize, swap: bool) -> TokenStream {
    let mut output: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        if *target == 0 {
            *target = usize::MAX;
            if swap {
                output.extend(tokens.next());
                output.push(token);
            }
            continue;
        }
        *target = target.saturating_sub(1);
        match token {
            TokenTree::Group(group) if *target < usize::MAX - 100_000 => {
                let mut copy = Group::new(group.delimiter(), mutate(group.stream(), target, swap));
                copy.set_span(group.span());
                output.push(copy.into());
            }
            token => output.push(token),
        }
    }
    output.into_iter().collect()
}
