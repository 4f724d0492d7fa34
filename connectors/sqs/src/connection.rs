//! The client of a queue, the queue's URL, and the requests on it. All stages that read the same queue in the same way
//! share one connection, so that their deletes are gathered together.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use aws_sdk_sqs::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::QueueAttributeName,
};
use tokio::{runtime, sync::OnceCell};

use crate::{
    access::Access,
    address::Address,
    coalescer::Coalescer,
    error::{ErrorKind, SqsError, from_sdk},
};

/// SQS's own default, where the queue's attributes may not be read.
const DEFAULT_VISIBILITY: Duration = Duration::from_secs(30);

/// A queue that was found.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) client: Client,
    pub(crate) url: String,
    address: Address,
    place: Arc<str>,
}

impl Link {
    /// Finds the queue: its URL, if only its name is known.
    pub(crate) async fn find(address: &Address, access: &Access) -> Result<Self, SqsError> {
        address.check()?;
        let (client, place) = access.connect(address).await?;
        let mut link = Self { client, url: String::new(), address: address.clone(), place: place.into() };
        link.url = match address {
            Address::Url(url) => url.clone(),
            Address::Name(name) => {
                let found = link.client.get_queue_url().queue_name(name).send().await;
                found.map_err(|error| link.error("find", &error))?.queue_url.unwrap_or_default()
            }
        };
        Ok(link)
    }

    pub(crate) async fn unfound(address: &Address, access: &Access) -> Result<Self, SqsError> {
        address.check()?;
        let (client, place) = access.connect(address).await?;
        Ok(Self { client, url: String::new(), address: address.clone(), place: place.into() })
    }

    pub(crate) fn error<E>(&self, action: &'static str, error: &SdkError<E, HttpResponse>) -> SqsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        from_sdk(&self.address, action, &self.place, error)
    }

    pub(crate) fn refusal(&self, action: &'static str, kind: ErrorKind, detail: impl Into<Box<str>>) -> SqsError {
        SqsError::new(&self.address, action, kind, detail)
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// How many messages the queue says that it holds.
    pub(crate) async fn depth(&self) -> Result<Depth, SqsError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let asked = [Visible, InFlight, Delayed];
        let request = self.client.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(asked.into()));
        let answer = request.send().await.map_err(|error| self.error("measure", &error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let number = |name| attributes.get(&name).and_then(|value| value.parse().ok());
        match (number(Visible), number(InFlight), number(Delayed)) {
            (Some(visible), Some(in_flight), delayed) => {
                Ok(Depth { visible, in_flight, delayed: delayed.unwrap_or(0) })
            }
            _ => Err(self.refusal("measure", ErrorKind::Service, "the answer holds no number of messages")),
        }
    }

    /// Makes sure that the queue is there, with a call that changes nothing. Whoever may not read attributes learns at
    /// the first receive.
    async fn visibility_timeout(&self) -> Result<Duration, SqsError> {
        let name = QueueAttributeName::VisibilityTimeout;
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        match request.send().await {
            Ok(answer) => {
                let seconds = answer.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok());
                Ok(seconds.map_or(DEFAULT_VISIBILITY, Duration::from_secs))
            }
            Err(error) if error.code().is_some_and(|code| code.contains("AccessDenied")) => Ok(DEFAULT_VISIBILITY),
            Err(error) => Err(self.error("use", &error)),
        }
    }
}

/// The client's settings hold credentials, and a URL may.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.address).finish()
    }
}

/// How many messages a queue holds, approximately: SQS counts across many machines.
///
/// ```
/// use broadway_sqs::Depth;
///
/// let depth = Depth { visible: 0, in_flight: 0, delayed: 1 };
/// assert!(!depth.is_empty()); // what is delayed will come
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Waiting to be received.
    pub visible: u64,
    /// Received by someone, and neither deleted nor given back.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
}

impl Depth {
    /// Whether the queue holds nothing at all: nothing that waits, is hidden or is delayed.
    pub fn is_empty(&self) -> bool {
        self.visible == 0 && self.in_flight == 0 && self.delayed == 0
    }
}

/// What the stages of a queue share.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) link: Link,
    pub(crate) coalescer: Coalescer,
    /// The queue's own, for receives that set none.
    pub(crate) visibility_timeout: Duration,
    pub(crate) name: Arc<str>,
}

/// A connection belongs to the runtime that its sockets were opened on.
type Key = (runtime::Id, Address, Access);
type Slot = OnceCell<Arc<Connection>>;

static CONNECTIONS: Mutex<Option<HashMap<Key, Weak<Slot>>>> = Mutex::new(None);

/// Keeps a connection alive, and known to whoever opens the same queue.
#[derive(Debug)]
pub(crate) struct Shared(Arc<Slot>);

impl Shared {
    /// The connection to this queue that some other stage has opened or is opening, or a place for a new one.
    pub(crate) fn of(address: &Address, access: &Access) -> Self {
        let key = (runtime::Handle::current().id(), address.clone(), access.clone());
        let mut table = CONNECTIONS.lock().unwrap_or_else(PoisonError::into_inner);
        let table = table.get_or_insert_default();
        table.retain(|_, slot| slot.strong_count() > 0);
        if let Some(slot) = table.get(&key).and_then(Weak::upgrade) {
            return Self(slot);
        }
        let slot = Arc::new(Slot::new());
        table.insert(key, Arc::downgrade(&slot));
        Self(slot)
    }

    /// Opens the connection, once for all who share it. A failure is tried again by the next.
    pub(crate) async fn open(&self, address: &Address, access: &Access) -> Result<Arc<Connection>, SqsError> {
        let open = async || {
            let link = Link::find(address, access).await?;
            let visibility_timeout = link.visibility_timeout().await?;
            let coalescer = Coalescer::new(link.clone());
            Ok(Arc::new(Connection { link, coalescer, visibility_timeout, name: address.name().into() }))
        };
        self.0.get_or_try_init(open).await.cloned()
    }
}
