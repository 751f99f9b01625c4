//! What a request will need, as far as its head tells.

use http::Method;
use http::request::Parts;
use kamiflow_sync_component::addresses;
use kamiflow_sync_component::api::routes::Route;

/// Whether it needs neither a key nor the database.
pub fn is_open(request: &Parts) -> bool {
    addresses::is_open(&request.method, request.uri.path()) && request.uri.query().is_none()
}

/// Whether it asks no store and computes next to nothing. Behind a queue of pulls a monitor would
/// take a server for dead that is well.
pub fn computes_little(request: &Parts) -> bool {
    let found = Route::find(&request.method, request.uri.path());
    let is_little = found.is_ok_and(|found| matches!(found.route, Route::Root | Route::Health));
    is_little && request.uri.query().is_none()
}

/// Whether it may change something.
pub fn may_change(request: &Parts) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&request.method)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn only_what_asks_no_store_needs_no_turn_to_compute() {
        for (method, target, is_little) in [
            ("GET", "/health", true),
            ("HEAD", "/", true),
            ("GET", "/health?deep=1", false),
            ("GET", "/openapi.json", false),
            ("DELETE", "/health", false),
            ("GET", "/v1/projects/p/files", false),
        ] {
            let request = Request::builder().method(method).uri(target).body(());
            let parts = request.unwrap().into_parts().0;
            assert_eq!(computes_little(&parts), is_little, "{method} {target}");
        }
    }
}
