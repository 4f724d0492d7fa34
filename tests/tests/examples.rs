//! The documentation of public items is whole: each has an example that runs, and each future says what becomes of its work
//! when it is dropped.
//!
//! The rule: a type, function or method has an example of its own, or its name stands in one of its type's or of an item
//! that it or its type names: "[`Producer`] has an example". Examples are tests of their crate, so they run.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use broadway_tests::markdown;
use syn::{
    Attribute, Expr, ExprLit, File, Ident, ImplItem, Item, Lit, Meta, ReturnType, Signature, Token, TraitItem, Type,
    TypeParamBound, Visibility, braced, bracketed,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
    token::{Brace, Bracket, Paren},
};

const SOURCES: [&str; 1] = ["runtime/src"];

/// Hidden in the documentation where they are declared, or exported again.
const HIDDEN: [&str; 2] = ["runtime/src/__private", "runtime/src/schedule.rs"];

/// A public item. `unreachable_pub` is on, so what is `pub` can be reached from outside.
struct Documented {
    /// With the file, for a person.
    place: String,
    name: String,
    /// The type or trait that it belongs to.
    parent: Option<String>,
    docs: String,
    is_future: bool,
}

impl Documented {
    /// The type or trait with whose examples it is shown.
    fn owner(&self) -> &str {
        self.parent.as_deref().unwrap_or(&self.name)
    }

    /// The items whose example shows it: "[`Producer`] has an example".
    fn points_at(&self) -> impl Iterator<Item = &str> {
        let sentences = self.docs.split(". ").flat_map(|text| text.split("\n\n"));
        let pointers = sentences.filter(|sentence| sentence.contains("an example"));
        let links = pointers.flat_map(|sentence| sentence.split("[`").skip(1));
        links.filter_map(|rest| rest.split_once("`]")).map(|(name, _)| name.split("::").next().unwrap_or(name))
    }

    /// The code of its examples.
    fn examples(&self) -> String {
        let runs = |fence: &str| fence.is_empty() || fence == "rust" || fence == "should_panic";
        let mut fences = self.docs.split("```");
        fences.next();
        let blocks = fences.step_by(2).filter_map(|block| block.split_once('\n'));
        blocks.filter(|(fence, _)| runs(fence.trim())).map(|(_, code)| code).collect()
    }

    /// Whether the code uses it: `.name(`, `Type::name`, or `fn name` of a trait.
    fn is_used_in(&self, code: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        code.match_indices(&self.name).any(|(at, _)| {
            let (before, after) = (&code[..at], &code[at + self.name.len()..]);
            !after.starts_with(is_part) && [".", "::", "fn "].iter().any(|prefix| before.ends_with(prefix))
        })
    }
}

#[test]
fn every_public_item_has_an_example() {
    let items = public();
    let mut of: BTreeMap<&str, String> = BTreeMap::new();
    for item in &items {
        *of.entry(item.owner()).or_default() += &item.examples();
    }
    // What the docs of a type point at counts as its own.
    let pointed = items.iter().filter(|item| item.parent.is_none()).flat_map(|item| {
        let shown = item.points_at().filter_map(|other| of.get(other)).cloned().collect::<String>();
        (!shown.is_empty()).then_some((&*item.name, shown))
    });
    let pointed: BTreeMap<&str, String> = pointed.collect();
    let is_shown = |item: &Documented| {
        let code = [&of, &pointed].into_iter().filter_map(|codes| codes.get(item.owner()));
        let mut code = code.chain(item.points_at().filter_map(|other| of.get(other))).filter(|code| !code.is_empty());
        !item.examples().is_empty() || code.any(|code| item.parent.is_none() || item.is_used_in(code))
    };
    let missing: Vec<&str> = items.iter().filter(|item| !is_shown(item)).map(|item| &*item.place).collect();
    assert!(missing.is_empty(), "{} items have no example:\n{}", missing.len(), missing.join("\n"));
    assert!(items.len() >= 250, "only {} items", items.len());
}

#[test]
fn every_future_says_what_a_drop_does() {
    let items = public();
    let says = |item: &Documented| item.docs.to_lowercase().contains("cancel-saf");
    let futures: Vec<&Documented> = items.iter().filter(|item| item.is_future).collect();
    // The docs of a trait may say it for all its methods.
    let of_all = |item: &Documented| items.iter().any(|of| of.parent.is_none() && of.name == item.owner() && says(of));
    let silent: Vec<&str> =
        futures.iter().filter(|item| !says(item) && !of_all(item)).map(|item| &*item.place).collect();
    assert!(silent.is_empty(), "{} futures do not say it:\n{}", silent.len(), silent.join("\n"));
    assert!(futures.len() >= 30, "only {} futures", futures.len());
}

/// All public items of the crates.
fn public() -> Vec<Documented> {
    let mut found = Vec::new();
    for folder in SOURCES {
        for file in sources(&markdown::root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let File { items, .. } =
                syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let file = file.strip_prefix(markdown::root()).unwrap_or(&file).display().to_string();
            if HIDDEN.iter().any(|path| file.starts_with(path)) {
                continue;
            }
            items.iter().for_each(|item| collect(item, &file, &mut found));
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let files = paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn collect(item: &Item, file: &str, found: &mut Vec<Documented>) {
    let mut add = |attributes: &[Attribute], parent: Option<&str>, name: String, is_future: bool| {
        if !is_hidden(attributes) {
            let path = parent.map_or_else(|| name.clone(), |parent| format!("{parent}::{name}"));
            let (place, docs) = (format!("{file}: {path}"), docs(attributes));
            found.push(Documented { place, name, parent: parent.map(str::to_owned), docs, is_future });
        }
    };
    match item {
        Item::Struct(item) if is_public(&item.vis) => add(&item.attrs, None, item.ident.to_string(), false),
        Item::Enum(item) if is_public(&item.vis) => add(&item.attrs, None, item.ident.to_string(), false),
        Item::Type(item) if is_public(&item.vis) => add(&item.attrs, None, item.ident.to_string(), false),
        Item::Fn(item) if is_public(&item.vis) => {
            add(&item.attrs, None, item.sig.ident.to_string(), is_future(&item.sig));
        }
        Item::Trait(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
            let name = item.ident.to_string();
            add(&item.attrs, None, name.clone(), false);
            for method in &item.items {
                if let TraitItem::Fn(method) = method {
                    add(&method.attrs, Some(&name), method.sig.ident.to_string(), is_future(&method.sig));
                }
            }
        }
        Item::Impl(item) if item.trait_.is_none() && !is_hidden(&item.attrs) => {
            let Type::Path(of) = &*item.self_ty else { return };
            let parent = of.path.segments.last().map(|segment| segment.ident.to_string());
            for method in &item.items {
                if let ImplItem::Fn(method) = method
                    && is_public(&method.vis)
                {
                    add(&method.attrs, parent.as_deref(), method.sig.ident.to_string(), is_future(&method.sig));
                }
            }
        }
        Item::Macro(item) if item.mac.path.is_ident("macro_rules") => {
            let Written(functions) = item.mac.parse_body().unwrap_or_else(|error| panic!("{file}: {error}"));
            functions.into_iter().for_each(|of| add(&of.attributes, None, of.name, of.is_future));
        }
        Item::Mod(item) if !is_hidden(&item.attrs) => {
            item.content.iter().flat_map(|(_, items)| items).for_each(|item| collect(item, file, found));
        }
        _ => {}
    }
}

/// The public functions that a macro of the crate writes. For whom is not known, so each has an example of its own or names
/// who has one.
struct Written(Vec<Function>);

struct Function {
    attributes: Vec<Attribute>,
    name: String,
    is_future: bool,
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut found = Vec::new();
        while !input.is_empty() {
            let attributes = Attribute::parse_outer(input)?;
            let is_public = matches!(input.parse::<Visibility>()?, Visibility::Public(_));
            let is_async = input.parse::<Option<Token![async]>>()?.is_some();
            if is_public && input.parse::<Option<Token![fn]>>()?.is_some() {
                let name = input.call(Ident::parse_any)?.to_string();
                let mut is_future = is_async;
                while !input.is_empty() && !input.peek(Brace) {
                    is_future |= skip(input)? == "Future";
                }
                found.push(Function { attributes, name, is_future });
            } else if input.peek(Brace) || input.peek(Paren) || input.peek(Bracket) {
                found.extend(group(input)?.0);
            } else if !input.is_empty() {
                skip(input)?;
            }
        }
        Ok(Self(found))
    }
}

fn group(input: ParseStream<'_>) -> syn::Result<Written> {
    let content;
    if input.peek(Brace) {
        braced!(content in input);
    } else if input.peek(Paren) {
        parenthesized!(content in input);
    } else {
        bracketed!(content in input);
    }
    content.parse()
}

/// The next token, which may be a whole group.
fn skip(input: ParseStream<'_>) -> syn::Result<String> {
    let token = input.step(|cursor| cursor.token_tree().ok_or_else(|| cursor.error("a token")))?;
    Ok(token.to_string())
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Not part of the documentation.
fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => {
            let tokens = list.tokens.to_string();
            list.path.is_ident("doc") && tokens == "hidden" || list.path.is_ident("cfg") && tokens == "test"
        }
        _ => false,
    })
}

/// The text above an item.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    });
    lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned() + "\n").collect()
}

/// `async fn`, or a function that returns `impl Future`.
fn is_future(signature: &Signature) -> bool {
    let ReturnType::Type(_, returned) = &signature.output else { return signature.asyncness.is_some() };
    let Type::ImplTrait(returned) = &**returned else { return signature.asyncness.is_some() };
    returned.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|segment| segment.ident == "Future"),
        _ => false,
    })
}
