//! What a client asks of a server, counted on both sides with the same eyes.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
};

use aws_smithy_runtime_api::client::{
    interceptors::{Intercept, context::FinalizerInterceptorContextRef, dyn_dispatch_hint},
    runtime_components::RuntimeComponents,
};
use broadway_sqs::aws_sdk_sqs::{config::ConfigBag, operation::delete_message_batch::DeleteMessageBatchOutput};
use tokio::sync::Notify;

/// Requests that were answered, and messages that were deleted by them.
#[derive(Debug, Clone)]
pub(crate) struct Requests(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    messages: usize,
    answered: AtomicU32,
    /// As many were answered when the last message was deleted.
    at_the_end: AtomicU32,
    deleted: AtomicUsize,
    all_deleted: Notify,
}

impl Requests {
    pub(crate) fn new(messages: usize) -> Self {
        Self(Arc::new(Counts {
            messages,
            answered: AtomicU32::new(0),
            at_the_end: AtomicU32::new(0),
            deleted: AtomicUsize::new(0),
            all_deleted: Notify::new(),
        }))
    }

    pub(crate) fn deleted(&self) -> usize {
        self.0.deleted.load(SeqCst)
    }

    pub(crate) fn at_the_end(&self) -> u32 {
        self.0.at_the_end.load(SeqCst)
    }

    /// Waits until all messages are deleted. One may wait.
    pub(crate) async fn all_deleted(&self) {
        self.0.all_deleted.notified().await;
    }
}

#[dyn_dispatch_hint]
impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let answered = self.0.answered.fetch_add(1, SeqCst) + 1;
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let Some(deleted) = output.downcast_ref::<DeleteMessageBatchOutput>() else { return Ok(()) };
        let deleted = deleted.successful().len();
        if self.0.deleted.fetch_add(deleted, SeqCst) + deleted == self.0.messages {
            self.0.at_the_end.store(answered, SeqCst);
            self.0.all_deleted.notify_one();
        }
        Ok(())
    }
}
