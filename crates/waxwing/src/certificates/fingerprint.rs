//! Whether the files of the stores have changed.

use std::path::PathBuf;
use std::time::SystemTime;

use waxwing_binding::StoreName;

use super::{CertificateStores, every_store};

/// The files of all stores with their lengths and times of modification. Equal ones: nothing has changed, as far as a file
/// system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl CertificateStores {
    /// Looks at the files without reading them. Blocks for as long as the file system takes.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let mut files: Vec<PathBuf> = Vec::new();
        let disallowed = every_store().map(|(location, _)| (location, StoreName::Disallowed));
        for (location, name) in every_store().chain(disallowed) {
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
