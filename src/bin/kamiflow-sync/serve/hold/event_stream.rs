//! A response that goes on while its client stays: events as they are published, and a comment now and
//! then, so that proxies and clients see that it is alive.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use kamiflow_sync_component::api::clock::now_us;
use kamiflow_sync_component::api::hold::Hold;
use tokio::time::{Instant, sleep_until};
use wasmtime_wasi_http::WasiBody;

use super::frames::{Frames, Source};
use super::mailbox::News;
use super::waiting::Waiting;

/// How often a comment is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes that come sooner after one another are sent together, so that many streams of a project in
/// which much is pushed leave the processor to those who push.
const PAUSE: Duration = Duration::from_millis(20);
const COMMENT: &[u8] = b":\n\n";

pub struct EventStream {
    waiting: Waiting,
    /// Where the client goes on when it comes back now.
    last_id: String,
    /// When the key may open less than now, in microseconds since 1970, as far as it is known.
    key_change: Option<i64>,
    /// When the stream ends.
    end: Instant,
    heartbeat: Instant,
    /// When the next events may be sent.
    pause_end: Instant,
}

impl EventStream {
    /// A stream that lasts almost as long as the instruction says; its client is at `last_id`.
    pub fn new(waiting: Waiting, last_id: String, hold: &Hold) -> Self {
        let now = Instant::now();
        Self {
            waiting,
            last_id,
            key_change: hold.key_change,
            end: now + hold.timeout - some_of(hold.timeout / 10),
            heartbeat: now + some_of(HEARTBEAT),
            pause_end: now,
        }
    }

    /// Goes on with the response, which has the first events. The connection ends with it, because it
    /// has no slot for another request.
    pub fn start(self, response: Response<WasiBody>) -> Response<WasiBody> {
        let mut response = response.map(|first| Frames::new(first, self).boxed_unsync());
        let headers = response.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    async fn news(&self) -> News {
        sleep_until(self.pause_end).await;
        self.waiting.news.mailbox.news().await
    }

    /// The events, or `None` at the end of the stream.
    async fn write(&mut self, news: News) -> Option<Bytes> {
        if news.look_again {
            return self.look().await;
        }
        let mut text = String::new();
        for event in news.publications {
            // It may be what the stream began with.
            if event.id.as_ref() != Some(&self.last_id) {
                text += event.content.as_deref().unwrap_or_default();
            }
            if let Some(id) = &event.id {
                self.last_id.clone_from(id);
            }
        }
        Some(text.into())
    }

    /// Asks the component what the client does not have, unless it refuses: the key may have changed.
    async fn look(&mut self) -> Option<Bytes> {
        let mut response = self.waiting.ask_again(Some(self.last_id.clone())).await;
        if response.status() != StatusCode::OK {
            return None;
        }
        match Hold::take(response.headers_mut()) {
            Some(hold) => {
                self.key_change = hold.key_change;
                self.last_id = hold.last_id.unwrap_or_default();
            }
            // There is more: the client comes back for it.
            None => self.end = Instant::now(),
        }
        Some(response.into_body().collect().await.ok()?.to_bytes())
    }

    /// A comment, unless the key opens nothing any more.
    async fn beat(&mut self) -> Option<Bytes> {
        // By the clock of the system, as the component reads it: it may have been set.
        let events = match self.key_change.is_some_and(|at| at <= now_us()) {
            true => self.look().await?,
            false => Bytes::new(),
        };
        Some(match events.is_empty() {
            true => Bytes::from_static(COMMENT),
            false => events,
        })
    }
}

impl Source for EventStream {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            let frame = tokio::select! {
                () = self.waiting.stop.cancelled() => return None,
                () = sleep_until(self.end) => return None,
                news = self.news() => {
                    self.pause_end = Instant::now() + PAUSE;
                    self.write(news).await
                }
                () = sleep_until(self.heartbeat) => {
                    self.heartbeat = Instant::now() + HEARTBEAT;
                    self.beat().await
                }
            };
            match frame? {
                nothing if nothing.is_empty() => {}
                frame => return Some((frame, self)),
            }
        }
    }
}

/// At least a half, so that streams that began together do not do everything together.
fn some_of(time: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    time / 2 + time.mul_f64(f64::from(random) / f64::from(u32::MAX)) / 2
}
