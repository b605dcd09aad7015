//! Files that hold secrets: traces with decrypted messages, private keys.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a file that only its owner can read or write (mode 0600), or empties one that is there and makes it so. A
/// device or pipe keeps its mode.
///
/// Where the operating system is not a Unix, who can read the file is what the folder says.
///
/// # Errors
/// The file cannot be made, or belongs to somebody else.
pub fn create_private(path: &Path) -> io::Result<File> {
    let file = open_private(path, OpenOptions::new().write(true))?;
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

/// The same, keeping what is in the file: what is written is appended.
///
/// # Errors
/// As [`create_private`].
pub fn append_private(path: &Path) -> io::Result<File> {
    open_private(path, OpenOptions::new().append(true))
}

/// Nothing new is in the file before its mode is right.
fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.create(true);
    private_mode(options);
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        restrict(&file)?;
    }
    Ok(file)
}

#[cfg(unix)]
fn private_mode(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private_mode(_: &mut OpenOptions) {}

#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        create_private(&path).unwrap().write_all(b"a long secret").unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        create_private(&path).unwrap().write_all(b"short").unwrap();
        assert_eq!(mode(), 0o600);
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
        append_private(&path).unwrap().write_all(b" and long").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"short and long");
        create_private(Path::new("/dev/null")).unwrap().write_all(b"nothing").unwrap();
    }
}
