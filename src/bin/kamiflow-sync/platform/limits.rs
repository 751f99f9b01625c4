//! Limits on what one guest may use, the same as on Spin.

/// Handles of one kind that an instance may have open at once
/// (`crates/factor-sqlite/src/host.rs`, `crates/factor-key-value/src/host.rs`).
pub const MAX_HANDLES: usize = 256;
/// Bytes of a result that the host passes to a guest (`MAX_HOST_BUFFERED_BYTES`,
/// `crates/world/src/lib.rs`).
pub const MAX_RESULT_BYTES: usize = 128 << 20;

/// Spin's text for a result over [`MAX_RESULT_BYTES`].
pub fn result_too_large() -> String {
    format!("query result exceeds limit of {MAX_RESULT_BYTES} bytes")
}
