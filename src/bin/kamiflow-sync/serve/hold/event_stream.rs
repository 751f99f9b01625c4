//! A response that goes on while its client stays: events as they are published, and a comment now and
//! then, so that proxies and clients see that it is alive.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use kamiflow_sync_component::api::hold::{Again, Hold};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

use super::ask::Ask;
use super::frames::Frames;
use super::hub::Subscription;
use super::mailbox::News;
use super::places::Place;

/// How often the component is asked whether the client may stay. If it may, a comment is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
const COMMENT: &[u8] = b":\n\n";

pub struct EventStream {
    pub news: Subscription,
    pub ask: Ask,
    pub turn: Arc<Semaphore>,
    pub stop: CancellationToken,
    /// Where the client goes on when it comes back now.
    pub last_id: String,
    /// When the stream ends.
    pub end: Instant,
    pub _place: Place,
}

impl EventStream {
    /// Goes on with the response, which has the first events. The connection ends with it, because it
    /// has no slot for another request.
    pub fn start(self, response: Response<WasiBody>) -> Response<WasiBody> {
        let (sender, frames) = mpsc::channel(1);
        tokio::spawn(self.run(sender));
        let mut response = response.map(|first| Frames { first, frames }.boxed_unsync());
        let headers = response.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    async fn run(mut self, frames: mpsc::Sender<Bytes>) {
        let mut heartbeat = Instant::now() + some_of(HEARTBEAT);
        loop {
            let frame = tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep_until(self.end) => return,
                () = frames.closed() => return,
                news = self.news.mailbox.news() => self.write(news).await,
                () = sleep_until(heartbeat) => {
                    heartbeat = Instant::now() + HEARTBEAT;
                    self.check().await
                }
            };
            let Some(frame) = frame else { return };
            tokio::select! {
                () = self.stop.cancelled() => return,
                sent = send(&frames, frame) => if sent.is_none() { return },
            }
        }
    }

    /// The events, or `None` at the end of the stream.
    async fn write(&mut self, news: News) -> Option<Bytes> {
        if news.look_again {
            return self.look().await;
        }
        let mut text = String::new();
        for event in news.publications {
            text += &event.content;
            if let Some(id) = &event.id {
                self.last_id.clone_from(id);
            }
        }
        Some(text.into())
    }

    /// Asks the component what the client does not have.
    async fn look(&mut self) -> Option<Bytes> {
        let mut response = self.asked(Again::Look(Some(self.last_id.clone()))).await?;
        match Hold::take(response.headers_mut()) {
            Some(hold) => self.last_id = hold.last_id.unwrap_or_default(),
            // There is more: the client comes back for it.
            None => self.end = Instant::now(),
        }
        Some(response.into_body().collect().await.ok()?.to_bytes())
    }

    /// Asks the component whether the key is still right.
    async fn check(&self) -> Option<Bytes> {
        self.asked(Again::Check).await?;
        Some(Bytes::from_static(COMMENT))
    }

    /// The response of the component, unless it is a refusal.
    async fn asked(&self, again: Again) -> Option<Response<WasiBody>> {
        let _turn = self.turn.acquire().await;
        let response = (self.ask)(again).await;
        (response.status() == StatusCode::OK).then_some(response)
    }
}

async fn send(frames: &mpsc::Sender<Bytes>, frame: Bytes) -> Option<()> {
    match frame.is_empty() {
        true => Some(()),
        false => frames.send(frame).await.ok(),
    }
}

/// At least a half, so that streams that began together do not do everything together.
pub fn some_of(time: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    time / 2 + time.mul_f64(f64::from(random) / f64::from(u32::MAX)) / 2
}
