//! Asks the component again.

use std::pin::Pin;

use http::Response;
use wasmtime_wasi_http::WasiBody;

/// The same request once more, in a stream from the event of this id on; the future is its answer.
pub type Ask = Box<dyn Fn(Option<String>) -> Asked + Send + Sync>;
pub type Asked = Pin<Box<dyn Future<Output = Response<WasiBody>> + Send>>;
