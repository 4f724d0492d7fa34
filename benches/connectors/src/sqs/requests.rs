//! What a client asks of a server, counted on both sides with the same eyes.

use std::{
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
};

use aws_smithy_runtime_api::client::{
    interceptors::{
        Intercept,
        context::{BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef},
        dyn_dispatch_hint,
    },
    orchestrator::Metadata,
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
    receives: Kind,
    deletes: Kind,
    others: Kind,
    /// As many were answered when the last message was deleted.
    at_the_end: Mutex<Answered>,
    deleted: AtomicUsize,
    all_deleted: Notify,
}

/// Requests of one kind.
#[derive(Debug, Default)]
struct Kind {
    under_way: AtomicU32,
    /// As many were under way at once.
    most: AtomicU32,
    answered: AtomicU32,
}

/// How many requests of each kind were answered, and how many receives and deletes were under way at once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Answered {
    pub(crate) receives: u32,
    pub(crate) deletes: u32,
    pub(crate) others: u32,
    pub(crate) most_receives: u32,
    pub(crate) most_deletes: u32,
}

impl Requests {
    pub(crate) fn new(messages: usize) -> Self {
        Self(Arc::new(Counts {
            messages,
            receives: Kind::default(),
            deletes: Kind::default(),
            others: Kind::default(),
            at_the_end: Mutex::default(),
            deleted: AtomicUsize::new(0),
            all_deleted: Notify::new(),
        }))
    }

    pub(crate) fn deleted(&self) -> usize {
        self.0.deleted.load(SeqCst)
    }

    pub(crate) fn at_the_end(&self) -> Answered {
        *self.0.at_the_end.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.kind(config).begin();
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.kind(config).end();
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let Some(deleted) = output.downcast_ref::<DeleteMessageBatchOutput>() else { return Ok(()) };
        let deleted = deleted.successful().len();
        if self.0.deleted.fetch_add(deleted, SeqCst) + deleted == self.0.messages {
            *self.0.at_the_end.lock().unwrap_or_else(PoisonError::into_inner) = self.0.answered();
            self.0.all_deleted.notify_one();
        }
        Ok(())
    }
}

impl Counts {
    fn kind(&self, config: &ConfigBag) -> &Kind {
        match config.load::<Metadata>().map(Metadata::name) {
            Some("ReceiveMessage") => &self.receives,
            Some("DeleteMessageBatch") => &self.deletes,
            _ => &self.others,
        }
    }

    fn answered(&self) -> Answered {
        Answered {
            receives: self.receives.answered.load(SeqCst),
            deletes: self.deletes.answered.load(SeqCst),
            others: self.others.answered.load(SeqCst),
            most_receives: self.receives.most.load(SeqCst),
            most_deletes: self.deletes.most.load(SeqCst),
        }
    }
}

impl Kind {
    fn begin(&self) {
        self.most.fetch_max(self.under_way.fetch_add(1, SeqCst) + 1, SeqCst);
    }

    fn end(&self) {
        self.under_way.fetch_sub(1, SeqCst);
        self.answered.fetch_add(1, SeqCst);
    }
}
