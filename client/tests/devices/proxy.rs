//! What is between a device and the server: it passes, cuts, delays and repeats.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use support::Random;

/// The way of one device.
pub struct Proxy {
    /// Where the device finds the server.
    pub url: String,
    shared: Arc<Shared>,
}

impl Drop for Proxy {
    /// The thread that accepts connections ends with its world.
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

struct Shared {
    is_over: AtomicBool,
    /// Address and port of the server.
    server: Mutex<String>,
    random: Mutex<Random>,
    /// How many of 100 connections are disturbed; 100 for no connection at all.
    trouble: AtomicU64,
    /// Requests to send once more.
    seen: Mutex<Vec<Vec<u8>>>,
}

/// What happens to a connection.
#[derive(Clone, Copy)]
enum Fate {
    Passed,
    Delayed(Duration),
    /// After so many bytes of the request, or of the answer.
    Cut(usize, usize),
}

impl Proxy {
    /// A way to a server.
    pub fn new(server: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            is_over: AtomicBool::new(false),
            server: Mutex::new(server.to_owned()),
            random: Mutex::new(Random::new(seed)),
            trouble: AtomicU64::new(0),
            seen: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if accepting.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || shared.serve(client));
            }
        });
        Self {
            url: format!("http://{address}"),
            shared,
        }
    }

    /// The server is somewhere else now.
    pub fn move_to(&self, server: &str) {
        *self.shared.server.lock().expect("no panic") = server.to_owned();
    }

    /// Disturbs so many of 100 connections; 100 for no connection at all.
    pub fn disturb(&self, share: u64) {
        self.shared.trouble.store(share, Ordering::Relaxed);
    }

    /// Sends one of the last requests once more.
    pub fn repeat(&self) {
        let request = self.shared.seen.lock().expect("no panic").pop();
        let server = self.shared.server.lock().expect("no panic").clone();
        if let (Some(request), Ok(mut server)) = (request, TcpStream::connect(server)) {
            _ = server.set_read_timeout(Some(Duration::from_millis(300)));
            _ = server.write_all(&request);
            // Only so that it arrives as a whole.
            _ = server.read(&mut [0; 1024]);
        }
    }
}

impl Shared {
    fn fate(&self) -> Option<Fate> {
        let trouble = self.trouble.load(Ordering::Relaxed);
        let mut random = self.random.lock().expect("no panic");
        if trouble == 100 {
            return None;
        }
        if !random.percent(trouble) {
            return Some(Fate::Passed);
        }
        let bytes = usize::try_from(random.in_range(0..2500)).expect("small");
        Some(match random.in_range(0..4) {
            0 => Fate::Delayed(Duration::from_millis(random.in_range(1..40))),
            1 => Fate::Cut(bytes, usize::MAX),
            2 => Fate::Cut(usize::MAX, bytes),
            // The request arrives, and nothing of the answer does.
            _ => Fate::Cut(usize::MAX, 0),
        })
    }

    fn serve(&self, client: TcpStream) {
        let Some(fate) = self.fate() else { return };
        let address = self.server.lock().expect("no panic").clone();
        let Ok(server) = TcpStream::connect(address) else {
            return;
        };
        let (up, down) = match fate {
            Fate::Passed => (usize::MAX, usize::MAX),
            Fate::Delayed(time) => {
                thread::sleep(time);
                (usize::MAX, usize::MAX)
            }
            Fate::Cut(up, down) => (up, down),
        };
        let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone()) else {
            return;
        };
        let (Ok(from_server), Ok(to_server)) = (server.try_clone(), server.try_clone()) else {
            return;
        };
        let answers = thread::spawn(move || pump(from_server, to_client, down));
        let request = pump(from_client, to_server, up);
        _ = answers.join();
        let mut seen = self.seen.lock().expect("no panic");
        seen.push(request);
        if seen.len() > 5 {
            seen.remove(0);
        }
    }
}

/// Passes on so many bytes, then ends both sides. Returns what was passed on.
fn pump(mut from: TcpStream, mut to: TcpStream, most: usize) -> Vec<u8> {
    let (mut passed, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let length = read.min(most - passed.len().min(most));
        let is_sent = to.write_all(&buffer[..length]).is_ok();
        passed.extend_from_slice(&buffer[..length]);
        if read == 0 || length < read || !is_sent {
            _ = to.shutdown(Shutdown::Both);
            _ = from.shutdown(Shutdown::Both);
            return passed;
        }
    }
}
