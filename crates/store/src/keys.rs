//! Where the keys come from that a store is sealed under.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxwing_crypto::{KeyRing, SealingKey};
use zeroize::Zeroizing;

use crate::error::StoreError;

/// The largest file of keys in octets: 64 keys with a line of words each.
const LARGEST_FILE: u64 = 64 * 1024;

/// Gives the keys of a store: a file, an environment variable, or a service that keeps keys (KMS, HSM). The first key of the
/// ring seals, all open; [`KeyRing`] says how they are changed.
pub trait KeySource: Send + Sync + 'static {
    /// The keys. Asked once, when the store is opened, in a thread that may wait. `begins`: the store is made just now, so a
    /// source that can make keys may do that; later a missing key is a mistake that a new one would hide.
    ///
    /// # Errors
    /// In words: where it looked, and what is wrong. Nothing of a key.
    fn keys(&self, begins: bool) -> Result<KeyRing, StoreError>;

    /// What it is, for people: `the file /var/lib/orders/waxwing.key`.
    fn describe(&self) -> String;
}

/// How the values of a store are kept.
#[derive(Clone)]
pub struct Sealing(pub(crate) Option<Arc<dyn KeySource>>);

impl Sealing {
    /// Sealed under the keys of this source.
    pub fn under(keys: impl KeySource) -> Self {
        Self(Some(Arc::new(keys)))
    }

    /// Not sealed: whoever reads the store, its backups or the disk it was on reads the keys of sessions and every message.
    pub fn off_so_that_keys_and_messages_can_be_read() -> Self {
        Self(None)
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(keys) => write!(f, "Sealing(under {})", keys.describe()),
            None => f.write_str("Sealing(off)"),
        }
    }
}

/// Keys in a file, as [`KeyRing::parse`] reads them. On Unix it must be readable by its owner only.
///
/// A file beside the store protects copies and backups of the store that are made without it, and a disk of the store alone.
/// It protects nothing from somebody who reads both, as the service's own user and the administrator do.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
    makes: bool,
}

impl KeyFile {
    /// A file that is there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), makes: false }
    }

    /// A file that is made with one new key (mode 0600) when the store is made and the file is not there yet.
    pub fn made_with_the_store(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), makes: true }
    }

    /// Makes the file, with one new key. It is there as a whole, or not at all, whenever the power goes: written beside its place
    /// (`PATH.new`), then moved there.
    ///
    /// # Errors
    /// It is there, or cannot be written.
    pub fn make(path: &Path) -> Result<KeyRing, StoreError> {
        let mut octets = Zeroizing::new([0; SealingKey::LENGTH]);
        getrandom::fill(&mut octets[..]).map_err(|error| {
            StoreError::Unavailable(format!("the system gives no random octets: {error}"))
        })?;
        let line = Zeroizing::new(STANDARD.encode(&octets[..]));
        let text = Zeroizing::new(format!(
            "# Keys of a store of Waxwing: the first one seals, all open. Without them nothing in it can be read.\n{}\n",
            *line
        ));
        if path.exists() {
            return Err(wrong(path, "is there already; nothing was changed"));
        }
        write_new(path, &text).map_err(|error| cannot(path, "written", &error))?;
        KeyRing::parse(&text).map_err(|error| wrong(path, &error.to_string()))
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut options = OpenOptions::new();
    // Whoever was interrupted here before has left one.
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)?;
    sync_folder(path)
}

/// A new name is durable once the folder is.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    // Elsewhere a folder cannot be opened, and needs not be.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        std::fs::File::open(folder)?.sync_all()?;
    }
    let _ = path;
    Ok(())
}

fn cannot(path: &Path, what: &str, error: &std::io::Error) -> StoreError {
    StoreError::Configuration(format!("the key file {} cannot be {what}: {error}", path.display()))
}

fn wrong(path: &Path, what: &str) -> StoreError {
    StoreError::Configuration(format!("the key file {}: {what}", path.display()))
}

impl KeySource for KeyFile {
    fn keys(&self, begins: bool) -> Result<KeyRing, StoreError> {
        let path = &self.path;
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && self.makes && begins => {
                return Self::make(path);
            }
            Err(error) if error.kind() == ErrorKind::NotFound && self.makes => {
                return Err(wrong(
                    path,
                    "is missing, and the store beside it is sealed under what was in it; put it back from where you keep it. \
                     Without it nothing in the store can be read: then move the store away, and a new one begins empty",
                ));
            }
            Err(error) => return Err(cannot(path, "read", &error)),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(|error| cannot(path, "read", &error))?.permissions();
            if mode.mode() & 0o077 != 0 {
                return Err(wrong(
                    path,
                    &format!(
                        "others than its owner may read or change it (mode {:03o}); run: chmod 600 {}",
                        mode.mode() & 0o777,
                        path.display()
                    ),
                ));
            }
        }
        let mut text = Zeroizing::new(String::new());
        let read = file.take(LARGEST_FILE + 1).read_to_string(&mut text);
        if read.map_err(|error| cannot(path, "read", &error))? as u64 > LARGEST_FILE {
            return Err(wrong(path, "is no file of keys: it is too large"));
        }
        KeyRing::parse(&text).map_err(|error| wrong(path, &error.to_string()))
    }

    fn describe(&self) -> String {
        format!("the file {}", self.path.display())
    }
}

/// Keys in an environment variable: those of [`KeyRing::parse`], with lines or with commas between them.
#[derive(Debug, Clone)]
pub struct KeyVariable(String);

impl KeyVariable {
    /// The variable of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl KeySource for KeyVariable {
    fn keys(&self, _begins: bool) -> Result<KeyRing, StoreError> {
        let name = &self.0;
        let text = std::env::var(name).map(Zeroizing::new).map_err(|_| {
            StoreError::Configuration(format!(
                "the environment variable {name} is not set; put the key of the store in it: 32 random octets in base64, as \
                 'openssl rand -base64 32' writes them"
            ))
        })?;
        let text = Zeroizing::new(text.replace(',', "\n"));
        KeyRing::parse(&text).map_err(|error| {
            StoreError::Configuration(format!("the environment variable {name}: {error}"))
        })
    }

    fn describe(&self) -> String {
        format!("the environment variable {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &impl KeySource) -> String {
        source.keys(false).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_made_with_the_store_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.key");
        let file = KeyFile::made_with_the_store(&path);
        assert!(error(&file).contains("is missing"));
        let made = file.keys(true).unwrap();
        let read = file.keys(false).unwrap();
        assert_eq!(made.first().id(), read.first().id());
        assert_eq!(file.keys(true).unwrap().first().id(), read.first().id());
        assert!(error(&KeyFile::new(folder.path().join("other"))).contains("cannot be read"));
        let text = std::fs::read_to_string(&path).unwrap();
        let key = text.lines().last().unwrap();
        assert!(!format!("{file:?}{read:?}{made:?}").contains(key));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_for_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.key");
        let ring = KeyFile::make(&path).unwrap();
        let mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for open in [0o640, 0o604, 0o660, 0o644] {
            mode(open);
            let error = error(&KeyFile::new(&path));
            assert!(error.contains("chmod 600") && error.contains(&format!("{open:o}")), "{error}");
        }
        mode(0o400);
        assert_eq!(KeyFile::new(&path).keys(false).unwrap().first().id(), ring.first().id());
    }

    #[test]
    fn a_variable() {
        assert!(error(&KeyVariable::new("WAXWING_NOT_SET")).contains("is not set"));
        // The tests' own variables are what cargo gives them.
        assert!(error(&KeyVariable::new("CARGO_MANIFEST_DIR")).contains("line 1 is no key"));
    }
}
