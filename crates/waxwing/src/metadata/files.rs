//! Files and folders, read under limits.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use waxwing_metadata::load::files_of_folder;

/// The most files of a folder that are looked at, and how deep.
const MAX_FILES: usize = 2000;
const MAX_FOLDERS: usize = 12;

/// The path as locations have it: with `/`.
pub(super) fn location_of(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    text.strip_prefix("./").map_or_else(|| text.clone(), str::to_owned)
}

/// A file, at most `limit` octets of it and one more, by which the loader sees that it is too large.
pub(super) fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    take(fs::File::open(path)?, limit)
}

/// The standard input.
pub(super) fn read_input(limit: usize) -> io::Result<Vec<u8>> {
    take(io::stdin().lock(), limit)
}

fn take(from: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut octets)?;
    Ok(octets)
}

/// A file that a document refers to: below `root` also when links are followed.
pub(super) fn read_below(root: &Path, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let (real_root, real) = (fs::canonicalize(root)?, fs::canonicalize(path)?);
    if !real.starts_with(&real_root) {
        return Err(io::Error::other("a link leads out of the folder"));
    }
    if !real.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    read(&real, limit)
}

/// The metadata of a folder: paths below it.
pub(super) fn of_folder(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    list(folder, &PathBuf::new(), MAX_FOLDERS, &mut found)?;
    found.sort();
    let paths: Vec<_> = found.iter().map(String::as_str).collect();
    Ok(files_of_folder(&paths).into_iter().map(str::to_owned).collect())
}

/// Links are not followed, hidden ones not looked at.
fn list(root: &Path, below: &Path, depth: usize, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name();
        if found.len() >= MAX_FILES || name.to_string_lossy().starts_with('.') {
            continue;
        }
        let path = below.join(&name);
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            list(root, &path, depth - 1, found)?;
        } else if kind.is_file() {
            found.push(location_of(&path));
        }
    }
    Ok(())
}
