//! kill -9, at any time, also while it recovers.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::workload::{Files, Told, command, take_note, verify};
use crate::{Dice, setting};

/// A few; `WAXWING_KILLS` says how many.
#[test]
fn killed_at_random() {
    let kills = setting("WAXWING_KILLS", 12);
    let mut dice = Dice(setting("WAXWING_SEED", 1) as u64);
    let folder = tempfile::tempdir().unwrap();
    let files = Files::of(folder.path());
    let mut units = 0;
    for kill in 0..kills {
        let mut child = command(folder.path(), 0).stdout(Stdio::null()).spawn().unwrap();
        // From before it is open to well at work.
        std::thread::sleep(Duration::from_millis(
            dice.below(if kill % 4 == 0 { 40 } else { 250 }) as u64
        ));
        child.kill().unwrap();
        child.wait().unwrap();
        let told = notes(&files.notes);
        units = told.values().sum();
        // Verified as it is, or in a copy, so that the next process finds what the last one left.
        let verified = if kill % 2 == 0 {
            let copy = tempfile::tempdir().unwrap();
            for file in ["store", "store-wal", "store.key"] {
                // A process that was killed early has made none.
                let _ = fs::copy(folder.path().join(file), copy.path().join(file));
            }
            verify(&copy.path().join("store"), &told)
        } else {
            verify(&files.store, &told)
        };
        assert_eq!(verified, Ok(()), "after kill {kill}");
    }
    println!("{kills} kills, {units} units told durable, 0 lost");
    assert!(units > kills as u64, "{units} units in {kills} processes");
}

pub(crate) fn notes(path: &Path) -> Told {
    let mut told = Told::new();
    let text = fs::read_to_string(path).unwrap_or_default();
    // The last line may be cut.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().for_each(|line| take_note(&mut told, line));
    told
}
