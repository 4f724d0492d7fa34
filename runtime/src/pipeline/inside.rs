//! Which tasks are a pipeline's own. Code that runs in one of them, a callback say, and waits for the pipeline's end would
//! wait for itself.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task;

use super::Shared;

/// The tasks, by id.
#[derive(Debug, Default)]
pub(crate) struct Inside(Mutex<Vec<task::Id>>);

impl Inside {
    /// Whether the task that asks is one of the pipeline's own.
    pub(crate) fn is_here(&self) -> bool {
        task::try_id().is_some_and(|id| self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id))
    }
}

/// Marks the task that makes it as the pipeline's own, until it is dropped.
pub(crate) struct InsideMark(Arc<Shared>, Option<task::Id>);

impl InsideMark {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let id = task::try_id();
        shared.inside.0.lock().unwrap_or_else(PoisonError::into_inner).extend(id);
        Self(shared, id)
    }
}

impl Drop for InsideMark {
    fn drop(&mut self) {
        let mut tasks = self.0.inside.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|id| Some(*id) != self.1);
    }
}
