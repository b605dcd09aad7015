//! Any bytes are an answer of a metadata exchange or refused; what it refers to is asked for once, and never a file.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use waxwing_fuzz::check_findings;
use waxwing_metadata::Location;
use waxwing_metadata::load::{LoadOptions, Loader, check_answer};

fuzz_target!(|data: &[u8]| {
    let _ = check_answer(data);
    let mut loader = Loader::new(LoadOptions::default());
    loader.give(Location::new("http://localhost/calc/mex"), data.to_vec());
    let mut asked = BTreeSet::new();
    while let Some(want) = loader.want() {
        assert!(want.location.as_str().to_ascii_lowercase().starts_with("http"), "{want:?}");
        assert!(asked.insert(want.location.clone()), "{want:?}");
        // Every second one leads to the same again.
        match asked.len() % 2 {
            0 => loader.missing(&want, "no"),
            _ => loader.answer(&want, &want.location, data.to_vec()),
        }
    }
    check_findings(&loader.finish(), data);
});
