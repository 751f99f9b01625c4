//! Which addresses are believed.

use crate::api::Error;
use crate::api::client_network::client_network;
use crate::dashboard::visit::Visit;

/// Whose word about addresses is believed.
pub struct Proxies {
    pub trusted: String,
    /// The network that this request counts for.
    pub client: String,
    /// Whether somebody not trusted has named another address.
    pub is_ignored: bool,
}

pub fn proxies(visit: &Visit) -> Result<Proxies, Error> {
    let (headers, trusted) = (visit.head.headers(), visit.app.settings.trusted_proxies()?);
    let client = client_network(headers, &trusted);
    let is_forwarded = headers.contains_key("x-forwarded-for");
    let is_believed = is_forwarded && client != client_network(headers, &[]);
    let names: Vec<_> = trusted.iter().map(ToString::to_string).collect();
    Ok(Proxies {
        trusted: names.join(", "),
        client,
        is_ignored: is_forwarded && !is_believed,
    })
}
