//! How many times faster binary is than text: the same envelope written and read again, in turn by each encoding, so that
//! both see the same machine.
//!
//! `cargo bench -p waxwing-soap --bench pairs` prints, for each message, the time of each encoding (the shortest of many
//! short turns) and the ratio. `… --bench pairs -- ENCODING MESSAGE COUNT` does one of them so often, for a profiler.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod common;

use std::time::{Duration, Instant};

use common::{BINARY, MESSAGES, SESSION, TEXT, message, there_and_back};
use waxwing_soap::encoder::{Decoder, Encoder};

/// How long one encoding is measured before the next has its turn.
const TURN: Duration = Duration::from_micros(200);
const TURNS: usize = 1000;

type Way = Box<dyn FnMut()>;

fn way(
    mut encoder: impl Encoder + 'static,
    mut decoder: impl Decoder + 'static,
    name: &str,
) -> Way {
    let envelope = message(name);
    Box::new(move || there_and_back(&envelope, &mut encoder, &mut decoder))
}

fn ways(name: &str) -> [(&'static str, Way); 3] {
    [
        ("text", way(TEXT, TEXT, name)),
        ("binary", way(BINARY, BINARY, name)),
        ("session", way(SESSION.encoder(), SESSION.decoder(), name)),
    ]
}

/// The time of one message in one turn.
fn turn(way: &mut Way, count: u32) -> Duration {
    let begin = Instant::now();
    (0..count).for_each(|_| way());
    begin.elapsed() / count
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [encoding, name, count] = &arguments[..] {
        let count = count.parse().expect("a number");
        let chosen = ways(name).into_iter().find(|(own, _)| own == encoding);
        let (_, mut way) = chosen.expect("text, binary or session");
        return (0..count).for_each(|_: u64| way());
    }
    println!(
        "{:12} {:>11} {:>11} {:>11}  text is so many times",
        "µs", "text", "binary", "session"
    );
    for name in MESSAGES {
        let mut ways = ways(name);
        let once = ways.each_mut().map(|(_, way)| (0..5).map(|_| turn(way, 3)).min());
        let counts = once.map(|once| (TURN.div_duration_f64(once.unwrap_or(TURN)) as u32).max(1));
        let mut best = [Duration::MAX; 3];
        for _ in 0..TURNS {
            for ((best, (_, way)), count) in best.iter_mut().zip(&mut ways).zip(counts) {
                *best = turn(way, count).min(*best);
            }
        }
        let [text, binary, session] = best.map(|best| best.as_nanos() as f64 / 1000.0);
        println!(
            "{name:12} {text:11.3} {binary:11.3} {session:11.3}  {:.2} binary, {:.2} session",
            text / binary,
            text / session
        );
    }
}
