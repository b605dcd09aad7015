//! What a user of a channel is told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use waxwing_binding::{ResolveError, TimeSpan};
use waxwing_session::{Diagnosis, SessionError, TransportCause};

use crate::certificates::CertificateError;
use crate::contract::CallError;

/// Why a channel cannot be made or opened, or a call failed. `Display` says what happened, what it means and what to do,
/// and `Debug` says the same, so that a `main` that returns it does.
#[derive(Clone)]
pub struct ChannelError {
    inner: Arc<Inner>,
    /// How long the call could have taken whose failure it is.
    allotted: Option<Duration>,
    /// Whether the channel had failed of it before the call.
    earlier: bool,
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
    #[error("{0} [{code}]", code = .0.code())]
    Certificate(CertificateError),
    /// Something that this version does not have.
    #[error("{0}")]
    Unsupported(String),
    /// The contract does not allow the call at this point of the session.
    #[error("{0}")]
    Contract(String),
    /// Something that must be given is missing, or does not fit.
    #[error("{0}")]
    Incomplete(String),
}

impl ChannelError {
    pub(crate) fn new(kind: ChannelErrorKind, address: &str) -> Self {
        let (address, notes) = (address.to_owned(), Vec::new());
        let inner = Inner { kind, address, diagnosis: None, notes };
        Self { inner: Arc::new(inner), allotted: None, earlier: false }
    }

    pub(crate) fn session(
        error: SessionError,
        address: &str,
        diagnosis: Option<Diagnosis>,
        notes: Vec<String>,
    ) -> Self {
        let (kind, address) = (ChannelErrorKind::Session(error), address.to_owned());
        Self {
            inner: Arc::new(Inner { kind, address, diagnosis, notes }),
            allotted: None,
            earlier: false,
        }
    }

    /// The same of a call that could have taken so long.
    pub(crate) fn of_call(mut self, allotted: Duration) -> Self {
        self.allotted = Some(allotted);
        self
    }

    /// The same for a call that came after it.
    pub(crate) fn of_faulted_channel(mut self) -> Self {
        self.earlier = true;
        self
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
        match &self.inner.kind {
            ChannelErrorKind::Certificate(error) => Some(error.code()),
            _ => self.diagnosis().map(Diagnosis::code),
        }
    }

    /// What a failed conversation most probably is; none when nothing more is known.
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        self.inner.diagnosis
    }

    /// How long the call could have taken, of a call whose time was over.
    pub fn timed_out_after(&self) -> Option<Duration> {
        let late = match self.session_error()? {
            SessionError::TimedOut { .. }
            | SessionError::Reliable(waxwing_reliable::SessionError::TimedOut { .. }) => true,
            SessionError::Transport { failure, .. } => failure.cause == TransportCause::NoAnswer,
            _ => false,
        };
        self.allotted.filter(|_| late)
    }

    /// The failure of the conversation.
    pub fn session_error(&self) -> Option<&SessionError> {
        match &self.inner.kind {
            ChannelErrorKind::Session(error) => Some(error),
            _ => None,
        }
    }
}

/// What is said of a call on a channel that has failed before, with WCF's words.
const FAULTED: &str = "The communication object, System.ServiceModel.Channels.ServiceChannel, cannot be used for communication \
     because it is in the Faulted state. Nothing of this call was sent: open a new channel. This one failed earlier of: ";

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, address, diagnosis, notes } = &*self.inner;
        if !address.is_empty() {
            write!(f, "{address}: ")?;
        }
        if self.earlier {
            f.write_str(FAULTED)?;
        }
        write!(f, "{kind}")?;
        if let Some(allotted) = self.timed_out_after() {
            write!(
                f,
                "\n  WCF: The request channel timed out while waiting for a reply after {}. Increase the timeout value passed \
                 to the call to Request or increase the SendTimeout value on the Binding. The time allotted to this operation \
                 may have been a portion of a longer timeout.",
                TimeSpan::from(allotted)
            )?;
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
    #[cold]
    fn from(error: ChannelError) -> Self {
        CallError::channel(error)
    }
}
