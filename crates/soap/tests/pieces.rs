//! Messages in pieces of which nobody thinks, made of seeds: the fuzz target without its engine.
#![allow(unreachable_pub, reason = "a test")]

#[path = "../../../fuzz/src/streamed.rs"]
mod streamed;

use streamed::{make, run};

/// `WAXWING_SEEDS=0..1000000 cargo test -p waxwing-soap --test pieces` runs others.
#[test]
fn whatever_comes_in_whatever_pieces() {
    let text = std::env::var("WAXWING_SEEDS").unwrap_or_default();
    let bounds = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (from, to): (u64, u64) = bounds.unwrap_or((0, 20_000));
    let mut data = [0; 1500];
    for seed in from..to {
        let mut state = (seed << 1 | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut below = |end: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 16) as usize % end.max(1)
        };
        if let Some(size) = make(&mut data, &mut below) {
            // Some of it is changed on its way.
            if below(2) == 0 {
                data[below(size)] = below(256) as u8;
            }
            let ran = std::panic::catch_unwind(|| run(&data[..size]));
            assert!(ran.is_ok(), "seed {seed}");
        }
    }
}

/// The content of a part begins behind an empty line, so that what divides parts could be its first line. (It is drawn for each
/// message: only here is it known before.)
#[test]
fn content_that_begins_as_what_divides_parts() {
    let content = b"--uuid:01010101-0101-4101-8101-010101010101+id=1 and more";
    for choice in [4, 6] {
        for piece in [1, 7, 200] {
            run(&[&[choice, piece], content.as_slice()].concat());
        }
    }
}
