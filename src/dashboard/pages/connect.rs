//! How a device is connected, for pages that have nothing to show yet.

use crate::api::site;
use crate::dashboard::origin;
use crate::dashboard::visit::Visit;

/// The address of this server, as the browser reaches it.
pub fn server_address(visit: &Visit) -> String {
    let headers = visit.head.headers();
    let trusted = visit.app.settings.trusted_proxies().unwrap_or_default();
    let is_https = site::is_https(headers, &trusted) || origin::is_https(headers);
    let scheme = if is_https { "https" } else { "http" };
    format!("{scheme}://{}", site::authority(headers))
}
