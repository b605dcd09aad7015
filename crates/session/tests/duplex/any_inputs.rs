//! Inputs of which nobody thinks, made of seeds: the fuzz target without its engine.

use crate::steps::make;

/// `WAXWING_SEEDS=0..1000000 cargo test -p waxwing-session --test duplex any_inputs` runs others.
#[test]
fn whatever_comes_in_whatever_order() {
    let text = std::env::var("WAXWING_SEEDS").unwrap_or_default();
    let bounds = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (from, to): (u32, u32) = bounds.unwrap_or((0, 600));
    let mut data = [0; 400];
    for seed in from..to {
        if let Some(size) = make(&mut data, 1, seed) {
            let ran = std::panic::catch_unwind(|| crate::session_duplex::run(&data[..size]));
            assert!(ran.is_ok(), "seed {seed}");
        }
    }
}
