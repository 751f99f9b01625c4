//! The ways to a server: a proxy, HTTPS, and nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use support::{Caddy, Host, KEY, finished, free_port, is_installed};

use crate::{Device, eventually};

/// A proxy that connects every name to one server, and remembers what was sent.
struct Proxy {
    url: String,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    fn to(host: &Host) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (address, log) = (host.address().to_owned(), Arc::clone(&sent));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                tunnel(client.unwrap(), &address, &log);
            }
        });
        Self { url, sent }
    }

    fn sent(&self) -> String {
        String::from_utf8_lossy(&self.sent.lock().unwrap()).into_owned()
    }
}

fn tunnel(client: TcpStream, address: &str, log: &Arc<Mutex<Vec<u8>>>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    log.lock().unwrap().extend_from_slice(head.as_bytes());
    let mut writer = client.try_clone().unwrap();
    writer.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    let server = TcpStream::connect(address).unwrap();
    let (mut from_server, mut to_server) = (server.try_clone().unwrap(), server);
    std::thread::spawn(move || {
        _ = std::io::copy(&mut from_server, &mut writer);
        _ = writer.shutdown(Shutdown::Both);
    });
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            log.lock().unwrap().extend_from_slice(&buffer[..length]);
            if to_server.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        _ = to_server.shutdown(Shutdown::Both);
    });
}

#[test]
fn the_proxy_of_the_environment_is_used_and_bodies_are_compressed() {
    let host = Host::start();
    let proxy = Proxy::to(&host);
    let device = Device::new("laptop");
    let run = |arguments: &[&str]| {
        let mut command = device.command(arguments);
        finished(command.env("HTTP_PROXY", &proxy.url).output().unwrap())
    };
    run(&["link", "http://sync.example", "--project", "p"]).good();
    device.write("ideas/a.md", &"ghi chú ".repeat(10_000));
    run(&["sync"]).good();
    let file = host.client().get("/v1/projects/p/files/ideas/a.md");
    assert_eq!(
        Some(String::from_utf8(file.bytes).unwrap()),
        device.read("ideas/a.md")
    );
    let sent = proxy.sent().to_lowercase();
    assert!(sent.contains("connect sync.example:80 http/1.1"), "{sent}");
    assert!(sent.contains("content-encoding: gzip") && sent.len() < 20_000);
    assert!(sent.contains("user-agent: kamisync/") && sent.contains("x-device: laptop"));
    assert!(sent.contains("accept-encoding: gzip"), "{sent}");
}

#[test]
fn an_exception_of_the_proxy_is_reached_directly() {
    let host = Host::start();
    let device = Device::new("laptop");
    let mut link = device.command(&["link", &host.url]);
    // Nobody listens there.
    link.env("HTTP_PROXY", format!("http://127.0.0.1:{}", free_port()));
    let lost = finished(link.output().unwrap());
    assert_eq!(lost.code, Some(4), "{lost:?}");
    link.env("NO_PROXY", "localhost, 127.0.0.1");
    finished(link.output().unwrap()).good();
}

#[test]
fn https_takes_certificates_of_the_system_and_no_others() {
    if !is_installed("caddy") {
        return;
    }
    let host = Host::start();
    let caddy = Caddy::before(&host);
    let (url, root) = (&caddy.url, caddy.root());
    eventually("Caddy has a certificate", || root.exists());
    let device = Device::new("laptop");
    let mut link = device.command(&["link", url, "--project", "p"]);
    link.env("SSL_CERT_FILE", &root);
    eventually("it is linked", || link.status().unwrap().success());
    device.write("ideas/a.md", "a");
    let mut sync = device.command(&["sync"]);
    let stranger = finished(sync.output().unwrap());
    assert_eq!(stranger.code, Some(4), "{stranger:?}");
    assert!(stranger.err.contains("certificate"), "{stranger:?}");
    finished(sync.env("SSL_CERT_FILE", &root).output().unwrap()).good();
    let stored = host.client().get("/v1/projects/p/files/ideas/a.md");
    assert_eq!(stored.bytes, b"a");
}

/// The address of something that always gives this answer.
fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut head = BufReader::new(client.try_clone().unwrap()).lines();
            while !head.next().unwrap().unwrap().is_empty() {}
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn a_redirect_is_told_and_the_key_does_not_follow_it() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let to = format!("http://{}/", target.local_addr().unwrap());
    let url = answering(format!(
        "HTTP/1.1 301 Moved\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    ));
    let said = Device::new("laptop").run(&["link", &url]).failed();
    assert!(said.contains(&to) && !said.contains(KEY), "{said}");
    assert!(target.accept().is_err(), "nobody came");
}

#[test]
fn https_to_a_server_that_has_none_says_so() {
    let host = Host::start();
    let url = host.url.replace("http://", "https://");
    let lost = Device::new("laptop").run(&["link", &url]);
    assert_eq!(lost.code, Some(4), "{lost:?}");
    let expected =
        "kamisync: The server cannot be reached: there is no https at its address, perhaps http.\n";
    assert_eq!(lost.err, expected);
}

#[test]
fn what_a_network_answers_in_place_of_a_known_server_is_no_answer() {
    let host = Host::start();
    let device = Device::linked("laptop", &host);
    // As if the network were between here and there.
    let settings = device.root().join(".kamirc.json");
    let server = device.place(".sync/kamisync.server");
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n",
        "HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\n",
        "HTTP/1.1 403 Forbidden\r\n",
        "HTTP/1.1 511 Network Authentication Required\r\n",
    ] {
        let body = "<html>Log in</html>";
        let length = body.len();
        let portal = answering(format!(
            "{answer}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ));
        let redirect = |from: &str, to: &str| {
            for file in [&settings, &server] {
                let text = std::fs::read_to_string(file).unwrap();
                std::fs::write(file, text.replace(from, to)).unwrap();
            }
        };
        redirect(&host.url, &portal);
        let lost = device.run(&["sync"]);
        redirect(&portal, &host.url);
        assert_eq!(lost.code, Some(4), "{lost:?}");
        assert!(lost.err.contains("try again later"), "{lost:?}");
        // Whoever links the folder may have typed another address.
        assert_eq!(device.run(&["link", &portal]).code, Some(1));
    }
}
