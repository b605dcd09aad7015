//! Power loss: at every write of a real run, what may be on the disk then is made, opened and looked at.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::disk::{Disk, Fate};
use crate::trace::{self, Event};
use crate::workload::{Told, take_note, verify};
use crate::{Dice, setting};

/// How many writes a store takes to begin.
const BEGINS: usize = 60;

/// Where images are opened: in memory, since nothing there has to last.
fn images_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .expect("a folder")
}

/// Runs, and with what was on the disk before: a new store, and one that a process left without a word.
struct Run {
    before: Disk,
    told: Told,
    events: Vec<Event>,
}

fn runs(settings: &[(&str, &str)], units: usize) -> Vec<Run> {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().canonicalize().expect("its name");
    let mut runs = Vec::new();
    let mut told = Told::new();
    for abrupt in [true, true, false] {
        let before = Disk::of(&place);
        let mut settings = settings.to_vec();
        if abrupt {
            settings.push(("WAXWING_CRASH_ABRUPT", "1"));
        }
        let (output, text) = trace::run(&place, units, &settings, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let events = trace::read(&place, &text);
        let run = Run { before, told: told.clone(), events };
        for event in &run.events {
            if let Event::Note(note) = event {
                take_note(&mut told, note);
            }
        }
        runs.push(run);
    }
    assert_eq!(verify(&place.join("store"), &told), Ok(()), "without a crash");
    runs
}

/// What was found in how many images.
struct Found {
    images: usize,
    lost: Vec<String>,
}

/// Crashes at every write, so often at each that there are about as many images as wanted.
fn crash(runs: Vec<Run>, lies: bool, wanted: usize) -> Found {
    let points =
        |run: &Run| run.events.iter().filter(|event| matches!(event, Event::Write(..))).count();
    let all: usize = runs.iter().map(points).sum();
    // Fewer than one at each: every so many.
    let (each, every) = (wanted.div_ceil(all).max(1), (all / wanted).max(1));
    let mut dice = Dice(setting("WAXWING_SEED", 1) as u64);
    let folder = images_folder();
    let mut found = Found { images: 0, lost: Vec::new() };
    let (mut point, mut looked_at) = (0, 0);
    for run in runs {
        let Run { before: mut disk, mut told, events } = run;
        disk.lies = lies;
        for event in &events {
            if let Event::Note(note) = event {
                take_note(&mut told, note);
            }
            if !disk.step(event) {
                continue;
            }
            point += 1;
            // A store that begins is looked at more closely: its keys are made there, too.
            let (each, every) = if point <= BEGINS { (each.max(20), 1) } else { (each, every) };
            if point % every != 0 {
                continue;
            }
            looked_at += 1;
            for image in 0..each {
                let fate = match image {
                    0 if looked_at % 7 == 0 => Fate::Kept,
                    1 => Fate::Dropped,
                    _ => Fate::Any,
                };
                if disk.uncertain() == 0 && image > 0 {
                    break;
                }
                found.images += 1;
                let place: PathBuf = folder.path().join(found.images.to_string());
                std::fs::create_dir(&place).expect("a folder");
                disk.image(&place, fate, &mut dice);
                if let Err(lost) = verify(&place.join("store"), &told) {
                    found.lost.push(format!("image {}: {lost}", found.images));
                }
                std::fs::remove_dir_all(&place).expect("it is removed");
            }
        }
    }
    found
}

#[test]
#[ignore = "needs strace; .ci/run has it"]
fn nothing_is_lost_with_the_power() {
    let wanted = setting("WAXWING_IMAGES", 1500);
    let found = crash(runs(&[], 25), false, wanted);
    println!("{} images, {} lost", found.images, found.lost.len());
    assert!(
        found.lost.is_empty(),
        "{} of {}: {:#?}",
        found.lost.len(),
        found.images,
        &found.lost[..found.lost.len().min(10)]
    );
    assert!(found.images * 10 >= wanted * 9, "only {} images", found.images);
}

/// The test notices a store that does not wait for the disk,
#[test]
#[ignore = "needs strace; .ci/run has it"]
fn without_waiting_for_the_disk_it_would_be_lost() {
    let wanted = setting("WAXWING_IMAGES", 1500) / 5;
    let found = crash(runs(&[("WAXWING_CRASH_NORMAL", "1")], 25), false, wanted);
    println!("synchronous=NORMAL: {} images, {} lost", found.images, found.lost.len());
    assert!(found.lost.len() >= 20, "{} of {}", found.lost.len(), found.images);
}

/// and a disk that does not do what it says.
#[test]
#[ignore = "needs strace; .ci/run has it"]
fn with_a_disk_that_lies_it_would_be_lost() {
    let wanted = setting("WAXWING_IMAGES", 1500) / 5;
    let found = crash(runs(&[], 25), true, wanted);
    println!("a lying disk: {} images, {} lost", found.images, found.lost.len());
    assert!(found.lost.len() >= 20, "{} of {}", found.lost.len(), found.images);
}
