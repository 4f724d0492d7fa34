//! The producer: asks worth a request, one long poll at a time, nothing lost when an ask is dropped.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_sqs::{Client, types::MessageSystemAttributeName};
use broadway::{InFlight, Next, Outbox, Payload, Producer, ProducerContext, Result, Signal};
use tokio::time::{Instant, sleep_until};

use crate::{
    Action, SqsQueue,
    acknowledger::{SqsAcknowledger, marked},
    connection::{Connection, Shared},
    delivery::Delivery,
    error::SqsError,
    incoming::incoming,
    options::Options,
    poll::Poll,
};

/// Reads an Amazon SQS queue: `module = SqsProducer::new("my_queue")`.
///
/// Region and credentials come from where the AWS tools look (environment, profiles, single sign-on, web and pod
/// identity, containers, instance profiles); [`with_client`](Self::with_client) takes a client of your own instead.
///
/// Stages that read the same queue share one client and gather their deletes: ten to a request, or what there is after
/// 50 ms. A bad option, a queue that does not exist and credentials that are missing or refused fail the start; a queue
/// that does not answer is tried again with back-off.
///
/// A released message (left over at the deadline of a stop, say) becomes visible at once, whatever
/// [`on_failure`](Self::on_failure) says.
///
/// ```no_run
/// use std::time::Duration;
///
/// use broadway::prelude::*;
/// use broadway_sqs::{Action, SqsProducer};
///
/// struct Orders;
///
/// #[broadway(
///     producers(default(module = orders(), stages = 4)),
///     processors(default()),
/// )]
/// impl Orders {
///     async fn handle_message(&self, message: &mut OrdersMessage) -> Result<()> {
///         println!("{}: {}", message.id().unwrap_or_default(), message.text()?);
///         Ok(())
///     }
/// }
///
/// fn orders() -> SqsProducer {
///     SqsProducer::new("orders")
///         .region("eu-west-1")
///         .profile("production")
///         .visibility_timeout(120)
///         .message_attribute_names(["trace.*"])
///         .on_failure(Action::ReleaseAfter(Duration::from_secs(60)))
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<()> {
///     println!("{}", Orders.start_link().await?.run_until_signal().await?);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct SqsProducer {
    queue: SqsQueue,
    options: Options,
    state: State,
}

/// What a producer has once it runs. A clone starts without any of it.
#[derive(Debug, Default)]
struct State {
    shared: Option<Shared>,
    link: Option<Linked>,
    poll: Option<Poll>,
    held: Option<Delivery>,
    not_before: Option<Instant>,
}

impl Clone for State {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[derive(Debug)]
struct Linked {
    connection: Arc<Connection>,
    in_flight: InFlight,
    paused: Signal,
    visibility_timeout: Duration,
}

impl SqsProducer {
    /// A producer of a queue, by its name or its URL.
    ///
    /// ```
    /// use broadway_sqs::{SqsProducer, SqsQueue};
    ///
    /// let queue = SqsQueue::new("http://127.0.0.1:4566/000000000000/orders");
    /// assert_eq!(SqsProducer::new(&queue).queue().name(), "orders"); // reads what the queue's handle sends to
    /// ```
    pub fn new(queue: impl Into<SqsQueue>) -> Self {
        Self { queue: queue.into(), options: Options::default(), state: State::default() }
    }

    /// A producer that uses your client, for the queue of that name or URL. Time-outs and retries are the client's: its
    /// time-out for an attempt must be longer than `wait_time_seconds`.
    ///
    /// ```
    /// use broadway_sqs::{SqsProducer, aws_sdk_sqs::{Client, config::{BehaviorVersion, Config, Region}}};
    ///
    /// let config = Config::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
    /// let producer = SqsProducer::with_client(Client::from_conf(config.build()), "orders");
    /// assert_eq!(producer.queue().name(), "orders");
    /// ```
    pub fn with_client(client: Client, queue: impl Into<String>) -> Self {
        Self::new(SqsQueue::with_client(client, queue))
    }

    /// Sends requests to this address, `http://127.0.0.1:4566` say: an emulator or a VPC endpoint.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.queue = self.queue.endpoint_url(url);
        self
    }

    /// The AWS region; by default what the queue's URL, `AWS_REGION` or the profile says.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.queue = self.queue.region(region);
        self
    }

    /// The profile of the AWS configuration to take region and credentials from.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.queue = self.queue.profile(profile);
        self
    }

    /// Fixed credentials, instead of what the environment says.
    ///
    /// ```
    /// # use broadway_sqs::SqsProducer;
    /// let producer = SqsProducer::new("orders").credentials("a key", "a secret");
    /// assert!(!format!("{producer:?}").contains("secret")); // it is never printed
    /// ```
    pub fn credentials(mut self, access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        self.queue = self.queue.credentials(access_key_id, secret_access_key);
        self
    }

    /// How many messages one receive asks for at most: 1 to 10. Default 10. What is out of range fails the start, as with
    /// [`wait_time_seconds`](Self::wait_time_seconds).
    pub fn max_number_of_messages(mut self, count: usize) -> Self {
        self.options.max_number_of_messages = count;
        self
    }

    /// How long a receive waits for messages: 0 to 20 seconds. Default 20; 1 with
    /// [`stop_when_empty`](Self::stop_when_empty). A stop or a pause does not wait for it.
    ///
    /// ```
    /// # use broadway::{Builder, Chain, Payload};
    /// # use broadway_sqs::SqsProducer;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let producer = |_| SqsProducer::new("orders").wait_time_seconds(60);
    /// let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Ok(()) }));
    /// let error = pipeline.start_link().await.unwrap_err();
    /// assert!(Chain::of(&error).to_string().ends_with("`wait_time_seconds` is 60; it must be from 0 to 20 seconds"));
    /// # }
    /// ```
    pub fn wait_time_seconds(mut self, seconds: u32) -> Self {
        self.options.wait_time_seconds = Some(seconds);
        self
    }

    /// The pause after an empty receive. Default none; 5 seconds if `wait_time_seconds` is 0.
    pub fn receive_interval(mut self, interval: Duration) -> Self {
        self.options.receive_interval = Some(interval);
        self
    }

    /// How long received messages stay hidden from others: 0 to 43200 seconds. Default: what the queue is set to. It
    /// must be longer than a message takes from its receive to its verdict, waiting in batches included.
    pub fn visibility_timeout(mut self, seconds: u32) -> Self {
        self.options.visibility_timeout = Some(seconds);
        self
    }

    /// Which of SQS's own attributes to ask for, for [`SqsMetadata`](crate::SqsMetadata). What the message's envelope
    /// needs is asked for always. Default none; `MessageSystemAttributeName::All` is all.
    pub fn attribute_names(mut self, names: impl IntoIterator<Item = MessageSystemAttributeName>) -> Self {
        self.options.attribute_names = names.into_iter().collect();
        self
    }

    /// Which of the sender's attributes to ask for: they become the message's headers. `name.*` is all that start with
    /// `name.`. Default `All`.
    pub fn message_attribute_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.message_attribute_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// What becomes of messages that succeed. Default [`Action::Ack`].
    pub fn on_success(mut self, action: Action) -> Self {
        self.options.on_success = action;
        self
    }

    /// What becomes of messages that fail. Default [`Action::Noop`]: SQS delivers them again when their visibility
    /// timeout has passed, until its redrive policy moves them to the dead-letter queue.
    pub fn on_failure(mut self, action: Action) -> Self {
        self.options.on_failure = action;
        self
    }

    /// Finishes once the queue is empty: a long poll brought nothing, nothing of this pipeline's is in flight, and the
    /// queue says that it holds nothing, neither waiting nor hidden nor delayed. Needs `sqs:GetQueueAttributes`.
    ///
    /// ```no_run
    /// # use broadway::{Builder, EndReason, Payload};
    /// # use broadway_sqs::{SqsProducer, SqsQueue};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> broadway::Result<()> {
    /// let queue = SqsQueue::new("orders").endpoint_url("http://127.0.0.1:4566");
    /// queue.send_batch(["one", "two"]).await?;
    /// let producer = move |_| SqsProducer::new(&queue).stop_when_empty();
    /// let pipeline = Builder::<Payload, ()>::new("orders", producer, |_| Box::pin(async { Ok(()) }));
    /// let report = pipeline.start_link().await?.wait().await?;
    /// assert_eq!((report.reason, report.acknowledged), (EndReason::Finished, 2));
    /// # Ok(()) }
    /// ```
    pub fn stop_when_empty(mut self) -> Self {
        self.options.stop_when_empty = true;
        self
    }

    /// The queue that it reads, to send to it.
    pub fn queue(&self) -> &SqsQueue {
        &self.queue
    }

    fn linked(&self) -> Result<&Linked, SqsError> {
        let refusal = || self.queue.refusal("receive from", "the producer was asked before it was started");
        self.state.link.as_ref().ok_or_else(refusal)
    }

    /// Nothing is left, here or in the queue.
    async fn is_empty(&self) -> Result<bool, SqsError> {
        let Linked { connection, in_flight, .. } = self.linked()?;
        Ok(in_flight.count() == 0 && connection.link.depth().await?.is_empty())
    }

    /// Moves what is held into the outbox; whether anything was.
    fn hand_over(&mut self, demand: usize, out: &mut Outbox<Payload>) -> Result<bool, SqsError> {
        let Linked { connection, visibility_timeout, .. } = self.linked()?;
        let (queue, visibility_timeout) = (connection.name.clone(), *visibility_timeout);
        let Some(held) = &mut self.state.held else { return Ok(false) };
        let before = out.len();
        while out.len() - before < demand
            && let Some((message, received_at)) = held.take()
        {
            out.push(incoming(message, received_at, visibility_timeout, &queue));
        }
        if held.is_empty() {
            self.state.held = None;
        }
        Ok(out.len() > before)
    }
}

#[async_trait]
impl Producer for SqsProducer {
    type Data = Payload;

    async fn init(&mut self, context: &mut ProducerContext) -> Result<()> {
        let address = self.queue.address();
        self.options.check(address).map_err(marked)?;
        let shared = self.state.shared.get_or_insert_with(|| self.queue.shared());
        let connection = self.queue.open(shared).await.map_err(marked)?;
        context.acknowledger(Arc::new(SqsAcknowledger {
            connection: connection.clone(),
            on_success: self.options.on_success,
            on_failure: self.options.on_failure,
            draining: context.draining(),
        }));
        let own = self.options.visibility_timeout.map(|seconds| Duration::from_secs(seconds.into()));
        self.state.link = Some(Linked {
            visibility_timeout: own.unwrap_or(connection.visibility_timeout),
            connection,
            in_flight: context.in_flight(),
            paused: context.paused(),
        });
        Ok(())
    }

    /// An ask is worth a request.
    fn preferred_demand(&self) -> Option<usize> {
        Some(self.options.max_number_of_messages)
    }

    async fn handle_demand(&mut self, demand: usize, out: &mut Outbox<Payload>) -> Result<Next> {
        loop {
            let visibility_timeout = self.linked()?.visibility_timeout;
            if let Some(stale) = self.state.held.take_if(|held| held.is_stale(visibility_timeout)) {
                stale.give_back().await;
            }
            if self.hand_over(demand, out)? {
                return Ok(Next::More);
            }
            if let Some(at) = self.state.not_before {
                sleep_until(at).await;
                self.state.not_before = None;
            }
            if self.state.poll.is_none() {
                let Linked { connection, paused, .. } = self.linked()?;
                let count = demand.clamp(1, self.options.max_number_of_messages);
                self.state.poll = Some(Poll::start(connection.clone(), &self.options, count, paused.clone()));
            }
            let Some(poll) = &mut self.state.poll else { continue };
            let result = poll.result().await;
            self.state.poll = None;
            let delivery = result?;
            if !delivery.is_empty() {
                self.state.held = Some(delivery);
                continue;
            }
            let interval = self.options.receive_interval();
            self.state.not_before = (!interval.is_zero()).then(|| Instant::now() + interval);
            if self.options.stop_when_empty && self.is_empty().await? {
                return Ok(Next::Finished);
            }
        }
    }

    async fn prepare_for_draining(&mut self, _: &mut Outbox<Payload>) -> Result<()> {
        if let Some(poll) = self.state.poll.take() {
            poll.cut().await;
        }
        if let Some(held) = self.state.held.take() {
            held.give_back().await;
        }
        Ok(())
    }
}
