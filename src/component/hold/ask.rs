//! Asks the server, also again for one that waits.

use http::{Request, Response};

use crate::api::{App, Body};
use crate::component::bindings::wasi::random::random::get_random_u64;
use crate::dispatch;

pub(super) fn ask(app: &App, head: Request<()>, body: impl Body) -> Response<Vec<u8>> {
    dispatch::answer(app, head.map(|()| body), get_random_u64)
}
