//! The limit on the memory of one instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wasmtime::ResourceLimiter;

/// Elements of a WebAssembly table; components have a few hundred.
const MAX_TABLE_ELEMENTS: usize = 100_000;
/// Bytes of WebAssembly memory that an instance has.
pub type MemoryInUse = Arc<AtomicUsize>;

pub struct MemoryLimit {
    /// Bytes, of all memories together.
    pub max: usize,
    pub in_use: MemoryInUse,
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.in_use.load(Relaxed) - current + desired;
        if total > self.max {
            return Ok(false);
        }
        self.in_use.store(total, Relaxed);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_limit_applies_to_all_memories_together() {
        let mut limit = MemoryLimit {
            max: 100,
            in_use: MemoryInUse::default(),
        };
        assert!(limit.memory_growing(0, 60, None).unwrap());
        assert!(!limit.memory_growing(0, 60, None).unwrap());
        assert!(limit.memory_growing(60, 100, None).unwrap());
        assert_eq!(limit.in_use.load(Relaxed), 100);
    }
}
