//! `healthcheck`: what a container asks its server, without a client in the image.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cli::HealthcheckArgs;
use crate::config::environment::Environment;
use crate::config::settings;

/// How long a server may take over any part of its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 << 10;

/// Asks, and prints what it was told.
pub fn run(args: &HealthcheckArgs) -> Result<()> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => default_url(&Environment::load(Path::new("."))?)?,
    };
    println!("{}", ask(&url)?);
    Ok(())
}

/// Where a server with these settings answers.
pub fn default_url(environment: &Environment) -> Result<String> {
    let mut address = settings::listen_address(None, environment)?;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Ok(format!("http://{address}/health"))
}

/// The body of the answer.
///
/// # Errors
///
/// When there is no answer, or one other than 200.
pub fn ask(url: &str) -> Result<String> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} does not begin with http://"))?;
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/health"),
    };
    let answer = exchange(host, path).with_context(|| format!("no answer from {url}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    ensure!(
        status.split(' ').nth(1) == Some("200"),
        "{url} answered {status}: {body}"
    );
    Ok(body.to_owned())
}

fn exchange(host: &str, path: &str) -> Result<String> {
    let with_port = if host.rsplit(']').next().is_some_and(|end| end.contains(':')) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let address = with_port
        .to_socket_addrs()?
        .next()
        .context("no such host")?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {}/{}\r\nconnection: close\r\n\r\n",
        env!("CARGO_BIN_NAME"),
        env!("CARGO_PKG_VERSION")
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
