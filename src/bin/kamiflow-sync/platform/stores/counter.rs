//! Counters: 8 bytes in little-endian order.

/// Adds `delta` to the counter in `value`; without a value, to 0.
///
/// # Errors
///
/// When the value is not a counter, or the sum overflows, where Spin's host panics.
pub fn add(value: Option<&[u8]>, delta: i64) -> Result<i64, String> {
    let counter = match value {
        None => 0,
        Some(bytes) => i64::from_le_bytes(bytes.try_into().map_err(|_| "not a counter")?),
    };
    counter
        .checked_add(delta)
        .ok_or_else(|| "counter overflow".to_owned())
}
