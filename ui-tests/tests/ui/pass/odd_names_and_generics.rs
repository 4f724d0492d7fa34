// Names that are keywords or not ASCII, types that a macro passes on, constants as parameters, methods under `#[cfg]`.
#![allow(dead_code, non_camel_case_types, unused_parens)]

use ui_tests::prelude::*;

struct r#Raw;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl r#Raw {
    async fn handle_message(&self, _message: &mut RawMessage) {}
}

struct r#match;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl r#match {
    async fn handle_message(&self, _message: &mut matchMessage) {}
}

struct Generated;

macro_rules! pipeline {
    ($pipeline:ty, $message:ty) => {
        #[broadway(producers(default(module = Payloads)), processors(default()))]
        impl $pipeline {
            async fn handle_message(&self, _message: &mut $message) {}
        }
    };
}

pipeline!(Generated, GeneratedMessage);

struct Parenthesized;

#[broadway(producers(default(module = Payloads)), processors(default()))]
impl (Parenthesized) {
    async fn handle_message(&self, _message: &mut ParenthesizedMessage) {}
}

struct Sized<const N: usize>;

#[broadway(producers(default(module = Payloads)), processors(default(stages = N)))]
impl<const N: usize> Sized<N> {
    #[cfg(any())]
    async fn handle_message(&self, _message: &mut SizedMessage<u64>) {}

    #[cfg(not(any()))]
    async fn handle_message(&self, Message { data, .. }: &mut SizedMessage) -> Result<usize> {
        Ok(data.len())
    }
}

struct Unicode;

#[broadway(
    name = "öre",
    producers(default(module = Payloads)),
    processors(default(stages = if 1 < 2 { 4 } else { 5 })),
    batchers(default = größe, größe(), zürich()),
)]
impl Unicode {
    async fn handle_message(&self, message: &mut UnicodeMessage) {
        message.put_batcher(UnicodeBatcher::Größe);
    }

    async fn handle_batch(&self, _batch: &mut Batch<Self>) {}
}

mod outer {
    pub(super) async fn start() {
        inner::Hidden.start_link().await.unwrap();
    }

    mod inner {
        use ui_tests::prelude::*;

        pub(in crate::outer) struct Hidden;

        #[broadway(
            vis = pub(in crate::outer),
            producers(default(module = Payloads)),
            processors(default()),
        )]
        impl Hidden {
            pub(in crate::outer) async fn handle_message(&self, _message: &mut HiddenMessage) {}
        }
    }
}

async fn start() {
    r#Raw.start_link().await.unwrap();
    r#match.start_link().await.unwrap();
    Generated.start_link().await.unwrap();
    Parenthesized.start_link().await.unwrap();
    Sized::<3>.start_link().await.unwrap();
    outer::start().await;
}

fn main() {
    assert_eq!(r#Raw.topology().name, "Raw");
    assert_eq!(r#match.topology().name, "match");
    assert_eq!(Sized::<3>.topology().processors.stages, 3);
    assert_eq!(Unicode.topology().default_batcher(), Some(0));
}
