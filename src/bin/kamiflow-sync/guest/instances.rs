//! The instances of a component for WASI 0.2, which blocks. One serves a request at a time, in the task
//! of its connection, and is reused for the next one.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Response;
use http::request::Parts;
use tokio::sync::oneshot;
use wasmtime::{Store, format_err};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::call::Call;
use super::entry::{Entry, Functions, Prepared};
use super::exchange::Answer;
use super::expiration::idle_timeout;
use super::permits::Permits;
use super::source::{Source, is_reusable};
use super::state::GuestState;
use crate::platform::MemoryInUse;

/// How often idle instances are looked at.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Clones share the instances.
#[derive(Clone)]
pub struct Instances(Arc<Inner>);

struct Inner {
    source: Source,
    entry: Entry,
    /// The one that was used last is at the end, and is used next.
    idle: Mutex<Vec<Instance>>,
}

struct Instance {
    store: Store<GuestState>,
    functions: Functions,
    memory: MemoryInUse,
    requests: usize,
    idle_since: Instant,
}

impl Instances {
    pub fn new(source: Source, component: ProxyPre<GuestState>) -> Self {
        let instances = Self(Arc::new(Inner {
            entry: Entry::of(component, &source.shared),
            source,
            idle: Mutex::default(),
        }));
        tokio::spawn(instances.clone().drop_idle());
        instances
    }

    pub fn max_memory(&self) -> usize {
        self.0.source.max_memory
    }

    /// Returns the answer as soon as it is there. Whatever the guest still does after it, or after its
    /// client has disconnected, it does to the end.
    pub async fn handle(
        &self,
        permits: Arc<Permits>,
        head: &Parts,
        body: Option<WasiBody>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let request = self.0.entry.request(head, body);
        let (sender, mut receiver) = oneshot::channel();
        let mut call = Call::new(self.clone().serve(permits, request, sender));
        let returned = tokio::select! {
            biased;
            returned = &mut call => returned,
            answer = &mut receiver => return Ok(answer??),
        };
        match receiver.try_recv() {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(returned.err().unwrap_or(format_err!("no answer"))),
        }
    }

    async fn serve(
        self,
        permits: Arc<Permits>,
        request: Prepared,
        answer: oneshot::Sender<Answer>,
    ) -> wasmtime::Result<()> {
        let idle = self.0.idle().pop();
        let mut instance = match idle {
            Some(instance) => instance,
            None => self.0.instantiate().await?,
        };
        let called = instance.call(&permits, request, answer).await;
        match &called {
            Ok(()) => self.0.put_back(instance),
            Err(_) if permits.has_no_room() => {}
            Err(error) => tracing::warn!(error = format!("{error:#}"), "component instance failed"),
        }
        called
    }

    async fn drop_idle(self) {
        let mut checks = tokio::time::interval(CHECK_INTERVAL);
        let stop = &self.0.source.stop;
        while stop.run_until_cancelled(checks.tick()).await.is_some() {
            drop(self.0.take_expired());
        }
        drop(std::mem::take(&mut *self.0.idle()));
    }
}

impl Inner {
    async fn instantiate(&self) -> wasmtime::Result<Instance> {
        let mut store = self.source.store();
        Ok(Instance {
            memory: store.data().platform.memory_in_use(),
            functions: self.entry.instantiate(&mut store).await?,
            store,
            requests: 0,
            idle_since: Instant::now(),
        })
    }

    fn put_back(&self, mut instance: Instance) {
        instance.idle_since = Instant::now();
        let mut idle = self.idle();
        // Looked at with the lock, or it could be put back after all others were dropped.
        let is_over = self.source.stop.is_cancelled();
        if !is_over && is_reusable(instance.memory.load(Relaxed), instance.requests) {
            idle.push(instance);
        }
    }

    fn take_expired(&self) -> Vec<Instance> {
        self.idle().extract_if(.., Instance::is_expired).collect()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instance {
    async fn call(
        &mut self,
        permits: &Permits,
        request: Prepared,
        answer: oneshot::Sender<Answer>,
    ) -> wasmtime::Result<()> {
        self.requests += 1;
        // The ticks of the time before are not this request's.
        self.store.set_epoch_deadline(1);
        self.store.data_mut().begin_request(permits);
        let turn = self.store.data().platform.turn();
        let call = self.functions.call(&mut self.store, request, answer);
        turn.run(call).await
    }

    fn is_expired(&mut self) -> bool {
        self.idle_since.elapsed() > idle_timeout(self.memory.load(Relaxed))
    }
}
