//! Notices what other processes have written: a second server on the same file, an operator's command,
//! Spin.

use std::time::Duration;

use tokio::time::sleep;

use super::hub::Hub;

/// A number for each database; none for one that nobody has opened.
pub type Versions = Vec<Option<i64>>;

/// How late such a change may be noticed.
const INTERVAL: Duration = Duration::from_millis(500);

/// Has everybody look again when `versions` has changed, or when the answer to a change of this
/// process was not heard.
pub async fn watch<F: Future<Output = Versions>>(hub: &Hub, versions: impl Fn() -> F) {
    let mut last = versions().await;
    loop {
        sleep(INTERVAL).await;
        let now = versions().await;
        if hub.take_unheard() || now != last {
            hub.look_again();
        }
        last = now;
    }
}
