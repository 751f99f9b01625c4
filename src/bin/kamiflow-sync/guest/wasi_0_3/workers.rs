//! The instances of a component for WASI 0.3: when one is created, which requests it accepts, and when
//! it is dropped.
//!
//! `wasmtime_wasi_http::handler::ProxyHandler` runs the instances and asks the traits implemented
//! here. An instance serves one request at a time and is reused for the next one.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance as NewInstance, ProxyPre, ShouldAccept, WorkerState,
};

use super::expiration::Expiration;
use crate::guest::permits::Permits;
use crate::guest::source::{Source, is_reusable};
use crate::guest::state::GuestState;
use crate::platform::MemoryInUse;

/// Creates instances.
pub struct Workers {
    pub source: Source,
    pub component: ProxyPre<GuestState>,
}

impl HandlerState for Workers {
    type StoreData = GuestState;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<NewInstance<GuestState, Expiration, Worker>> {
        let mut store = self.source.store();
        let platform = &store.data().platform;
        let (memory, turn) = (platform.memory_in_use(), platform.turn());
        let proxy = self.component.instantiate_async(&mut store).await?;
        Ok(NewInstance {
            store,
            proxy,
            view: GuestState::http,
            expiration: Expiration::new(self.source.stop.clone(), memory.clone(), turn),
            state: Worker { memory },
        })
    }
}

/// Decides which requests an instance accepts.
pub struct Worker {
    memory: MemoryInUse,
}

impl WorkerState for Worker {
    type StoreData = GuestState;
    type RequestData = Arc<Permits>;

    fn should_accept_request(&self, in_progress: usize, accepted: usize) -> ShouldAccept {
        if !is_reusable(self.memory.load(Relaxed), accepted) {
            ShouldAccept::Never
        } else if in_progress > 0 {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    /// The returned future is dropped when the guest has written the head of its response.
    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, GuestState>,
        permits: Arc<Permits>,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        store.data_mut().begin_request(&permits);
        Box::pin(async move {
            let _until_finished = permits;
            std::future::pending().await
        })
    }

    fn drop(&self, store: Store<GuestState>, result: wasmtime::Result<()>) {
        if let Err(error) = result
            && !store.data().platform.has_no_room()
        {
            tracing::warn!(error = format!("{error:#}"), "component instance failed");
        }
        drop(store);
    }
}
