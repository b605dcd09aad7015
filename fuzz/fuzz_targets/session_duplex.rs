//! See [`waxwing_fuzz::session_duplex`].

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use waxwing_fuzz::session_duplex::run;
use waxwing_fuzz::steps::make;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    make(&mut data[..max_size], 1, seed).unwrap_or_else(|| fuzzer_mutate(data, size, max_size))
});

fuzz_target!(|data: &[u8]| run(data));
