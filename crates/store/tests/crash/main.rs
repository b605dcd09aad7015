//! Crashes: processes that are killed, power that is lost, disks that fail. Nothing that was told durable is lost, and nothing
//! else is there.
//!
//! `cargo test -p waxwing-store --features sqlite --test crash` kills a few times. `WAXWING_KILLS=10000` says how often. What needs
//! `strace` is run with `-- --ignored`; `WAXWING_IMAGES=30000` says how many crash images.
#![cfg(all(feature = "sqlite", target_os = "linux"))]
#![allow(clippy::disallowed_methods, reason = "it is about files")]

mod canary;
mod disk;
mod faults;
mod kill;
mod power_loss;
mod trace;
mod workload;

/// Numbers of a seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// A number that the environment says.
fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
