//! See [`waxwing_fuzz::streamed`].

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use waxwing_fuzz::steps::Dice;
use waxwing_fuzz::streamed::{make, run};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = Dice::new(seed);
    make(&mut data[..max_size], |end| dice.below(end)).unwrap_or_else(|| fuzzer_mutate(data, size, max_size))
});

fuzz_target!(|data: &[u8]| run(data));
