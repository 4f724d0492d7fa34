//! The pipelines that run in this process, by name.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::{Core, Handle};

static RUNNING: Mutex<BTreeMap<String, Weak<Core>>> = Mutex::new(BTreeMap::new());

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
    running().values().filter_map(Weak::upgrade).filter(|core| !core.has_ended()).map(Handle::new).collect()
}

/// A name that nobody else can take until it is given to a pipeline or dropped.
pub(crate) struct Name(String);

impl Name {
    /// Reserves a name: an explicit one must be free, a default one gets a number if it is not.
    pub(crate) fn reserve(name: &str, explicit: bool) -> Option<Self> {
        let mut running = running();
        running.retain(|_, core| {
            core.strong_count() == 0 && core.ptr_eq(&Weak::new())
                || core.upgrade().is_some_and(|core| !core.has_ended())
        });
        let free = |name: &String| !running.contains_key(name);
        let name = if explicit {
            Some(name.to_owned()).filter(free)?
        } else {
            let numbered = (2..).map(|n: u64| format!("{name}-{n}"));
            std::iter::once(name.to_owned()).chain(numbered).find(free)?
        };
        running.insert(name.clone(), Weak::new());
        Some(Self(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the name to a pipeline, which has it until it ends.
    pub(crate) fn give(mut self, core: &Arc<Core>) {
        running().insert(std::mem::take(&mut self.0), Arc::downgrade(core));
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            running().remove(&self.0);
        }
    }
}

fn running() -> MutexGuard<'static, BTreeMap<String, Weak<Core>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
