//! Runs a request in a guest, up to its complete response, or says why there is none.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use http::Response;
use http::request::Parts;
use http_body_util::BodyExt;
use wasmtime_wasi_http::WasiBody;

use super::compute_limit::{ComputeLimit, cores};
use super::failure::Failure;
use super::response_memory::{Completed, ResponseMemory};
use super::slots::ConnectionSlots;
use crate::guest::handler::Handler;
use crate::guest::permits::Permits;

/// A response, or why there is none, with the cause for the log.
pub type Handled = Result<Response<WasiBody>, (Failure, Option<wasmtime::Error>)>;

pub struct Runner {
    handler: Handler,
    responses: ResponseMemory,
    compute_limit: ComputeLimit,
}

impl Runner {
    /// For requests on connections of `slots`.
    pub fn new(handler: Handler, slots: ConnectionSlots) -> Self {
        Self {
            handler,
            responses: ResponseMemory::new(slots),
            compute_limit: ComputeLimit::new(cores()),
        }
    }

    /// Runs a request, after its turn to compute if it `is_limited`.
    pub async fn run(
        &self,
        head: &Parts,
        body: Option<WasiBody>,
        permits: Arc<Permits>,
        is_limited: bool,
    ) -> Handled {
        let has_body = body.is_some();
        let (out_of_time, out_of_memory) =
            (permits.out_of_time.clone(), permits.out_of_memory.clone());
        let response = self.handler.handle(permits.clone(), head, body);
        let completed = async {
            let response = response.await?;
            Ok::<_, wasmtime::Error>(self.responses.complete(response, &head.method).await?)
        };
        let handled = if is_limited {
            self.compute_limit.run(completed).await
        } else {
            completed.await
        };
        match handled {
            Ok(Completed::InMemory(response)) => Ok(response),
            Ok(Completed::Streaming(response)) => {
                Ok(response.map(|body| with_permits(body, permits)))
            }
            Err(error) if out_of_time.load(Relaxed) => Err((Failure::Timeout, Some(error))),
            Err(_) if has_body && out_of_memory.load(Relaxed) => {
                Err((Failure::TooMuchMemory(self.handler.max_memory()), None))
            }
            Err(error) => Err((Failure::Internal, Some(error))),
        }
    }
}

/// Keeps the permits until the response body ends, because the guest is still writing it.
fn with_permits(body: WasiBody, permits: impl Send + 'static) -> WasiBody {
    let keep = move |error| {
        let _permits = &permits;
        error
    };
    body.map_err(keep).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::Empty;

    use super::*;

    #[test]
    fn permits_are_released_when_the_response_body_ends() {
        let permits = Arc::new(());
        let empty = Empty::new().map_err(|never: Infallible| match never {});
        let body = with_permits(empty.boxed_unsync(), permits.clone());
        assert_eq!(Arc::strong_count(&permits), 2);
        drop(body);
        assert_eq!(Arc::strong_count(&permits), 1);
    }
}
