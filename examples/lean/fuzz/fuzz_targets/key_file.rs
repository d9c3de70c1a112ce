#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| node::fuzzing::key_file(bytes));
