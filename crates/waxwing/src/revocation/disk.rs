//! What was fetched, as files: the octets as they came, to be verified again when they are read.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::cache::{Key, Kind};
use super::options::{MAX_LIST, MAX_LISTS_IN_FOLDER, MAX_OCSP};

/// The most files in the folder; the oldest go first.
const MAX_FILES: usize = 4096;
/// What was begun so long ago is not written any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Tells files apart that one process writes at once.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The octets that are kept for `key`; none when there are none, or they are too many. Blocks.
pub(super) fn read(folder: &Path, key: &Key) -> Option<Vec<u8>> {
    let most = match key.kind {
        Kind::Ocsp => MAX_OCSP,
        Kind::List => MAX_LIST,
    };
    let mut octets = Vec::new();
    let path = folder.join(key.file_name());
    // Whoever opens a pipe waits for its other end.
    fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
    let file = File::open(path).ok()?;
    file.take(most as u64 + 1).read_to_end(&mut octets).ok()?;
    (octets.len() <= most).then_some(octets)
}

/// Keeps octets: written beside and renamed, so that nobody reads half of them. Blocks.
///
/// # Errors
/// What the operating system says.
pub(super) fn write(folder: &Path, key: &Key, octets: &[u8]) -> io::Result<()> {
    make(folder)?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!("{}.{}-{number}.tmp", key.file_name(), std::process::id()));
    let written = File::create_new(&beside).and_then(|mut file| {
        file.write_all(octets)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&beside, folder.join(key.file_name())));
    if renamed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    renamed?;
    tidy(folder);
    Ok(())
}

/// A folder of the user's own.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes what is abandoned, and the oldest files while there are too many.
fn tidy(folder: &Path) {
    let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(data) = entry.metadata() else { continue };
        let (path, modified) = (entry.path(), data.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        match extension {
            "tmp" if modified.elapsed().is_ok_and(|age| age > ABANDONED) => {
                let _ = fs::remove_file(&path);
            }
            // What else lies there is somebody else's.
            "crl" | "ocsp" => kept.push((modified, data.len(), path)),
            _ => {}
        }
    }
    kept.sort();
    let (mut files, mut octets) =
        (kept.len(), kept.iter().map(|(_, length, _)| length).sum::<u64>());
    for (_, length, path) in kept {
        if files <= MAX_FILES && octets <= MAX_LISTS_IN_FOLDER {
            break;
        }
        let _ = fs::remove_file(path);
        (files, octets) = (files - 1, octets - length);
    }
}
