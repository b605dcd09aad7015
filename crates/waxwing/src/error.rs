//! Every error that this crate gives, in one place.
//!
//! | where | error | its kinds |
//! | --- | --- | --- |
//! | a configuration file is read | [`ConfigurationFileError`] | [`ConfigurationError`], [`DecodeError`](crate::binding::DecodeError) |
//! | a channel is made or opened, or closed | [`ChannelError`] | [`ChannelErrorKind`], [`SessionError`], [`Diagnosis`] |
//! | an operation is called | [`CallError`] | the service's [`Fault`], a [`ContractError`], or a [`ChannelError`] |
//! | a host is set up or opened | [`HostError`] | [`ResolveError`], [`CertificateError`] |
//! | metadata are fetched | [`MetadataError`] | what was tried |
//! | an operation fails at its service | [`OperationFault`] | |
//!
//! `Display` says what happened, what it means and what to do; `Debug` says the same, so that a `main` that returns an
//! error is read by people. What most probably is wrong has a stable code ([`ChannelError::code`]), by which it can be
//! searched; the page `docs/errors.md` of the repository lists them.

pub use crate::certificates::CertificateError;
pub use crate::client::{ChannelError, ChannelErrorKind};
pub use crate::configuration::ConfigurationFileError;
pub use crate::contract::{BodyError, CallError, ContractError, OperationFault};
pub use crate::metadata::MetadataError;
pub use crate::service::HostError;

pub use waxwing_binding::{ConfigurationError, Refusal, ResolveError};
pub use waxwing_reliable::{
    Blame, FaultKind, SequenceFault, SessionError as ReliableSessionError, Step,
};
pub use waxwing_security::conversation::{
    ClientError as ClientSecurityError, FaultOrigin, IdentityMismatch, SecurityFaultKind,
};
pub use waxwing_security::negotiation::NegotiationError;
pub use waxwing_security::{Reason as SecurityReason, SecurityError, SecurityFault, Staleness};
pub use waxwing_session::{
    Diagnosis, SessionError, SessionStep, Situation, TransportCause, TransportFailure,
};
pub use waxwing_soap::{Fault, FaultCode};
