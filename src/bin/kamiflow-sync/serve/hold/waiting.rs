//! One that waits.

use std::sync::Arc;

use http::Response;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

use super::ask::Ask;
use super::hub::Subscription;
use super::places::Place;

pub struct Waiting {
    pub news: Subscription,
    pub ask: Ask,
    /// Those who wait ask the component one after the other.
    pub turn: Arc<Semaphore>,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
    #[expect(dead_code, reason = "held to be dropped")]
    pub place: Place,
}

impl Waiting {
    pub async fn ask_again(&self, last_id: Option<String>) -> Response<WasiBody> {
        let _turn = self.turn.acquire().await;
        (self.ask)(last_id).await
    }
}
