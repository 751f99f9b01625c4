//! Compiles the component file into something that can be instantiated in microseconds.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use kamiflow_sync_component::domain::MAX_FILE_BYTES;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy};
use wasmtime::{OptLevel, PoolingAllocationConfig};

use super::code::Code;
use super::code_cache::CodeCache;
use super::linker;

/// Instances that run at once, for each of the two kinds of requests.
pub const MAX_RUNNING: u32 = 64;
/// Instances that run at once for requests that need neither a key nor the database.
pub const MAX_OPEN: u32 = 16;
/// Requests with a body at once: those that run, and those whose body is still arriving, which have
/// an instance too.
pub const MAX_UPLOADS: u32 = 128;
/// Instances among [`MAX_RUNNING`] that only read and may wait for memory. Others that need memory while there
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

/// Makes instances of a component possible, if it is of the right version of WASI.
type Link = fn(&Engine, &Component) -> wasmtime::Result<Code>;

/// Compiles the component, or takes it from the cache, and links it with WASI and the platform. Its
/// instances may use up to `max_memory` bytes of memory each.
///
/// # Errors
///
/// When the file is missing or not a component, imports what this host does not have, or does not
/// export an HTTP handler.
pub fn load(file: &Path, max_memory: usize) -> Result<(Engine, Code)> {
    let shown = file.display();
    let bytes =
        std::fs::read(file).with_context(|| format!("cannot read the component {shown}"))?;
    let cache = CodeCache::open();
    let load = |is_concurrent, link: Link| {
        let engine = engine(max_memory, is_concurrent)?;
        let component = cache
            .as_ref()
            .map_or_else(
                || Component::new(&engine, &bytes),
                |cache| cache.find_or_compile(&engine, &bytes),
            )
            .map_err(|error| anyhow!("{shown} is not a component: {error:#}"))?;
        let code = link(&engine, &component)
            .map_err(|error| anyhow!("this host cannot run {shown}: {error:#}"))?;
        Ok((engine, code))
    };
    let loaded = load(false, linker::link);
    #[cfg(feature = "wasi-0-3")]
    let loaded = loaded.or_else(|_maybe_of_wasi_0_3| load(true, super::wasi_0_3::link));
    loaded.map_err(|error: anyhow::Error| {
        if is_of_another_build(&bytes) {
            error.context(
                "the component needs WASI 0.3: build this program with `--features wasi-0-3`, or use spin.toml",
            )
        } else {
            error
        }
    })
}

/// Whether a component is for WASI 0.3, and this program was built without it.
fn is_of_another_build(component: &[u8]) -> bool {
    let export = b"wasi:http/handler@0.3";
    !cfg!(feature = "wasi-0-3") && component.windows(export.len()).any(|bytes| bytes == export)
}

/// The memory is taken from a pool. Where the address space is too small for that, as under
/// `ulimit -v`, it is allocated when an instance needs it, which takes longer.
///
/// An instance that is concurrent may do several things at once. It takes WASI 0.3, and makes each
/// call between guest and host cost more.
fn engine(max_memory: usize, is_concurrent: bool) -> Result<Engine> {
    let mut config = Config::new();
    config
        .concurrency_support(is_concurrent)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
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

#[cfg(all(test, not(feature = "wasi-0-3")))]
mod tests {
    use super::*;

    #[test]
    fn a_component_for_wasi_0_3_says_which_program_runs_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("component.wasm");
        // As much of one as the message looks at.
        std::fs::write(&file, "\0asm wasi:http/handler@0.3.0").unwrap();
        let error = load(&file, 1 << 20).err().unwrap().to_string();
        assert!(
            error.contains("build this program with `--features wasi-0-3`"),
            "{error}"
        );
        std::fs::write(&file, "\0asm").unwrap();
        let error = load(&file, 1 << 20).err().unwrap().to_string();
        assert!(!error.contains("wasi-0-3"), "{error}");
    }
}
