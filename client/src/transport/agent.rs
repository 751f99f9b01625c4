//! How connections are made: timeouts, TLS with the roots of the system, proxies of the environment.

use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::address::Address;
use super::proxy::proxy;
use crate::remote::RemoteError;

/// For finding the server and connecting to it.
const CONNECT: Duration = Duration::from_secs(10);
/// For each read and write. A wait for changes takes up to 30 seconds, a large push is stored within some.
const PROGRESS: Duration = Duration::from_secs(60);

/// What sends requests to this address. It follows no redirects, so the key goes nowhere else.
pub fn agent(address: &Address) -> Result<Agent, RemoteError> {
    _ = rustls::crypto::ring::default_provider().install_default();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let proxy = proxy(address, |name| std::env::var(name).ok());
    let proxy = proxy.map_err(|_| {
        let reason = "the proxy that the environment names is not like http://proxy:3128";
        RemoteError::Offline(reason.to_owned())
    })?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("kamisync/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .proxy(proxy)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_per_read(Some(PROGRESS))
        .timeout_per_write(Some(PROGRESS))
        .build();
    Ok(config.into())
}
