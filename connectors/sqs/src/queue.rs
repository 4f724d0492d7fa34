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
    ///
    /// ```
    /// use broadway_sqs::SqsQueue;
    ///
    /// assert_eq!(SqsQueue::new("orders").name(), "orders");
    /// assert_eq!(SqsQueue::new("https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo").name(), "orders.fifo");
    /// ```
    pub fn new(queue: impl Into<String>) -> Self {
        Self { address: Address::new(queue.into()), access: Access::default(), link: Arc::default() }
    }

    /// A queue that is reached through your client; [`SqsProducer::with_client`](crate::SqsProducer::with_client) has an example.
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
    ///
    /// ```
    /// # use broadway_sqs::SqsQueue;
    /// let queue = SqsQueue::new("orders").credentials("a key", "a secret");
    /// assert!(!format!("{queue:?}").contains("secret")); // it is never printed
    /// ```
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
    /// bodies. [`SqsQueue`] has an example.
    ///
    /// **Cancel-safety**: the queue may have been created.
    ///
    /// # Errors
    /// SQS refuses it, or does not answer.
    pub async fn create(&self) -> Result<(), SqsError> {
        self.create_with([]).await
    }

    /// Creates the queue with attributes: a visibility timeout, a redrive policy.
    ///
    /// **Cancel-safety**: the queue may have been created.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), broadway_sqs::SqsError> {
    /// use broadway_sqs::{SqsQueue, aws_sdk_sqs::types::QueueAttributeName};
    ///
    /// SqsQueue::new("orders").create_with([(QueueAttributeName::VisibilityTimeout, "120".to_owned())]).await?;
    /// # Ok(()) }
    /// ```
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
    /// **Cancel-safety**: requests that are under way are cut off. What they held, and what came before, may have been sent.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), broadway_sqs::SqsError> {
    /// use broadway_sqs::{Outgoing, SqsQueue};
    ///
    /// let queue = SqsQueue::new("orders.fifo");
    /// let messages = (1..=25).map(|number| Outgoing::new(format!("order {number}")).group("customer 7"));
    /// assert_eq!(queue.send_batch(messages).await?, 25);
    /// # Ok(()) }
    /// ```
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

    /// How many messages the queue holds, approximately.
    ///
    /// **Cancel-safety**: it changes nothing.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), broadway_sqs::SqsError> {
    /// let depth = broadway_sqs::SqsQueue::new("orders").depth().await?;
    /// println!("{} wait, {} are in flight", depth.visible, depth.in_flight);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The queue does not exist or does not answer.
    pub async fn depth(&self) -> Result<Depth, SqsError> {
        self.link().await?.depth().await
    }

    /// The client, for all that is not here. Nothing is sent.
    ///
    /// **Cancel-safety**: it changes nothing.
    ///
    /// ```
    /// # use broadway_sqs::SqsQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), broadway_sqs::SqsError> {
    /// let queue = SqsQueue::new("orders").region("eu-west-1").credentials("a key", "a secret");
    /// let client = queue.client().await?;
    /// assert_eq!(client.config().region().unwrap().as_ref(), "eu-west-1");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// No region is known, or the endpoint is malformed.
    pub async fn client(&self) -> Result<Client, SqsError> {
        Ok(Link::unfound(&self.address, &self.access).await?.client)
    }

    /// The queue's URL, as requests need it: asked for if the queue was given by its name.
    ///
    /// **Cancel-safety**: it changes nothing.
    ///
    /// ```
    /// # use broadway_sqs::SqsQueue;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), broadway_sqs::SqsError> {
    /// let queue = SqsQueue::new("http://127.0.0.1:4566/000000000000/orders").credentials("a key", "a secret");
    /// assert_eq!(queue.url().await?, "http://127.0.0.1:4566/000000000000/orders");
    /// # Ok(()) }
    /// ```
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
