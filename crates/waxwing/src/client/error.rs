//! What a user of a channel is told.

use std::fmt;
use std::sync::Arc;

use waxwing_binding::ResolveError;
use waxwing_session::{Diagnosis, SessionError};

use crate::certificates::CertificateError;
use crate::contract::CallError;

/// Why a channel cannot be made or opened, or a call failed. `Display` says what happened, what it means and what to do,
/// and `Debug` says the same, so that a `main` that returns it does.
#[derive(Clone)]
pub struct ChannelError {
    inner: Arc<Inner>,
}

struct Inner {
    kind: ChannelErrorKind,
    address: String,
    /// What a failed conversation most probably is.
    diagnosis: Option<Diagnosis>,
    /// What was noticed besides, e.g. that the clocks differ.
    notes: Vec<String>,
}

/// What kind of failure it is.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ChannelErrorKind {
    /// The conversation failed.
    #[error(transparent)]
    Session(SessionError),
    /// The configuration has no such endpoint, or one that cannot be used.
    #[error(transparent)]
    Configuration(ResolveError),
    /// A certificate is not found or cannot be used.
    #[error(transparent)]
    Certificate(CertificateError),
    /// Something that this version does not have.
    #[error("{0}")]
    Unsupported(String),
    /// Something that must be given is missing, or does not fit.
    #[error("{0}")]
    Incomplete(String),
}

impl ChannelError {
    pub(crate) fn new(kind: ChannelErrorKind, address: &str) -> Self {
        let (address, notes) = (address.to_owned(), Vec::new());
        Self { inner: Arc::new(Inner { kind, address, diagnosis: None, notes }) }
    }

    pub(crate) fn session(
        error: SessionError,
        address: &str,
        diagnosis: Option<Diagnosis>,
        notes: Vec<String>,
    ) -> Self {
        let (kind, address) = (ChannelErrorKind::Session(error), address.to_owned());
        Self { inner: Arc::new(Inner { kind, address, diagnosis, notes }) }
    }

    pub(crate) fn incomplete(text: impl Into<String>, address: &str) -> Self {
        Self::new(ChannelErrorKind::Incomplete(text.into()), address)
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> &ChannelErrorKind {
        &self.inner.kind
    }

    /// The address of the endpoint.
    pub fn address(&self) -> &str {
        &self.inner.address
    }

    /// The stable code of what it most probably is, for searching; `docs/errors.md` lists them. None when nothing more is
    /// known.
    pub fn code(&self) -> Option<&'static str> {
        self.diagnosis().map(Diagnosis::code)
    }

    /// What a failed conversation most probably is; none when nothing more is known.
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        self.inner.diagnosis
    }

    /// The failure of the conversation.
    pub fn session_error(&self) -> Option<&SessionError> {
        match &self.inner.kind {
            ChannelErrorKind::Session(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, address, diagnosis, notes } = &*self.inner;
        match address.is_empty() {
            true => write!(f, "{kind}")?,
            false => write!(f, "{address}: {kind}")?,
        }
        for note in notes {
            write!(f, "\n  noticed: {note}")?;
        }
        if let Some(diagnosis) = diagnosis {
            let (meaning, action) = (diagnosis.meaning(), diagnosis.action());
            write!(f, "\n  meaning: {meaning}\n  what to do: {action} [{}]", diagnosis.code())?;
        }
        Ok(())
    }
}

debug_is_display!(ChannelError, ChannelErrorKind);

impl std::error::Error for ChannelError {}

impl From<ChannelError> for CallError {
    fn from(error: ChannelError) -> Self {
        CallError::channel(error)
    }
}
