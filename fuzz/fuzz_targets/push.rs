#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kamiflow_sync_fuzz::push(data));
