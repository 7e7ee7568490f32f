#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| generation_queue_fuzz::redaction::check(input));
