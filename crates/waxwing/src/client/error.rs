//! What a user of a channel is told.

use std::fmt;
use std::sync::Arc;

use waxwing_binding::ResolveError;
use waxwing_session::SessionError;

use crate::certificates::CertificateError;
use crate::contract::CallError;

/// Why a channel cannot be made or opened, or a call failed. `Display` says what happened, what it means and what to do.
#[derive(Debug, Clone)]
pub struct ChannelError {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ChannelErrorKind,
    address: String,
    /// What was noticed besides, e.g. that the clocks differ.
    notes: Vec<String>,
}

/// What kind of failure it is.
#[derive(Debug, thiserror::Error)]
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
        Self { inner: Arc::new(Inner { kind, address: address.to_owned(), notes: Vec::new() }) }
    }

    pub(crate) fn session(error: SessionError, address: &str, notes: Vec<String>) -> Self {
        let kind = ChannelErrorKind::Session(error);
        Self { inner: Arc::new(Inner { kind, address: address.to_owned(), notes }) }
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

    /// The stable code of what it most probably means, for searching; none when nothing more is known.
    pub fn code(&self) -> Option<&'static str> {
        match &self.inner.kind {
            ChannelErrorKind::Session(error) => error.advice().map(|advice| advice.code),
            _ => None,
        }
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
        let Inner { kind, address, notes } = &*self.inner;
        match address.is_empty() {
            true => write!(f, "{kind}")?,
            false => write!(f, "{address}: {kind}")?,
        }
        for note in notes {
            write!(f, "\n  noticed: {note}")?;
        }
        if let ChannelErrorKind::Session(error) = kind
            && let Some(advice) = error.advice()
        {
            // An unsecured fault of the security layer says by itself what it means.
            if !matches!(error, SessionError::Security(_)) || advice.is_specific() {
                write!(f, "\n  meaning: {}", advice.meaning)?;
            }
            write!(f, "\n  what to do: {} [{}]", advice.action, advice.code)?;
        }
        Ok(())
    }
}

impl std::error::Error for ChannelError {}

impl From<ChannelError> for CallError {
    fn from(error: ChannelError) -> Self {
        CallError::channel(error)
    }
}
