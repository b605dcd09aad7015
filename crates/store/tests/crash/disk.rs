//! A disk that loses its power: what may be on it then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::Dice;
use crate::trace::{Event, Op, What};

/// What a disk writes at once: the rest of it stays as it was.
const SECTOR: usize = 512;

/// What is on the disk for certain, and what may be.
#[derive(Default)]
pub(crate) struct Disk {
    certain: BTreeMap<String, Vec<u8>>,
    /// Names of files that are there for certain.
    names: BTreeSet<String>,
    /// What was done to names since the folder was synced.
    renamed: Vec<Naming>,
    /// Writes since the last sync of their file.
    open: Vec<(usize, Op, bool)>,
    syncs: HashMap<usize, (Option<String>, Vec<usize>, usize)>,
    /// It says that it has synced, and has not.
    pub(crate) lies: bool,
}

/// What was done to the name of a file.
#[derive(Clone)]
enum Naming {
    Made(String),
    Gone(String),
    Moved(String, String),
}

impl Naming {
    fn apply(&self, names: &mut BTreeSet<String>, files: &mut BTreeMap<String, Vec<u8>>) {
        match self {
            Self::Made(name) => {
                names.insert(name.clone());
            }
            Self::Gone(name) => {
                names.remove(name);
                files.remove(name);
            }
            Self::Moved(from, to) => {
                // What was never on the disk is empty there.
                let octets = files.remove(from).unwrap_or_default();
                names.remove(from);
                names.insert(to.clone());
                files.insert(to.clone(), octets);
            }
        }
    }
}

/// What becomes of a write that was not synced.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    /// All of it is there.
    Kept,
    /// Nothing.
    Dropped,
    /// Drawn for each write: kept, dropped, its first half, some of its sectors.
    Any,
}

impl Disk {
    /// With what is in a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        for file in ["store", "store-wal", "store.key"] {
            if let Ok(octets) = std::fs::read(folder.join(file)) {
                disk.certain.insert(file.into(), octets);
                disk.names.insert(file.into());
            }
        }
        disk
    }

    /// Goes on by one event. Whether it is one after which a crash is another one than before.
    pub(crate) fn step(&mut self, event: &Event) -> bool {
        match event {
            Event::Made(name) => {
                let made = |naming: &Naming| matches!(naming, Naming::Made(other) if other == name);
                if !self.names.contains(name) && !self.renamed.iter().any(made) {
                    self.renamed.push(Naming::Made(name.clone()));
                }
                false
            }
            Event::Unlinked(name) => {
                self.renamed.push(Naming::Gone(name.clone()));
                true
            }
            Event::Moved(from, to) => {
                self.renamed.push(Naming::Moved(from.clone(), to.clone()));
                true
            }
            Event::Write(number, op) => {
                self.open.push((*number, op.clone(), false));
                true
            }
            Event::Ended(number) => {
                self.open
                    .iter_mut()
                    .filter(|(n, ..)| n == number)
                    .for_each(|(.., ended)| *ended = true);
                false
            }
            Event::SyncBegins(number, file) => {
                let ended = self
                    .open
                    .iter()
                    .filter(|(_, op, ended)| *ended && Some(&op.file) == file.as_ref());
                let ended = ended.map(|(number, ..)| *number).collect();
                self.syncs.insert(*number, (file.clone(), ended, self.renamed.len()));
                false
            }
            Event::SyncEnds(number) => {
                let Some((file, ended, renamed)) = self.syncs.remove(number) else { return false };
                // The log alone is what it lies of: nothing else shows.
                if self.lies && file.as_deref() == Some("store-wal") {
                    return false;
                }
                if file.is_none() {
                    for naming in self.renamed.drain(..renamed) {
                        naming.apply(&mut self.names, &mut self.certain);
                    }
                }
                let (synced, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
                    .into_iter()
                    .partition(|(n, ..)| ended.contains(n));
                self.open = open;
                for (_, op, _) in synced {
                    apply(self.certain.entry(op.file.clone()).or_default(), &op.what, |_| true);
                }
                false
            }
            Event::Note(_) => false,
        }
    }

    /// What is not certain.
    pub(crate) fn uncertain(&self) -> usize {
        self.open.len() + self.renamed.len()
    }

    /// Writes what may be on it to a folder.
    pub(crate) fn image(&self, folder: &Path, fate: Fate, dice: &mut Dice) {
        let mut files = self.certain.clone();
        for (_, op, _) in &self.open {
            let drawn = match fate {
                Fate::Kept => 0,
                Fate::Dropped => 1,
                Fate::Any => dice.below(4),
            };
            let half = match &op.what {
                What::Write(_, octets) => octets.len().div_ceil(SECTOR) / 2,
                What::Truncate(_) => 0,
            };
            let file = files.entry(op.file.clone()).or_default();
            match drawn {
                0 => apply(file, &op.what, |_| true),
                1 => {}
                2 => apply(file, &op.what, |sector| sector < half),
                _ => apply(file, &op.what, |_| dice.below(2) == 0),
            }
        }
        let mut names = self.names.clone();
        for naming in &self.renamed {
            let kept = match fate {
                Fate::Kept => true,
                Fate::Dropped => false,
                Fate::Any => dice.below(2) == 0,
            };
            if kept {
                naming.apply(&mut names, &mut files);
            }
        }
        for name in names.iter().filter(|name| !name.ends_with("-shm") && !name.ends_with(".lock"))
        {
            let octets = files.get(name).map_or(&[][..], Vec::as_slice);
            std::fs::write(folder.join(name), octets).expect("an image");
        }
        #[cfg(unix)]
        if let Ok(key) = std::fs::metadata(folder.join("store.key")) {
            let mut mode = key.permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o600);
            std::fs::set_permissions(folder.join("store.key"), mode).expect("a mode");
        }
    }
}

/// Does a change, or those sectors of it that are written.
fn apply(file: &mut Vec<u8>, what: &What, mut is_written: impl FnMut(usize) -> bool) {
    match what {
        What::Truncate(length) => {
            if is_written(0) {
                file.resize(*length, 0);
            }
        }
        What::Write(offset, octets) => {
            let mut at = 0;
            let mut sector = 0;
            while at < octets.len() {
                // Sectors are where the disk has them.
                let end = ((offset + at) / SECTOR + 1) * SECTOR - offset;
                let end = end.min(octets.len());
                if is_written(sector) {
                    if file.len() < offset + end {
                        file.resize(offset + end, 0);
                    }
                    file[offset + at..offset + end].copy_from_slice(&octets[at..end]);
                }
                (at, sector) = (end, sector + 1);
            }
        }
    }
}
