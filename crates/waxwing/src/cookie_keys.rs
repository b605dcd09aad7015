//! The file with the keys that seal security contexts which a service does not remember, and its rotation while the service
//! runs.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use waxwing_crypto::{KeyRing, KeyRingError, SealingKeyId};
use waxwing_security::conversation::CookieKeys;
use zeroize::Zeroizing;

/// The most octets of a file of keys: 64 lines of 45 characters, and as much for people.
const MAX_FILE: u64 = 16 * 1024;

/// A file with cookie keys: one a line, 32 octets in base64; the first seals, all open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CookieKeyFile(PathBuf);

/// Why it cannot be used. No part of a key is in it.
#[derive(Debug)]
pub(crate) enum CookieKeyFileError {
    Read(PathBuf, std::io::Error),
    TooLarge(PathBuf),
    NoText(PathBuf),
    Content(PathBuf, KeyRingError),
}

impl fmt::Display for CookieKeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => {
                write!(f, "the file of cookie keys {} cannot be read: {error}", path.display())
            }
            Self::TooLarge(path) => write!(
                f,
                "the file of cookie keys {} has more than {MAX_FILE} bytes: it is none",
                path.display()
            ),
            Self::NoText(path) => {
                write!(f, "the file of cookie keys {} is no text", path.display())
            }
            Self::Content(path, error) => {
                write!(f, "the file of cookie keys {}: {error}", path.display())
            }
        }
    }
}

impl CookieKeyFile {
    /// The file of this name, which counts from the folder.
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self(folder.join(name))
    }

    /// Its keys.
    ///
    /// # Errors
    /// It cannot be read, or is none of keys.
    pub(crate) fn read(&self) -> Result<KeyRing, CookieKeyFileError> {
        let path = || self.0.clone();
        let failed = |error| CookieKeyFileError::Read(path(), error);
        let mut octets = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
        let file = File::open(&self.0).map_err(failed)?;
        file.take(MAX_FILE + 1).read_to_end(&mut octets).map_err(failed)?;
        if octets.len() as u64 > MAX_FILE {
            return Err(CookieKeyFileError::TooLarge(path()));
        }
        let text = std::str::from_utf8(&octets).map_err(|_| CookieKeyFileError::NoText(path()))?;
        KeyRing::parse(text).map_err(|error| CookieKeyFileError::Content(path(), error))
    }

    /// Looks whether the keys in the file are others by now, and takes them. What cannot be read leaves the keys as they
    /// are: a file that is just being written is whole the next time.
    pub(crate) fn look(&self, keys: &CookieKeys) {
        match self.read() {
            Ok(ring) if names(&ring) != names(&keys.current()) => {
                let (file, first) = (self.0.display(), ring.first().id());
                tracing::info!(%file, keys = ring.len(), seals = %first, "other cookie keys from now on");
                keys.replace(ring);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("the cookie keys stay as they were: {error}"),
        }
    }

    /// Whether others than its owner can read it, where the system tells.
    pub(crate) fn is_open_to_others(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let metadata = std::fs::metadata(&self.0);
            metadata.is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
        }
        #[cfg(not(unix))]
        false
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

fn names(ring: &KeyRing) -> Vec<SealingKeyId> {
    ring.keys().map(|key| key.id()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests write their files")]

    use super::*;

    const A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    #[test]
    fn keys_change_when_the_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = CookieKeyFile::new(folder.path(), "cookies.keys");
        assert!(file.read().unwrap_err().to_string().contains("cookies.keys cannot be read"));
        std::fs::write(file.path(), A).unwrap();
        let keys = CookieKeys::new(file.read().unwrap());
        let first = keys.current().first().id();
        // Half of a file, or none, changes nothing.
        std::fs::write(file.path(), &B[..20]).unwrap();
        file.look(&keys);
        std::fs::remove_file(file.path()).unwrap();
        file.look(&keys);
        assert_eq!(keys.current().first().id(), first);
        std::fs::write(file.path(), format!("# new\n{B}\n{A}\n")).unwrap();
        file.look(&keys);
        assert_ne!(keys.current().first().id(), first);
        assert!(keys.current().find(first).is_some());
        std::fs::write(file.path(), "x".repeat(20_000)).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains("more than"), "{error}");
        std::fs::write(file.path(), format!("{A}\nsecret")).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(error.contains("line 2 is no key") && !error.contains("secret"), "{error}");
    }
}
