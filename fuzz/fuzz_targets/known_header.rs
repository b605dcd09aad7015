//! See [`waxwing_fuzz::known_header`].

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_fuzz::known_header::run;

fuzz_target!(|data: &[u8]| {
    // More edits than that leave nothing of a message.
    run(&data[..data.len().min(1 + 6 * 8)]);
});
