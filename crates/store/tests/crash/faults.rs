//! Disks that fail: what the system answers is put in by `strace`.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use crate::kill::notes;
use crate::trace;
use crate::workload::{Files, verify};

const UNITS: usize = 25;

/// How often each kind of note with each word was taken. What is found again is noted again.
fn words(path: &Path) -> BTreeMap<(String, String), usize> {
    let text = std::fs::read_to_string(path).expect("notes");
    let mut words = BTreeMap::new();
    for line in text.lines() {
        let mut parts = line.split(' ').map(str::to_owned);
        let (what, word) = (parts.next().expect("a word"), parts.nth(1).unwrap_or_default());
        let word = if what == "done" { String::new() } else { word };
        *words.entry((what, word)).or_default() += 1;
    }
    words
}

fn count(words: &BTreeMap<(String, String), usize>, what: &str, word: &str) -> usize {
    words.get(&(what.into(), word.into())).copied().unwrap_or(0)
}

#[test]
#[ignore = "needs strace; .ci/run has it"]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::of(folder.path());
    let full = ["-e", "inject=pwrite64:error=ENOSPC:when=150..190"];
    let (output, _) = trace::run(folder.path(), UNITS, &[], &full);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = words(&files.notes);
    assert!(count(&words, "refused", "full") > 0, "{words:?}");
    assert_eq!(notes(&files.notes).values().sum::<u64>(), 8 * UNITS as u64, "{words:?}");
    assert_eq!(verify(&files.store, &notes(&files.notes)), Ok(()));
}

#[test]
#[ignore = "needs strace; .ci/run has it"]
fn a_disk_that_does_not_write_is_told_and_nothing_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::of(folder.path());
    let bad = ["-e", "inject=pwrite64:error=EIO:when=150..190"];
    let (output, _) = trace::run(folder.path(), UNITS, &[], &bad);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = words(&files.notes);
    let failed = count(&words, "refused", "unavailable") + count(&words, "unknown", "unavailable");
    assert!(failed > 0, "{words:?}");
    assert_eq!(notes(&files.notes).values().sum::<u64>(), 8 * UNITS as u64, "{words:?}");
    assert_eq!(verify(&files.store, &notes(&files.notes)), Ok(()));
}

#[test]
#[ignore = "needs strace; .ci/run has it"]
fn a_failed_sync_ends_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::of(folder.path());
    let bad = ["-e", "inject=fsync,fdatasync:error=EIO:when=40+"];
    let (output, _) = trace::run(folder.path(), 0, &[], &bad);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    // strace ends as its process does.
    assert_eq!(output.status.signal(), Some(6), "{:?}: {words}", output.status);
    assert!(words.contains("fsync failed") && words.contains("The process ends"), "{words}");
    let told = notes(&files.notes);
    assert!(told.values().sum::<u64>() > 0);
    assert_eq!(verify(&files.store, &told), Ok(()));
}

#[test]
#[ignore = "needs strace; .ci/run has it"]
fn or_refuses_everything() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::of(folder.path());
    let bad = ["-e", "inject=fsync,fdatasync:error=EIO:when=40"];
    let (output, _) = trace::run(folder.path(), 0, &[("WAXWING_CRASH_REFUSE", "1")], &bad);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&files.notes).unwrap();
    let after = text.find("broken").expect("it was told");
    assert!(!text[after..].contains("done"), "something was told durable after that");
    let words = words(&files.notes);
    assert!(
        count(&words, "unknown", "broken") + count(&words, "refused", "broken") > 8,
        "{words:?}"
    );
    // Started again, it goes on.
    assert_eq!(verify(&files.store, &notes(&files.notes)), Ok(()));
}
