//! Where the file is: whose it is, and on what.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::options::beside;
use crate::error::StoreError;

/// How often it is tried to get a store: whoever only looks who has it, or a process that was just started by its last owner, has
/// its lock for a moment.
const TRIES: u32 = 10;
/// How long between.
const BETWEEN: Duration = Duration::from_millis(20);

/// The store belongs to this process for as long as this lives. The system gives it back when the process ends, however it
/// ends.
pub(super) struct Owned {
    #[allow(dead_code, reason = "it is held")]
    file: File,
    lock: PathBuf,
    /// The lock file was not there.
    made: bool,
}

impl Owned {
    /// Takes it.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let lock = beside(path, ".lock");
        let failed = |error: std::io::Error| {
            StoreError::Unavailable(format!("{} cannot be made: {error}", lock.display()))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = !lock.exists();
        let mut file = options.open(&lock).map_err(failed)?;
        let mut tries = TRIES;
        loop {
            match file.try_lock() {
                Ok(()) if is_at(&file, &lock) => break,
                // Whoever had it has taken the file away.
                Ok(()) if tries > 0 => file = options.open(&lock).map_err(failed)?,
                Ok(()) => return Err(in_use(path, &mut file)),
                Err(TryLockError::WouldBlock) if tries > 0 => std::thread::sleep(BETWEEN),
                Err(TryLockError::WouldBlock) => return Err(in_use(path, &mut file)),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            tries -= 1;
        }
        // For people; the lock is what counts.
        let words = || -> std::io::Result<()> {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            writeln!(file, "process {}", std::process::id())
        };
        // A full disk must not keep the store shut: what is in it may be finished.
        let mut words = words;
        if let Err(error) = words() {
            tracing::warn!(lock = %lock.display(), %error, "the lock file does not say who has the store");
        }
        Ok(Self { file, lock, made })
    }

    /// Gives it up, and leaves no lock file where none was.
    pub(super) fn undo(self) {
        if self.made && cfg!(unix) {
            // While it is locked: whoever waits for it looks whether it is still there.
            let _ = std::fs::remove_file(&self.lock);
        }
    }
}

/// Whether an open file is the one at this place.
fn is_at(file: &File, place: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |of: std::fs::Metadata| (of.dev(), of.ino());
        match (file.metadata(), std::fs::metadata(place)) {
            (Ok(open), Ok(there)) => id(open) == id(there),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = (file, place);
        true
    }
}

/// How a database of SQLite begins (Database File Format, §1.3). Whose it is, is looked at when it is open.
const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER: usize = MAGIC.len();

/// Refuses a file that is something else, before anything is done to it. One that is empty or not there is none yet.
pub(super) fn is_store(path: &Path) -> Result<(), StoreError> {
    let mut header = Vec::new();
    let Ok(file) = File::open(path) else { return Ok(()) };
    if file.take(HEADER as u64).read_to_end(&mut header).is_err() || header.is_empty() {
        return Ok(());
    }
    let place = path.display();
    // Of a store that was being made when the power went the beginning may be in its log only, or nowhere: nothing was promised then.
    let is_begun = beside(path, "-wal").exists() || header.iter().all(|octet| *octet == 0);
    if !header.starts_with(MAGIC) && !is_begun {
        return Err(StoreError::Configuration(format!(
            "{place} is no store of Waxwing: it does not begin as a database of SQLite does. Give the name of the store's file; if this \
             was one, its beginning is destroyed (docs/durability.md, \"Backup and restore\")"
        )));
    }
    Ok(())
}

/// Who has a store, as its lock file says; none: nobody.
pub(super) fn owner(path: &Path) -> Option<String> {
    let mut file = File::open(beside(path, ".lock")).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(said(&mut file)),
        _ => None,
    }
}

fn said(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(100).read_to_string(&mut text);
    match read.map(|_| text.trim()) {
        Ok(text) if text.starts_with("process ") => text.to_owned(),
        _ => "another process".into(),
    }
}

fn in_use(path: &Path, file: &mut File) -> StoreError {
    let owner = said(file);
    // The number may be that of another container's process: who opens a file twice knows it.
    let twice = match owner == format!("process {}", std::process::id()) {
        true => {
            " (if that is this one: it opens the store twice, by two <store> sections that differ, or in code)"
        }
        false => "",
    };
    StoreError::InUse(format!(
        "{owner} has {}{twice}; a store in a file is for one process. End that one, or give this one a store of its own (several nodes that \
         share sessions need PostgreSQL)",
        path.display()
    ))
}

/// File systems over a network, where locks and shared memory are not what SQLite needs.
const NETWORK: [&str; 14] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "gfs2",
    "ocfs2",
    "fuse.sshfs",
    "fuse.glusterfs",
];

/// Refuses a folder on a network file system. Known on Linux only; elsewhere nothing is detected.
pub(super) fn is_local(folder: &Path) -> Result<(), StoreError> {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    match file_system(&mounts, folder).filter(|kind| NETWORK.contains(kind)) {
        Some(kind) => Err(StoreError::Configuration(format!(
            "{} is on a network file system ({kind}), where a store in a file may be destroyed; put it on a local disk, or use \
             PostgreSQL. To do it all the same, the setting that allows it is named for what it risks",
            folder.display()
        ))),
        None => Ok(()),
    }
}

/// The kind of file system of a folder, by the lines of `mountinfo` (proc(5)).
fn file_system<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let line = |line: &'a str| {
        let (place, kind) = line.split_once(" - ")?;
        let point = place.split(' ').nth(4)?.replace("\\040", " ");
        folder.starts_with(&point).then_some((point.len(), kind.split(' ').next()?))
    };
    // The last of those with the same place is on top.
    mounts.lines().filter_map(line).max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

/// The file's whole path, so that a change of the working folder moves nothing.
pub(super) fn whole(path: &Path) -> Result<(PathBuf, PathBuf), StoreError> {
    let wrong = |text: String| StoreError::Configuration(text);
    let name = path
        .file_name()
        .ok_or_else(|| wrong(format!("'{}' is no name of a file for a store", path.display())))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let folder = folder.canonicalize().map_err(|error| {
        wrong(format!(
            "the folder {} for the store cannot be used: {error}; make it first",
            folder.display()
        ))
    })?;
    Ok((folder.join(name), folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_where_they_are_mounted() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      90 22 0:50 / /data rw - nfs4 server:/export rw\n\
                      91 90 8:2 / /data/local rw - xfs /dev/sdb rw\n\
                      92 22 0:51 / /with\\040space rw - cifs //server/share rw\n";
        let kind = |folder: &str| file_system(mounts, Path::new(folder));
        assert_eq!(kind("/var/lib"), Some("ext4"));
        assert_eq!(kind("/data/store"), Some("nfs4"));
        assert_eq!(kind("/data/local/store"), Some("xfs"));
        assert_eq!(kind("/database"), Some("ext4"));
        assert_eq!(kind("/with space/x"), Some("cifs"));
        assert!(is_local(Path::new("/")).is_ok());
    }

    #[test]
    fn the_second_is_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        assert_eq!(owner(&path), None);
        let first = Owned::take(&path).unwrap();
        let Err(StoreError::InUse(error)) = Owned::take(&path) else { panic!("two have it") };
        assert!(error.contains(&format!("process {} has", std::process::id())), "{error}");
        assert!(error.contains("it opens the store twice"), "{error}");
        assert_eq!(owner(&path), Some(format!("process {}", std::process::id())));
        drop(first);
        assert_eq!(owner(&path), None);
        Owned::take(&path).unwrap();
    }
}
