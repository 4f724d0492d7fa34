//! The children of a consumer supervisor as its users see them.

use std::{fmt, sync::Arc};

use super::shared::Shared;

/// A handle to the children of a [`ConsumerSupervisor`](super::ConsumerSupervisor), which has an example. Cheap to
/// clone.
pub struct Children<T>(pub(super) Arc<Shared<T>>);

/// Which child it is.
///
/// [`Children`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub(super) u64);

/// How many children there are, and were.
///
/// [`ConsumerSupervisor`](super::ConsumerSupervisor) has an example.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildCounts {
    /// Children that run now.
    pub active: u64,
    /// Children that were started.
    pub started: u64,
    /// Children that failed or panicked, and were not started again.
    pub failed: u64,
    /// Times that a child was started again.
    pub restarts: u64,
}

impl<T: Send + 'static> Children<T> {
    /// Starts a child beside those of the subscriptions: it takes no place of theirs. None if the stage has ended.
    ///
    /// ```
    /// use broadway::stage::{self, ConsumerSupervisor};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> broadway::Result<()> {
    /// let supervisor = ConsumerSupervisor::temporary(|_: u64| std::future::pending());
    /// let children = supervisor.children();
    /// let stage = stage::consumer(supervisor).start().await?;
    /// let child = children.start_child(7).expect("the stage runs");
    /// assert_eq!(children.ids(), [child]);
    /// assert!(children.terminate_child(child));
    /// stage.stop();
    /// stage.ended().await;
    /// assert_eq!((children.counts().active, children.start_child(8)), (0, None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_child(&self, event: T) -> Option<ChildId> {
        Shared::start_child(&self.0, event, None)
    }

    /// Drops a child at its next `.await`; its place is free then. False if there is no such child.
    pub fn terminate_child(&self, id: ChildId) -> bool {
        self.0.terminate_child(id)
    }

    /// All children that run, in the order in which they were started.
    pub fn ids(&self) -> Vec<ChildId> {
        self.0.ids()
    }

    /// How many there are, and were.
    pub fn counts(&self) -> ChildCounts {
        self.0.counts()
    }
}

impl<T> Clone for Children<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Children<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("active", &self.0.counts().active).finish_non_exhaustive()
    }
}
