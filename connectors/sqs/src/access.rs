//! How a queue is reached: a client of the user's own, or what the environment says with a few settings of the
//! producer on top. Keys are kept, and never printed.

use std::{
    fmt,
    hash::{Hash, Hasher},
    time::Duration,
};

use aws_config::{
    BehaviorVersion, Region, environment::region::EnvironmentVariableRegionProvider, meta::region::RegionProviderChain,
    profile::region::ProfileFileRegionProvider, timeout::TimeoutConfig,
};
use aws_sdk_sqs::{Client, config::Credentials};

use crate::{
    address::{self, Address},
    error::{ErrorKind, SqsError},
    http::Http,
};

/// Longer than the longest long poll, so that a connection that died in silence is noticed.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A key and its secret; printed without either.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Keys {
    id: String,
    secret: String,
}

/// The settings of a queue's client.
#[derive(Clone, Default)]
pub(crate) struct Access {
    client: Option<Client>,
    endpoint_url: Option<String>,
    region: Option<String>,
    profile: Option<String>,
    keys: Option<Keys>,
}

impl Access {
    pub(crate) fn with_client(client: Client) -> Self {
        Self { client: Some(client), ..Self::default() }
    }

    pub(crate) fn endpoint_url(&mut self, url: String) {
        self.endpoint_url = Some(url);
    }

    pub(crate) fn region(&mut self, region: String) {
        self.region = Some(region);
    }

    pub(crate) fn profile(&mut self, profile: String) {
        self.profile = Some(profile);
    }

    pub(crate) fn credentials(&mut self, id: String, secret: String) {
        self.keys = Some(Keys { id, secret });
    }

    /// The client, and where its requests go, for errors.
    pub(crate) async fn connect(&self, queue: &Address) -> Result<(Client, String), SqsError> {
        if let Some(client) = &self.client {
            let region = client.config().region().map_or("no region", |region| region.as_ref());
            return Ok((client.clone(), format!("the endpoint or region (`{region}`) of your client")));
        }
        let endpoint = self.endpoint_url.clone().or_else(|| queue.endpoint());
        if let Some(url) = &endpoint {
            let http = url.starts_with("http://") || url.starts_with("https://");
            let Some(_) = address::origin(url).filter(|_| http) else {
                let why =
                    "the endpoint's URL is malformed; write `http://HOST:PORT` or `https://HOST`, without user info";
                return Err(SqsError::new(queue, "use", ErrorKind::Address, why));
            };
        }
        let config = self.load(queue, endpoint.as_deref()).await;
        let Some(region) = config.region() else {
            let why = "no AWS region is known; set `AWS_REGION`, or `.region(\"eu-west-1\")` on the producer";
            return Err(SqsError::new(queue, "use", ErrorKind::Address, why));
        };
        let place = match config.endpoint_url().and_then(address::origin) {
            Some(origin) => format!("`{origin}`"),
            None => format!("region `{region}`"),
        };
        Ok((Client::new(&config), place))
    }

    async fn load(&self, queue: &Address, endpoint: Option<&str>) -> aws_config::SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(Http::new(endpoint.is_some_and(address::is_loopback)))
            .timeout_config(timeouts);
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(Keys { id, secret }) = &self.keys {
            loader = loader.credentials_provider(Credentials::new(id, secret, None, None, "broadway-sqs"));
        }
        let region = self.region.as_deref().or_else(|| queue.aws_region());
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        } else if endpoint.is_some() {
            // With an endpoint the region does nothing but sign.
            let profile = ProfileFileRegionProvider::builder();
            let profile = match &self.profile {
                Some(name) => profile.profile_name(name),
                None => profile,
            };
            loader = loader.region(
                RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
                    .or_else(profile.build())
                    .or_else("us-east-1"),
            );
        }
        if let Some(url) = endpoint {
            loader = loader.endpoint_url(url);
        }
        loader.load().await
    }

    /// Tells clients apart. Two handles of one client are the same.
    fn client_id(&self) -> Option<usize> {
        self.client.as_ref().map(|client| std::ptr::from_ref(client.config()) as usize)
    }
}

impl PartialEq for Access {
    fn eq(&self, other: &Self) -> bool {
        self.client_id() == other.client_id()
            && self.endpoint_url == other.endpoint_url
            && self.region == other.region
            && self.profile == other.profile
            && self.keys == other.keys
    }
}

impl Eq for Access {}

impl Hash for Access {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.client_id(), &self.endpoint_url, &self.region, &self.profile, &self.keys).hash(state);
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("client", &self.client.as_ref().map(|_| ".."))
            .field("endpoint_url", &self.endpoint_url.as_deref().and_then(address::origin))
            .field("region", &self.region)
            .field("profile", &self.profile)
            .field("credentials", &self.keys.as_ref().map(|_| ".."))
            .finish()
    }
}
