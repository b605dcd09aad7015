//! Whether the files of the stores have changed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use waxwing_binding::{StoreLocation, StoreName};

use super::{CertificateStores, every_store};

/// The files of all stores with their lengths and times of modification. Equal ones: nothing has changed, as far as a file
/// system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<(PathBuf, u64, Option<SystemTime>)>);

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
            files.push(self.base.join(&file.certificate));
            files.extend(file.key.as_ref().map(|key| self.base.join(key)));
        }
        files.sort();
        files.dedup();
        let look = |path: PathBuf| {
            let data = std::fs::metadata(&path).ok();
            let length = data.as_ref().map_or(0, std::fs::Metadata::len);
            (path, length, data.and_then(|data| data.modified().ok()))
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
}
