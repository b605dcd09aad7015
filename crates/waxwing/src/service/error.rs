//! Why a host cannot be set up or opened.

use std::io;

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
    #[error("cannot listen on {address}: {error}. {}", what_next(.error.kind()))]
    Listen {
        /// Host and port.
        address: String,
        /// What the operating system said.
        error: io::Error,
    },
}

debug_is_display!(HostError);

/// What can be done where nothing can be listened on.
fn what_next(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => {
            "The process does not have the rights: ports below 1024 (net.tcp without a port is 808) belong to the administrator on \
             most systems; choose another one, or let it have CAP_NET_BIND_SERVICE (Linux) or a reservation (Windows)"
        }
        io::ErrorKind::AddrNotAvailable => {
            "The address is none of this machine's: write a name or address of it, localhost, or 0.0.0.0 for all"
        }
        _ => "Another program may use the port; choose another base address",
    }
}

/// What is missing, or does not fit, of the endpoint at `address`; of the whole host when that is empty.
pub(super) fn incomplete(address: &str, text: impl Into<String>) -> HostError {
    HostError::Incomplete { address: address.to_owned(), text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with an address says what to do about it.
    #[test]
    fn who_cannot_listen_is_told_why() {
        for (kind, words) in [
            (io::ErrorKind::PermissionDenied, "ports below 1024"),
            (io::ErrorKind::AddrNotAvailable, "none of this machine's"),
            (io::ErrorKind::AddrInUse, "Another program"),
        ] {
            let address = "net.tcp://shop:808".to_owned();
            let told = HostError::Listen { address, error: kind.into() }.to_string();
            assert!(told.starts_with("cannot listen on net.tcp://shop:808: "), "{told}");
            assert!(told.contains(words), "{told}");
        }
    }
}
