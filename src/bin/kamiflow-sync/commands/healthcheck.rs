//! `healthcheck`: asks a server for its health, so that a container image needs no HTTP client.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cli::HealthcheckArgs;
use crate::config::environment::Environment;
use crate::config::settings;
use crate::say::say;

/// For a server that is asked by a command.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a response that are read.
const MAX_RESPONSE: u64 = 64 << 10;

/// Prints the body of the response.
pub fn run(args: &HealthcheckArgs) -> Result<()> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => default_url(&Environment::load(Path::new("."))?)?,
    };
    say!("{}", ask(&url, TIMEOUT)?);
    Ok(())
}

/// The health check of a server with these settings.
pub fn default_url(environment: &Environment) -> Result<String> {
    Ok(url(settings::listen_address(None, environment)?))
}

/// The health check of the server of this machine that listens on this address.
pub fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}/health")
}

/// Returns the body of the response. `timeout` is for connecting, and for each read and write.
///
/// # Errors
///
/// When there is no response, or its status is not 200.
pub fn ask(url: &str, timeout: Duration) -> Result<String> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| {
            format!(
                "{url} does not begin with http://: ask the server itself, without HTTPS, such as http://127.0.0.1:3000/health"
            )
        })?;
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/health"),
    };
    let response =
        exchange(host, path, timeout).with_context(|| format!("no answer from {url}"))?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    let status = head.lines().next().unwrap_or_default();
    ensure!(
        status.split(' ').nth(1) == Some("200"),
        "{url} answered {status}: {body}"
    );
    Ok(body.to_owned())
}

fn exchange(host: &str, path: &str, timeout: Duration) -> Result<String> {
    let with_port = if host.rsplit(']').next().is_some_and(|end| end.contains(':')) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let address = with_port
        .to_socket_addrs()?
        .next()
        .context("no such host")?;
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {}/{}\r\nconnection: close\r\n\r\n",
        env!("CARGO_BIN_NAME"),
        env!("CARGO_PKG_VERSION")
    );
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    stream.take(MAX_RESPONSE).read_to_end(&mut response)?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}
