//! A queue to send to, create and measure: what fills a queue that a pipeline reads, in programs and tests.

use std::sync::Arc;

use aws_sdk_sqs::{Client, types::QueueAttributeName};

use tokio::sync::OnceCell;

use crate::{
    access::Access,
    address::Address,
    connection::{Connection, Depth, Link, Shared},
    error::{ErrorKind, SqsError},
    sender::{self, Outgoing},
};

/// A queue, by its name or its URL. Nothing is sent before a method is awaited.
///
/// ```no_run
/// # async fn example() -> Result<(), broadway_sqs::SqsError> {
/// use broadway_sqs::SqsQueue;
///
/// let queue = SqsQueue::new("flights").endpoint_url("http://127.0.0.1:4566");
/// queue.create().await?;
/// queue.send_batch(["one", "two"]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SqsQueue {
    address: Address,
    access: Access,
    /// Found once for a handle and its clones.
    link: Arc<OnceCell<Link>>,
}

impl SqsQueue {
    /// A queue, by its name or its URL.
    pub fn new(queue: impl Into<String>) -> Self {
        Self { address: Address::new(queue.into()), access: Access::default(), link: Arc::default() }
    }

    /// A queue that is reached through your client.
    pub fn with_client(client: Client, queue: impl Into<String>) -> Self {
        Self { access: Access::with_client(client), ..Self::new(queue) }
    }

    /// Sends requests to this address: an emulator or a VPC endpoint.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.access.endpoint_url(url.into());
        self.link = Arc::default();
        self
    }

    /// The AWS region; by default what the queue's URL, `AWS_REGION` or the profile says.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.access.region(region.into());
        self.link = Arc::default();
        self
    }

    /// The profile of the AWS configuration to take region and credentials from.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.access.profile(profile.into());
        self.link = Arc::default();
        self
    }

    /// Fixed credentials, instead of what the environment says.
    pub fn credentials(mut self, access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        self.access.credentials(access_key_id.into(), secret_access_key.into());
        self.link = Arc::default();
        self
    }

    /// The queue's name: the last part of its URL.
    pub fn name(&self) -> &str {
        self.address.name()
    }

    /// Creates the queue if it does not exist. A name that ends in `.fifo` makes a FIFO queue that drops repeated
    /// bodies.
    ///
    /// # Errors
    /// SQS refuses it, or does not answer.
    pub async fn create(&self) -> Result<(), SqsError> {
        self.create_with([]).await
    }

    /// Creates the queue with attributes: a visibility timeout, a redrive policy.
    ///
    /// # Errors
    /// SQS refuses it (it exists with other attributes, say), or does not answer.
    pub async fn create_with(
        &self,
        attributes: impl IntoIterator<Item = (QueueAttributeName, String)>,
    ) -> Result<(), SqsError> {
        let link = Link::unfound(&self.address, &self.access).await?;
        let mut request = link.client.create_queue().queue_name(self.name());
        if self.address.is_fifo() {
            request = request
                .attributes(QueueAttributeName::FifoQueue, "true")
                .attributes(QueueAttributeName::ContentBasedDeduplication, "true");
        }
        for (name, value) in attributes {
            request = request.attributes(name, value);
        }
        request.send().await.map_err(|error| link.error("create", &error))?;
        Ok(())
    }

    /// Sends messages, ten to a request, a few requests at a time (one at a time, in order, to a FIFO queue); what SQS
    /// could not take for a reason of its own is sent again. Returns how many were sent.
    ///
    /// # Errors
    /// SQS refuses a message or does not answer; what came before may have been sent.
    pub async fn send_batch<M: Into<Outgoing>>(
        &self,
        messages: impl IntoIterator<Item = M>,
    ) -> Result<usize, SqsError> {
        let link = self.link().await?;
        sender::send(link, messages.into_iter().map(Into::into)).await
    }

    /// How many messages the queue holds.
    ///
    /// # Errors
    /// The queue does not exist or does not answer.
    pub async fn depth(&self) -> Result<Depth, SqsError> {
        self.link().await?.depth().await
    }

    /// The client, for all that is not here.
    ///
    /// # Errors
    /// No region is known, or the endpoint is malformed.
    pub async fn client(&self) -> Result<Client, SqsError> {
        Ok(Link::unfound(&self.address, &self.access).await?.client)
    }

    /// The queue's URL, as requests need it.
    ///
    /// # Errors
    /// The queue does not exist or does not answer.
    pub async fn url(&self) -> Result<String, SqsError> {
        Ok(self.link().await?.url.clone())
    }

    async fn link(&self) -> Result<&Link, SqsError> {
        self.link.get_or_try_init(|| Link::find(&self.address, &self.access)).await
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn shared(&self) -> Shared {
        Shared::of(&self.address, &self.access)
    }

    pub(crate) async fn open(&self, shared: &Shared) -> Result<Arc<Connection>, SqsError> {
        shared.open(&self.address, &self.access).await
    }

    pub(crate) fn refusal(&self, action: &'static str, detail: &str) -> SqsError {
        SqsError::new(&self.address, action, ErrorKind::Option, detail)
    }
}

impl From<&str> for SqsQueue {
    fn from(queue: &str) -> Self {
        Self::new(queue)
    }
}

impl From<String> for SqsQueue {
    fn from(queue: String) -> Self {
        Self::new(queue)
    }
}

impl From<&String> for SqsQueue {
    fn from(queue: &String) -> Self {
        Self::new(queue)
    }
}

impl From<&SqsQueue> for SqsQueue {
    fn from(queue: &SqsQueue) -> Self {
        queue.clone()
    }
}
