//! Whether a simulation notices each rule that is broken on purpose.

use std::fmt::Debug;
use std::ops::Range;

/// Breaks each rule by `break_it`, runs the seeds until one fails, and mends it by `mend`: the seed has to be good again then.
///
/// # Panics
/// A rule is not noticed, or is no cause of what was.
pub fn every_one_is_noticed<R: Copy + Debug, S>(
    rules: impl IntoIterator<Item = R>,
    (break_it, mend): (impl Fn(R), impl Fn()),
    seeds: &Range<u64>,
    run: impl Fn(u64) -> Result<S, String>,
) {
    let mut unnoticed = Vec::new();
    for rule in rules {
        break_it(rule);
        let noticed = seeds.clone().find_map(|seed| run(seed).err().map(|failure| (seed, failure)));
        mend();
        match noticed {
            Some((seed, failure)) => {
                let line = failure.lines().next().unwrap_or_default();
                println!("{rule:?}: {}", line.chars().take(180).collect::<String>());
                run(seed).unwrap_or_else(|f| panic!("{rule:?} is no cause: {f}"));
            }
            None => {
                println!("{rule:?}: not noticed");
                unnoticed.push(rule);
            }
        }
    }
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
