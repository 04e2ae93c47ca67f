#![no_main]

use kraken_api_fuzz::support::feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| feed::variables(bytes));
