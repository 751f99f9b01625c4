//! A request that is answered when something is newer, or when its time is over.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use kamiflow_sync_component::api::hold::{Again, Hold};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

use super::ask::Ask;
use super::hub::Subscription;

pub struct LongPoll {
    pub news: Subscription,
    pub ask: Ask,
    pub turn: Arc<Semaphore>,
    pub stop: CancellationToken,
}

impl LongPoll {
    /// Waits while the component has nothing newer. It is asked a last time when the time is over;
    /// when the server stops, the answer is the one that is `held`.
    pub async fn wait(self, held: Response<WasiBody>, time: Duration) -> Response<WasiBody> {
        let end = Instant::now() + time;
        loop {
            let is_over = tokio::select! {
                () = self.stop.cancelled() => return held,
                _ = self.news.mailbox.news() => false,
                () = sleep_until(end) => true,
            };
            let mut response = self.look().await;
            let is_held = Hold::take(response.headers_mut()).is_some();
            if !is_held || is_over {
                return response;
            }
        }
    }

    async fn look(&self) -> Response<WasiBody> {
        let _turn = self.turn.acquire().await;
        (self.ask)(Again::Look(None)).await
    }
}
