//! Compiles the component file into something that can be instantiated in microseconds.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use kamiflow_sync_component::domain::MAX_FILE_BYTES;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy};
use wasmtime::{OptLevel, PoolingAllocationConfig};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use super::code_cache;
use super::state::GuestState;
use crate::platform;

/// Instances that run at once, for each of the two kinds of requests.
pub const MAX_RUNNING: u32 = 64;
/// Instances that run at once for requests that need neither a key nor the database.
pub const MAX_OPEN: u32 = 16;
/// Requests with a body at once: those that run, and those whose body is still arriving, which have
/// an instance too.
pub const MAX_UPLOADS: u32 = 128;
/// Those of [`MAX_RUNNING`] that only read and may wait for memory. Others that need memory while there
/// is none wait without an instance.
pub const MAX_LARGE: u32 = 16;
/// Instances that can exist at once. Besides those with a request, as many as run of one kind may
/// have been dropped, because their memory may take a while to be freed.
pub const MAX_INSTANCES: u32 = MAX_UPLOADS + 2 * MAX_RUNNING + MAX_OPEN;

/// Bytes of memory of an instance besides what bodies take.
const BASE_MEMORY: u64 = 64 << 20;
/// Copies of a body that the component may have at once: as it came, as JSON, as files, as rows.
const BODY_COPIES: u64 = 4;
/// Bytes that a 32-bit address space has.
const MAX_MEMORY: u64 = 4 << 30;

/// Bytes of memory that an instance needs for bodies of up to `max_body` bytes, and for answers with
/// the largest file, which may be stored since before `max_body` was lowered.
pub fn required_memory(max_body: u64) -> usize {
    let largest = max_body.max(MAX_FILE_BYTES);
    let required = BASE_MEMORY.saturating_add(largest.saturating_mul(BODY_COPIES));
    usize::try_from(required.min(MAX_MEMORY)).unwrap_or(usize::MAX)
}

/// Whether an instance may do several things at once. It takes WASI 0.3, and makes each call between
/// guest and host cost more.
#[derive(Clone, Copy, PartialEq)]
enum Concurrency {
    No,
    Yes,
}

/// Compiles the component, or takes it from the cache, and links it with WASI and the platform. Its
/// instances may use up to `max_memory` bytes of memory each.
///
/// # Errors
///
/// When the file is missing or not a component, imports what this host does not have, or does not
/// export an HTTP handler.
pub fn load(file: &Path, max_memory: usize) -> Result<(Engine, ProxyPre<GuestState>)> {
    let shown = file.display();
    let bytes =
        std::fs::read(file).with_context(|| format!("cannot read the component {shown}"))?;
    let load = |concurrency| {
        let engine = engine(max_memory, concurrency)?;
        let component = Component::new(&engine, &bytes)
            .map_err(|error| anyhow!("{shown} is not a component: {error:#}"))?;
        let proxy = linker(&engine, concurrency)
            .and_then(|linker| linker.instantiate_pre(&component))
            .and_then(proxy)
            .map_err(|error| anyhow!("this host cannot run {shown}: {error:#}"))?;
        Ok((engine, proxy))
    };
    load(Concurrency::No).or_else(|_maybe_of_wasi_0_3| load(Concurrency::Yes))
}

/// The memory is taken from a pool. Where the address space is too small for that, as under
/// `ulimit -v`, it is allocated when an instance needs it, which takes longer.
fn engine(max_memory: usize, concurrency: Concurrency) -> Result<Engine> {
    let mut config = Config::new();
    config
        .concurrency_support(concurrency == Concurrency::Yes)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .cache(code_cache::open())
        .allocation_strategy(pool(max_memory));
    Engine::new(&config)
        .or_else(|_no_room| Engine::new(on_demand(&mut config)))
        .map_err(|error| anyhow!("cannot set up WebAssembly: {error:#}"))
}

fn pool(max_memory: usize) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(4 * MAX_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(4 * MAX_INSTANCES)
        // On WASI 0.3 the call of a client that left may still end beside the next one.
        .total_stacks(2 * MAX_INSTANCES)
        .max_memory_size(max_memory);
    InstanceAllocationStrategy::Pooling(pool)
}

/// Reserves no more than is used: by default each memory would reserve 4 GiB and a half again to grow.
fn on_demand(config: &mut Config) -> &Config {
    config
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_reservation(0)
        .memory_reservation_for_growth(1 << 20)
        .memory_guard_size(0)
}

/// The HTTP handler that the component exports: that of WASI 0.2, or else that of 0.3, as on Spin
/// from 4.1 on.
fn proxy(component: InstancePre<GuestState>) -> wasmtime::Result<ProxyPre<GuestState>> {
    let wasi_0_2 = p2::bindings::ProxyPre::new(component.clone()).map(ProxyPre::P2);
    wasi_0_2.or_else(|error| {
        let wasi_0_3 = p3::bindings::ServicePre::new(component);
        wasi_0_3.map(ProxyPre::P3).map_err(|_| error)
    })
}

/// WASI and HTTP, as far as [`GuestState`] grants them, and the platform.
fn linker(engine: &Engine, concurrency: Concurrency) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    p2::add_only_http_to_linker_async(&mut linker)?;
    if concurrency == Concurrency::Yes {
        p3::add_to_linker(&mut linker)?;
        wasmtime_wasi::p3::clocks::add_to_linker(&mut linker)?;
    }
    platform::add_to_linker(&mut linker, |state: &mut GuestState| &mut state.platform)?;
    Ok(linker)
}
