//! `waxwing store compact` and `rotate`: what is done while no process has the store.

use std::fs;
use std::path::{Path, PathBuf};

use waxwing_store::KeyFile;
use waxwing_store::sqlite::admin;

use super::keys::Keys;
use super::{DONE, words};
use crate::authority::Failure;

/// What `compact` takes.
#[derive(clap::Args)]
pub(super) struct Compact {
    /// The file of the store
    #[arg(value_name = "STORE")]
    store: PathBuf,
}

pub(super) fn compact(arguments: &Compact) -> Result<u8, Failure> {
    let (before, after) = admin::compact(&arguments.store)?;
    println!("{} before, {} now", words::octets(before), words::octets(after));
    Ok(DONE)
}

/// What `rotate` takes.
#[derive(clap::Args)]
pub(super) struct Rotate {
    /// The file of the store
    #[arg(value_name = "STORE")]
    store: PathBuf,
    #[command(flatten)]
    keys: Keys,
    /// Make a new key and put it in front of the file of keys; without this the first key that is there is the new one
    #[arg(long, conflicts_with_all = ["key_variable", "not_sealed"])]
    make_key: bool,
}

pub(super) fn rotate(arguments: &Rotate) -> Result<u8, Failure> {
    if arguments.make_key
        && let Some(file) = arguments.keys.file(&arguments.store)
    {
        // Not before it is known that nobody has the store: whoever has it must get the key, too.
        admin::compact(&arguments.store)?;
        put_in_front(&file)?;
        println!("a new key stands in front of those in {}", file.display());
    }
    let rotated = admin::rotate(&arguments.store, &arguments.keys.sealing(&arguments.store))?;
    println!("{} sealed anew, {} already", words::count(rotated.sealed, "value"), rotated.kept);
    if let Some((others, place)) = arguments.keys.others(&arguments.store) {
        let keys = words::count(others, "other key");
        println!(
            "the store needs the first key of {place} only: {keys} can be taken out of it when no backup needs them"
        );
    }
    Ok(DONE)
}

/// A new key in front of those of a file; the file is the old one or the new one at every moment.
fn put_in_front(file: &Path) -> Result<(), Failure> {
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    KeyFile::make(&new)?;
    let others = waxwing::security::Zeroizing::new(fs::read_to_string(file).or_else(|error| {
        match error.kind() {
            std::io::ErrorKind::NotFound => Ok(String::new()),
            _ => Err(error),
        }
    })?);
    let add = || -> std::io::Result<()> {
        use std::io::Write;
        let mut whole = fs::OpenOptions::new().append(true).open(&new)?;
        let comments = |line: &&str| !line.trim_start().starts_with('#');
        for line in others.lines().filter(comments) {
            whole.write_all(line.as_bytes())?;
            whole.write_all(b"\n")?;
        }
        whole.sync_all()?;
        fs::rename(&new, file)
    };
    add().map_err(|error| format!("{} cannot be written: {error}", file.display()).into())
}
