//! What the server does beside the requests, until it stops.

use std::sync::{Arc, Mutex, PoisonError};

use kamiflow_sync_component::api::Publication;
use kamiflow_sync_component::api::clock::now_us;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::startup::Startup;
use crate::database::recent::Reader;
use crate::platform::Shared;
use crate::serve::hold::{Holder, Written};

/// Gives the pages of deleted data back to the disk, and tells those who wait what other processes write.
pub fn spawn(
    startup: &Startup,
    shared: &Arc<Shared>,
    holder: Holder,
    stop: &CancellationToken,
    alive: &TaskTracker,
) {
    let pages = give_free_pages_back(shared.clone());
    alive.spawn(stop.clone().run_until_cancelled_owned(pages));
    let database = startup.runtime_config.default_database();
    let reader = database.map(|file| Arc::new(Mutex::new(Reader::new(file.to_owned()))));
    let shared = shared.clone();
    let watch = holder.watch(
        move || data_versions(shared.clone()),
        move || news(reader.clone()),
    );
    alive.spawn(stop.clone().run_until_cancelled_owned(watch));
}

async fn give_free_pages_back(shared: Arc<Shared>) {
    shared.give_free_pages_back().await;
}

async fn data_versions(shared: Arc<Shared>) -> Vec<Option<i64>> {
    shared.data_versions().await
}

/// What was written lately, read on a thread that may wait for the disk. Without a file, nobody else writes.
async fn news(reader: Option<Arc<Mutex<Reader>>>) -> Written {
    let Some(reader) = reader else {
        return Written::default();
    };
    let read = move || {
        let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.read(now_us())
    };
    let recent = tokio::task::spawn_blocking(read).await.ok();
    let is_incomplete = recent.as_ref().is_none_or(|recent| recent.is_incomplete);
    let changes = recent.into_iter().flat_map(|recent| recent.changes);
    Written {
        publications: changes.filter_map(Publication::of_latest).collect(),
        is_incomplete,
    }
}
