//! The HTTP client: one HTTP stack, one TLS library (rustls with ring, the system's certificates), and the proxy that the
//! environment names, except on the way to this machine itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnectorSettings, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};

/// Connect and read time-out: what tells connectors apart.
type Timeouts = (Option<Duration>, Option<Duration>);

/// Keeps a connector, and so a pool of connections, for each pair of time-outs.
#[derive(Debug)]
pub(crate) struct Http {
    loopback: bool,
    connectors: Mutex<Vec<(Timeouts, SharedHttpConnector)>>,
}

impl Http {
    pub(crate) fn new(loopback: bool) -> Self {
        Self { loopback, connectors: Mutex::default() }
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = connectors.iter().find(|(known, _)| *known == timeouts) {
            return connector.clone();
        }
        let mut builder = Connector::builder().connector_settings(settings.clone());
        builder.set_sleep_impl(components.sleep_impl());
        let proxy = if self.loopback { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
        let connector = builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).proxy_config(proxy).build();
        let connector = SharedHttpConnector::new(connector);
        connectors.push((timeouts, connector.clone()));
        connector
    }
}
