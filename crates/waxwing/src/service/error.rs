//! Why a host cannot be set up or opened.

use waxwing_binding::ResolveError;

use crate::certificates::CertificateError;
use crate::store::StoreError;

/// Why a host cannot be set up or opened.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The configuration has no such service, or one that cannot be used.
    #[error(transparent)]
    Configuration(#[from] ResolveError),
    /// A certificate is not found or cannot be used.
    #[error("{address}: {error} [{}]", .error.code())]
    Certificate {
        /// Of which endpoint.
        address: String,
        /// Why.
        error: CertificateError,
    },
    /// Something that this version does not have.
    #[error("{address}: {text}")]
    Unsupported {
        /// Of which endpoint.
        address: String,
        /// What.
        text: String,
    },
    /// The store cannot be opened, or is set up in a way that cannot be meant.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that must be given is missing, or does not fit.
    #[error("{}{text}", if .address.is_empty() { String::new() } else { format!("{address}: ") })]
    Incomplete {
        /// Of which endpoint; empty: the whole host.
        address: String,
        /// What.
        text: String,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {error}. Another program may use the port; choose another base address"
    )]
    Listen {
        /// Host and port.
        address: String,
        /// What the operating system said.
        error: std::io::Error,
    },
}

debug_is_display!(HostError);

/// What is missing, or does not fit, of the endpoint at `address`; of the whole host when that is empty.
pub(super) fn incomplete(address: &str, text: impl Into<String>) -> HostError {
    HostError::Incomplete { address: address.to_owned(), text: text.into() }
}
