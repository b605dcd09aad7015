//! What keeps a command from its work, with its exit code.

/// A fault came back, or the service cannot be talked to.
pub(crate) const FAILED: u8 = 1;
/// The source cannot be read.
pub(crate) const UNREADABLE: u8 = 2;
/// The arguments are wrong.
pub(crate) const USAGE: u8 = 64;

/// Why a command ends, for people.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The exit code.
    pub(crate) code: u8,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl Problem {
    /// The service cannot be talked to, or refused.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { code: FAILED, text: text.into() }
    }

    /// The source cannot be read.
    pub(crate) fn unreadable(text: impl Into<String>) -> Self {
        Self { code: UNREADABLE, text: text.into() }
    }

    /// The arguments are wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { code: USAGE, text: text.into() }
    }
}
