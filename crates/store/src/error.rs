//! Why a store did not do what was asked.

/// Why a store did not do what was asked.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, or does not answer in time. Later it may.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// It has no room: the disk is full, or the quota of the store is reached. What is there is kept.
    #[error("the store is full: {0}")]
    Full(String),
    /// What it holds cannot be read: a key is missing, or it was changed by somebody else.
    #[error("the store cannot be read: {0}")]
    Unreadable(String),
    /// Another process has it.
    #[error("the store is in use: {0}")]
    InUse(String),
    /// It is set up in a way that would lose what it promised to keep, in words for the user.
    #[error("{0}")]
    Configuration(String),
    /// Octets were written and may not be on the disk (a failed `fsync`): nothing that the process believes of the file is
    /// certain any more.
    #[error("the store cannot be trusted any more: {0}")]
    Broken(String),
}

impl std::fmt::Debug for StoreError {
    /// As a `main` that returns it prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
