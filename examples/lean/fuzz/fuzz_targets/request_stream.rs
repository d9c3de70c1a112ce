#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| node::fuzzing::request_stream(bytes));
