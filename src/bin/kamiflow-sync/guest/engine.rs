//! Turns the component file into something that can be instantiated in microseconds.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy};
use wasmtime::{OptLevel, PoolingAllocationConfig};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

use super::state::Instance;
use crate::platform;

/// Instances that can exist at once: those inside requests, and half as many on their way out, whose
/// memory may take a while to be given back.
pub const MAX_INSTANCES: u32 = 3 * 64;

/// An engine whose instances take up to `max_memory` bytes of memory each.
///
/// Memory is reserved from a pool, or, where the address space is too small for one, when
/// an instance asks for it.
pub fn engine(max_memory: usize) -> Result<Engine> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .cache(cache())
        .allocation_strategy(pool(max_memory));
    Engine::new(&config)
        .or_else(|_no_room| {
            Engine::new(config.allocation_strategy(InstanceAllocationStrategy::OnDemand))
        })
        .map_err(|error| anyhow!("cannot set up WebAssembly: {error:#}"))
}

fn pool(max_memory: usize) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(4 * MAX_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(4 * MAX_INSTANCES)
        .total_stacks(MAX_INSTANCES)
        .max_memory_size(max_memory);
    InstanceAllocationStrategy::Pooling(pool)
}

/// The cache of compiled code in the platform's cache folder; none where there is no such
/// folder to write to, and then every start compiles.
fn cache() -> Option<Cache> {
    Cache::new(CacheConfig::new()).ok()
}

/// Compiles the component, or finds it compiled in the cache, and links it with WASI and
/// with the platform.
///
/// # Errors
///
/// When the file is missing or is no component, imports what this host does not give, or takes no
/// requests.
pub fn load(engine: &Engine, file: &Path) -> Result<ProxyPre<Instance>> {
    let shown = file.display();
    let bytes =
        std::fs::read(file).with_context(|| format!("cannot read the component {shown}"))?;
    let component = Component::new(engine, bytes)
        .map_err(|error| anyhow!("{shown} is not a component: {error:#}"))?;
    linker(engine)
        .and_then(|linker| linker.instantiate_pre(&component))
        .and_then(proxy)
        .map_err(|error| anyhow!("this host cannot run {shown}: {error:#}"))
}

/// Where a component takes requests: at the export of WASI 0.2, or else at that of 0.3, as on Spin
/// from 4.1 on.
fn proxy(component: InstancePre<Instance>) -> wasmtime::Result<ProxyPre<Instance>> {
    let wasi_0_2 = p2::bindings::ProxyPre::new(component.clone()).map(ProxyPre::P2);
    wasi_0_2.or_else(|error| {
        let wasi_0_3 = p3::bindings::ServicePre::new(component);
        wasi_0_3.map(ProxyPre::P3).map_err(|_| error)
    })
}

/// WASI and HTTP as far as [`Instance`] grants them, and the platform.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<Instance>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    p2::add_only_http_to_linker_async(&mut linker)?;
    p3::add_to_linker(&mut linker)?;
    platform::add_to_linker(&mut linker, |instance: &mut Instance| {
        &mut instance.platform
    })?;
    Ok(linker)
}
