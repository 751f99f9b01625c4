//! A reference for small answers: hyper alone, with a fixed body.

use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::thread;

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use crate::load::Target;

/// The host's number of threads on two cores.
const THREADS: usize = 4;

/// Starts a server that always gives this answer, for the life of the process.
pub fn start(body: &[u8]) -> Target {
    let listener = StdListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address").to_string();
    let body = Bytes::copy_from_slice(body);
    thread::spawn(move || run(listener, &body));
    Target { address, pid: None }
}

fn run(listener: StdListener, body: &Bytes) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .expect("threads");
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).expect("a socket");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            tokio::spawn(serve(stream, body.clone()));
        }
    });
}

async fn serve(stream: TcpStream, body: Bytes) {
    let answer = |_: Request<Incoming>| {
        let mut response = Response::new(Full::new(body.clone()));
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", json);
        async { Ok::<_, Infallible>(response) }
    };
    // The client may close the connection.
    _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}
