//! A response that continues while its client stays: events as they are published, and a comment now and
//! then, so that proxies and clients see that it is alive.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use http_body_util::BodyExt;
use kamiflow_sync_component::api::waiting::hold::Hold;
use kamiflow_sync_component::api::waiting::stream_state::{
    COMMENT, Course, HEARTBEAT, StreamState, some_of,
};
use tokio::time::{Instant, sleep_until};
use wasmtime_wasi_http::WasiBody;

use super::frames::{Frames, Source};
use super::mailbox::News;
use super::waiting::Waiting;

/// Changes that come sooner after one another are sent together, so that many streams of a project in
/// which much is pushed leave the processor to those who push.
const PAUSE: Duration = Duration::from_millis(20);

pub struct EventStream {
    waiting: Waiting,
    state: StreamState,
    /// When the stream ends.
    end: Instant,
    heartbeat: Instant,
    /// When the next events may be sent.
    pause_end: Instant,
}

impl EventStream {
    /// A stream that lasts almost as long as the instruction says.
    pub fn new(waiting: Waiting, hold: &Hold) -> Self {
        let now = Instant::now();
        Self {
            waiting,
            state: StreamState::new(hold),
            end: now + hold.timeout - some_of(hold.timeout / 10, random()),
            heartbeat: now + some_of(HEARTBEAT, random()),
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
            if event.id.as_ref() != Some(&self.state.last_id) {
                text += event.content.as_deref().unwrap_or_default();
            }
            if let Some(id) = &event.id {
                self.state.last_id.clone_from(id);
            }
        }
        Some(text.into())
    }

    /// Asks the component what the client does not have, unless it refuses.
    async fn look(&mut self) -> Option<Bytes> {
        let last_id = self.state.last_id.clone();
        let mut response = self.waiting.ask_again(Some(last_id)).await;
        if self.state.heed(&mut response)? == Course::Ends {
            self.end = Instant::now();
        }
        Some(response.into_body().collect().await.ok()?.to_bytes())
    }

    /// A comment, unless the key opens nothing any more.
    async fn beat(&mut self) -> Option<Bytes> {
        let events = if self.state.key_may_have_changed() {
            self.look().await?
        } else {
            Bytes::new()
        };
        Some(if events.is_empty() {
            COMMENT.into()
        } else {
            events
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

fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}
