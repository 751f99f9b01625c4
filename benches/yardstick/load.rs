//! Sends requests again and again and measures how long they take.

use std::thread;
use std::time::{Duration, Instant};

use crate::client::Connection;
use crate::process;

/// A server, and its process unless it runs in this one.
#[derive(Clone)]
pub struct Target {
    /// `127.0.0.1:PORT`
    pub address: String,
    /// The process, for CPU time.
    pub pid: Option<u32>,
}

/// The result of one round of a row.
#[derive(Default)]
pub struct Round {
    /// Rate or duration, in the unit of the row.
    pub value: f64,
    /// Latency of every request.
    pub latencies: Vec<Duration>,
    /// CPU time of the server for a request, in milliseconds.
    pub cpu_ms: f64,
    /// Answers other than 200.
    pub bad: usize,
}

impl Target {
    /// Sends requests on several connections for a while; `value` becomes requests per second.
    pub fn drive(
        &self,
        connections: usize,
        time: Duration,
        request: &(dyn Fn() -> Vec<u8> + Sync),
    ) -> Round {
        let (cpu, start) = (self.cpu_ms(), Instant::now());
        let asked = thread::scope(|scope| {
            let ask = || send_for(&self.address, time, request);
            let threads: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|asked| asked.expect("answers")).collect()
        });
        let seconds = start.elapsed().as_secs_f64();
        let mut round = merge(asked);
        round.value = round.latencies.len() as f64 / seconds;
        round.cpu_ms = (self.cpu_ms() - cpu) / round.latencies.len() as f64;
        round
    }

    /// Sends these requests on one connection, one after the other.
    pub fn each(&self, requests: &[Vec<u8>]) -> Round {
        let (mut connection, cpu) = (Connection::open(&self.address), self.cpu_ms());
        let mut round = Round::default();
        for request in requests {
            round.time(|| connection.ask(request).0);
        }
        round.cpu_ms = (self.cpu_ms() - cpu) / requests.len() as f64;
        round
    }

    /// Milliseconds of CPU so far; 0 for a server without a process of its own.
    pub fn cpu_ms(&self) -> f64 {
        self.pid.map_or(0.0, process::cpu_ms)
    }
}

impl Round {
    /// Measures a request, which returns its status.
    pub fn time(&mut self, ask: impl FnOnce() -> u16) {
        let start = Instant::now();
        let status = ask();
        self.latencies.push(start.elapsed());
        self.bad += usize::from(status != 200);
    }

    /// Seconds of all requests together.
    pub fn seconds(&self) -> f64 {
        self.latencies.iter().map(Duration::as_secs_f64).sum()
    }
}

fn send_for(address: &str, time: Duration, request: &(dyn Fn() -> Vec<u8> + Sync)) -> Round {
    let (mut connection, start) = (Connection::open(address), Instant::now());
    let mut round = Round::default();
    while start.elapsed() < time {
        let request = request();
        round.time(|| connection.ask(&request).0);
    }
    round
}

/// The latencies of several connections together; the caller sets value and CPU.
pub fn merge(rounds: Vec<Round>) -> Round {
    let mut all = Round::default();
    for round in rounds {
        all.latencies.extend(round.latencies);
        all.bad += round.bad;
    }
    all
}
