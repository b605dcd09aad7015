//! Where the keys of a store are.

use std::path::{Path, PathBuf};

use waxwing_store::{KeyFile, KeySource as _, KeyVariable, Sealing};

/// Which keys.
#[derive(clap::Args)]
#[group(multiple = false)]
pub(crate) struct Keys {
    /// The file with the store's keys; by default STORE.key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The environment variable with the store's keys
    #[arg(long, value_name = "NAME")]
    key_variable: Option<String>,
    /// The store is not sealed
    #[arg(long)]
    not_sealed: bool,
}

impl Keys {
    /// The file of keys, where they are in one.
    pub(super) fn file(&self, store: &Path) -> Option<PathBuf> {
        if self.not_sealed || self.key_variable.is_some() {
            return None;
        }
        Some(self.key_file.clone().unwrap_or_else(|| {
            let mut name = store.as_os_str().to_owned();
            name.push(".key");
            name.into()
        }))
    }

    /// How many keys there are beside the first, and where; none where there are no others.
    pub(super) fn others(&self, store: &Path) -> Option<(u64, String)> {
        let (ring, place) = match (self.file(store), &self.key_variable) {
            (Some(file), _) => (KeyFile::new(&file).keys(false), file.display().to_string()),
            (None, Some(name)) => (KeyVariable::new(name).keys(false), name.clone()),
            (None, None) => return None,
        };
        let others = ring.ok()?.len() - 1;
        (others > 0).then_some((others as u64, place))
    }

    /// Those of a database, which has none beside it. None: nothing was said.
    pub(super) fn of_database(&self) -> Option<Sealing> {
        match (&self.key_file, &self.key_variable) {
            (Some(file), _) => Some(Sealing::under(KeyFile::new(file.clone()))),
            (None, Some(name)) => Some(Sealing::under(KeyVariable::new(name))),
            (None, None) => {
                self.not_sealed.then(Sealing::off_so_that_keys_and_messages_can_be_read)
            }
        }
    }

    /// As the store takes them.
    pub(super) fn sealing(&self, store: &Path) -> Sealing {
        match (self.file(store), &self.key_variable) {
            // It is made with a store only, and there is one; where it is missing, that is told as the service tells it.
            (Some(file), _) if self.key_file.is_none() => {
                Sealing::under(KeyFile::made_with_the_store(file))
            }
            (Some(file), _) => Sealing::under(KeyFile::new(file)),
            (None, Some(name)) => Sealing::under(KeyVariable::new(name)),
            (None, None) => Sealing::off_so_that_keys_and_messages_can_be_read(),
        }
    }
}
