#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dirty_fuzz::app_value(data));
