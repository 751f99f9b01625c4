//! What becomes of an answer with an instruction to hold it.

use std::sync::Arc;

use http::{HeaderMap, Response};
use kamiflow_sync_component::api::Publication;
use kamiflow_sync_component::api::waiting::hold::{Hold, too_many};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

use super::super::failure::body;
use super::super::slots::Slot;
use super::ask::Ask;
use super::event_stream::EventStream;
use super::hub::Hub;
use super::long_poll;
use super::outside::{self, Versions, Written};
use super::places::Places;
use super::unheard::Unheard;
use super::waiting::Waiting;

/// Marks a response that was held, or is.
#[derive(Clone)]
pub struct Held;

/// Clones share everything.
#[derive(Clone)]
pub struct Holder {
    hub: Arc<Hub>,
    places: Places,
    /// Those who wait ask again one after the other, so that they delay others by one request.
    turn: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Holder {
    /// Holds at most `max_waiting` requests at once, and none after `stop`. `waiting` shows how many.
    pub fn new(max_waiting: usize, waiting: Gauge, stop: CancellationToken) -> Self {
        Self {
            hub: Arc::default(),
            places: Places::new(max_waiting, waiting),
            turn: Arc::new(Semaphore::new(1)),
            stop,
        }
    }

    /// To be called before the component looks at the database: what is published since then is
    /// news.
    pub fn look(&self) -> u64 {
        self.hub.now()
    }

    /// Tells those who wait what the answer to a change says, and takes it out of the answer.
    pub fn publish(&self, headers: &mut HeaderMap) {
        if let Some(publication) = Publication::take(headers) {
            self.hub.publish(&publication);
        }
    }

    /// Stands for a request that may change something, until its answer is there.
    pub fn unheard(&self) -> Unheard {
        Unheard::new(self.hub.clone())
    }

    /// Returns the answer when it is to be sent. `seen` is what [`Holder::look`] returned, and `ask`
    /// asks the component again.
    pub async fn hold(
        &self,
        mut response: Response<WasiBody>,
        seen: u64,
        ask: impl FnOnce() -> Ask,
        slot: &Arc<Slot>,
    ) -> Response<WasiBody> {
        let Some(hold) = Hold::take(response.headers_mut()) else {
            return response;
        };
        let place = match self.places.take(&hold.caller, hold.most) {
            Ok(place) => place,
            Err(reason) => return too_many(response.headers(), reason).map(body),
        };
        slot.give_back();
        let waiting = Waiting {
            news: Hub::subscribe(&self.hub, &hold.channels, seen),
            ask: ask(),
            turn: self.turn.clone(),
            stop: self.stop.clone(),
            place,
        };
        let mut response = match hold.last_id {
            Some(_) => EventStream::new(waiting, &hold).start(response),
            None => {
                let response = long_poll::answer(waiting, response, hold.timeout).await;
                slot.take_again().await;
                response
            }
        };
        response.extensions_mut().insert(Held);
        response
    }

    /// Looks for what other processes write: `versions` changes when they have, and perhaps more often,
    /// and `news` reads it.
    pub async fn watch<V: Future<Output = Versions>, N: Future<Output = Written>>(
        self,
        versions: impl Fn() -> V,
        news: impl FnMut() -> N,
    ) {
        outside::watch(&self.hub, versions, news).await;
    }
}
