//! Asks the component again.

use std::pin::Pin;

use http::Response;
use kamiflow_sync_component::api::again::Again;
use wasmtime_wasi_http::WasiBody;

/// The same request once more; the future is its answer.
pub type Ask = Box<dyn Fn(Again) -> Asked + Send + Sync>;
pub type Asked = Pin<Box<dyn Future<Output = Response<WasiBody>> + Send>>;
