//! The crates that are built.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::command::{cargo, run, workspace};

/// A crate of its own, outside of the workspace, with the versions that the workspace is locked to.
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    source: String,
}

/// Where they are.
pub(crate) fn folder() -> PathBuf {
    workspace().join("target/macro-cost")
}

/// What every attribute macro stands on, with the features that ours asks for.
pub(crate) fn parsers() -> Result<Crate, String> {
    let workspace = read("Cargo.toml")?;
    let line = |name: &str| {
        let line = workspace.lines().find(|line| line.starts_with(&format!("{name} = ")));
        line.map(str::to_owned).ok_or_else(|| format!("the workspace does not name `{name}`"))
    };
    let dependencies = [line("syn")?, line("quote")?, line("proc-macro2")?].join("\n");
    Crate::new("parsers", &dependencies, String::new())
}

/// Our macro.
pub(crate) fn attribute() -> Result<Crate, String> {
    Crate::new("attribute", &format!("broadway-macros = {{ path = {:?} }}", path("macros")), String::new())
}

/// Ten pipelines: with the attribute, and as the attribute expands them.
pub(crate) fn ten_pipelines() -> Result<[Crate; 2], String> {
    let written = read("macros/src/tests/golden/seed_deck.input.rs")?;
    let generated = read("macros/src/tests/golden/seed_deck.rs")?;
    let item = written.split_once(")]\n").ok_or("the seed deck has no attribute")?.1;
    let broadway = format!("broadway = {{ package = \"broadway-rs\", path = {:?} }}", path("runtime"));
    let ten = |pipeline: &str| {
        let module = |n: usize| format!("pub mod orders_{n} {{\nuse super::*;\npub struct Orders;\n{pipeline}\n}}\n");
        SHARED.to_owned() + &(0..10).map(module).collect::<String>()
    };
    Ok([
        Crate::new("with_the_attribute", &broadway, ten(&written))?,
        Crate::new("expanded", &broadway, ten(&format!("{item}\n{generated}")))?,
    ])
}

/// What the pipeline names.
const SHARED: &str = "pub use broadway::{Batch, Next, Outbox, Payload, Producer, Result, async_trait, broadway};

pub struct Order(pub u64);

pub struct SqsProducer;

impl SqsProducer {
    pub fn new(_: &str) -> Self {
        Self
    }
}

#[async_trait]
impl Producer for SqsProducer {
    type Data = Payload;

    async fn handle_demand(&mut self, _: usize, _: &mut Outbox<Payload>) -> Result<Next> {
        Ok(Next::Finished)
    }
}
";

impl Crate {
    fn new(name: &'static str, dependencies: &str, source: String) -> Result<Self, String> {
        let this = Self { name, source };
        let manifest = format!(
            "[package]\nname = {name:?}\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n\n[workspace]\n"
        );
        let home = this.home();
        fs::create_dir_all(home.join("src")).map_err(|error| format!("cannot make {}: {error}", home.display()))?;
        write(&home.join("Cargo.toml"), &manifest)?;
        write(&home.join("Cargo.lock"), &read("Cargo.lock")?)?;
        this.touch()?;
        Ok(this)
    }

    fn home(&self) -> PathBuf {
        folder().join(self.name)
    }

    /// Makes cargo build it again.
    pub(crate) fn touch(&self) -> Result<(), String> {
        write(&self.home().join("src/lib.rs"), &self.source)
    }

    /// With one job, so that a processor that others use does not decide what is built when.
    pub(crate) fn build(&self, target: &Path) -> Result<(), String> {
        let mut command = cargo(&["build", "--quiet", "--offline", "--jobs", "1"]);
        command.current_dir(self.home()).env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
        run(&mut command)
    }
}

fn path(name: &str) -> PathBuf {
    workspace().join(name)
}

fn read(name: &str) -> Result<String, String> {
    fs::read_to_string(path(name)).map_err(|error| format!("cannot read {name}: {error}"))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
