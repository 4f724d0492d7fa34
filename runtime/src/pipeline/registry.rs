//! The pipelines that run in this process, by name. Whoever looks for a free name holds no pipeline, not even for a moment: what a
//! pipeline's end drops must not be dropped here, under the lock, by another.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::watch;

use super::{Core, Handle, run::Ending};

static NAMES: Mutex<BTreeMap<String, Holder>> = Mutex::new(BTreeMap::new());

/// Who has a name.
enum Holder {
    /// Somebody who is about to start a pipeline.
    Starting,
    Pipeline {
        core: Weak<Core>,
        ending: watch::Receiver<Option<Ending>>,
    },
}

impl Holder {
    fn is_gone(&self) -> bool {
        match self {
            Self::Starting => false,
            Self::Pipeline { core, ending } => core.strong_count() == 0 || ending.borrow().is_some(),
        }
    }

    fn pipeline(&self) -> Option<Arc<Core>> {
        match self {
            Self::Starting => None,
            Self::Pipeline { core, .. } => core.upgrade(),
        }
    }
}

/// Handles to all pipelines that run in this process, by name.
///
/// ```
/// # use broadway::{Builder, all_running, stage::from_iter};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> broadway::Result<()> {
/// let pipeline = Builder::<u64, ()>::new("listed", |_| from_iter(0..), |_| Box::pin(async { Ok(()) }))
///     .start_link()
///     .await?;
///
/// assert!(all_running().iter().any(|handle| handle.name() == "listed"));
/// pipeline.stop().await?;
/// assert!(all_running().iter().all(|handle| handle.name() != "listed"));
/// # Ok(())
/// # }
/// ```
pub fn all_running() -> Vec<Handle> {
    let cores: Vec<_> = names().values().filter_map(Holder::pipeline).collect();
    cores.into_iter().filter(|core| !core.has_ended()).map(Handle::new).collect()
}

/// A name that nobody else can take until it is given to a pipeline or dropped.
pub(crate) struct Name(String);

impl Name {
    /// Reserves a name: an explicit one must be free, a default one gets a number if it is not.
    pub(crate) fn reserve(name: &str, explicit: bool) -> Option<Self> {
        let mut names = names();
        names.retain(|_, holder| !holder.is_gone());
        let free = |name: &String| !names.contains_key(name);
        let name = if explicit {
            Some(name.to_owned()).filter(free)?
        } else {
            let numbered = (2..).map(|n: u64| format!("{name}-{n}"));
            std::iter::once(name.to_owned()).chain(numbered).find(free)?
        };
        names.insert(name.clone(), Holder::Starting);
        Some(Self(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the name to a pipeline, which has it until it ends.
    pub(crate) fn give(mut self, core: &Arc<Core>) {
        let holder = Holder::Pipeline { core: Arc::downgrade(core), ending: core.ending.subscribe() };
        names().insert(std::mem::take(&mut self.0), holder);
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            names().remove(&self.0);
        }
    }
}

fn names() -> MutexGuard<'static, BTreeMap<String, Holder>> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}
