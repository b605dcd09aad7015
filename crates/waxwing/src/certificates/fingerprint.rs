//! Whether the files of the stores have changed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use waxwing_binding::{StoreLocation, StoreName};

use super::folder::key_beside;
use super::{CertificateStores, every_store};

/// The files of all stores with what the file system says of them. Equal ones: nothing has changed, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<(PathBuf, Option<Look>)>);

/// What a file looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    length: u64,
    modified: Option<SystemTime>,
    place: Place,
}

/// Where the octets of a file are and when anything of it was changed, which nobody can set: a file that another one was put in
/// the place of, as old and as long as it.
#[cfg(unix)]
type Place = [i64; 4];
#[cfg(not(unix))]
type Place = ();

#[cfg(unix)]
fn place(data: &Metadata) -> Place {
    use std::os::unix::fs::MetadataExt;
    [data.dev().cast_signed(), data.ino().cast_signed(), data.ctime(), data.ctime_nsec()]
}

#[cfg(not(unix))]
fn place(_: &Metadata) -> Place {}

impl Look {
    /// None of what is not there. What a link leads to is looked at.
    fn at(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        let (length, modified, place) = (data.len(), data.modified().ok(), place(&data));
        Some(Self { length, modified, place })
    }
}

/// What the folders above those of stores hold. Most stores are not there: of sixteen, each in one of two places, that is found
/// out by three looks. Each session that is opened looks.
///
/// (None of a folder that is there and does not say what it holds.)
#[derive(Default)]
struct Parents(HashMap<PathBuf, Option<Vec<OsString>>>);

impl Parents {
    /// Whether there may be such a folder: some file systems do not tell upper case from lower.
    fn may_hold(&mut self, folder: &Path) -> bool {
        let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
            return true;
        };
        let list = || match std::fs::read_dir(parent) {
            Ok(entries) => Some(entries.filter_map(Result::ok).map(|e| e.file_name()).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(Vec::new()),
            Err(_) => None,
        };
        let held = self.0.entry(parent.to_owned()).or_insert_with(list).as_ref();
        held.is_none_or(|held| held.iter().any(|held| held.eq_ignore_ascii_case(name)))
    }
}

impl CertificateStores {
    /// Looks at the files without reading them. Blocks for as long as the file system takes.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let mut files: Vec<PathBuf> = Vec::new();
        let mut parents = Parents::default();
        let locations = [StoreLocation::CurrentUser, StoreLocation::LocalMachine];
        let disallowed = locations.map(|location| (location, StoreName::Disallowed));
        for (location, name) in every_store().chain(disallowed) {
            let folders = self.section.store_folders(location, name);
            if !folders.iter().any(|folder| parents.may_hold(&self.base.join(folder))) {
                continue;
            }
            let folder = self.folder(location, name);
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            files.extend(entries.filter_map(Result::ok).map(|entry| entry.path()));
        }
        let named = &self.section.certificates.certificate_files.add;
        for file in named {
            let certificate = self.base.join(&file.certificate);
            files.push(match &file.key {
                Some(key) => self.base.join(key),
                None => key_beside(&certificate),
            });
            files.push(certificate);
        }
        files.sort();
        files.dedup();
        let look = |path: PathBuf| {
            let look = Look::at(&path);
            (path, look)
        };
        Fingerprint(files.into_iter().map(look).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_comes_or_changes_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let stores = CertificateStores::new(root.path());
        let nothing = stores.fingerprint();
        assert_eq!(nothing, Fingerprint(Vec::new()));
        let mut seen = vec![nothing];
        let mut changes = |folder: &str, file: &str, text: &str| {
            let folder = root.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(file), text).unwrap();
            let now = stores.fingerprint();
            assert!(!seen.contains(&now), "{now:?}");
            seen.push(now);
        };
        changes("CurrentUser/My", "alice.pem", "a");
        changes("CurrentUser/My", "alice.pem", "other");
        changes("LocalMachine/Disallowed", "mallory.pem", "m");
        // (A folder beside a location is the store of both.)
        changes("TrustedPeople", "bob.pem", "b");
        std::fs::remove_dir_all(root.path()).unwrap();
        assert_eq!(stores.fingerprint(), seen[0]);
    }

    /// Another file, as long as the one before and with its time of modification; and another one that a link leads to.
    #[cfg(unix)]
    #[test]
    fn a_file_that_looks_like_the_one_before_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("Root");
        std::fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).unwrap();
            let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        };
        let stores = CertificateStores::new(root.path());
        write("ca.pem", "one");
        let before = stores.fingerprint();
        write("ca.new", "two");
        std::fs::rename(folder.join("ca.new"), folder.join("ca.pem")).unwrap();
        let after = stores.fingerprint();
        assert_ne!(before, after);
        std::fs::remove_file(folder.join("ca.pem")).unwrap();
        for (name, text) in [("a", "one"), ("b", "two")] {
            std::fs::create_dir(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join("ca.pem"), text).unwrap();
        }
        let link = |to: &str| {
            let _ = std::fs::remove_file(folder.join("ca.pem"));
            std::os::unix::fs::symlink(root.path().join(to).join("ca.pem"), folder.join("ca.pem"))
                .unwrap();
            stores.fingerprint()
        };
        assert_ne!(link("a"), link("b"));
    }
}
