//! A request that is answered when something is newer, or when its time is over.

use std::time::Duration;

use http::Response;
use kamiflow_sync_component::api::waiting::hold::Hold;
use tokio::time::{Instant, sleep_until};
use wasmtime_wasi_http::WasiBody;

use super::waiting::Waiting;

/// Waits while the component has nothing newer. It is asked a last time when the time is over; when the
/// server stops, the answer is the one that is `held`.
pub async fn answer(
    waiting: Waiting,
    held: Response<WasiBody>,
    time: Duration,
) -> Response<WasiBody> {
    let end = Instant::now() + time;
    loop {
        let is_over = tokio::select! {
            () = waiting.stop.cancelled() => return held,
            _ = waiting.news.mailbox.news() => false,
            () = sleep_until(end) => true,
        };
        let mut response = waiting.ask_again(None).await;
        let is_held = Hold::take(response.headers_mut()).is_some();
        if !is_held || is_over {
            return response;
        }
    }
}
