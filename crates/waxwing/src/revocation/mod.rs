//! Whether certificates were revoked, asked of their issuers: OCSP and revocation lists over HTTP, kept in memory and on disk.
//!
//! A channel factory or host with `revocationMode="Online"` or `"Offline"` in its file has one [`Revocation`] of its own.
//! Code that brings its own validator gives it the same:
//!
//! ```no_run
//! use waxwing::crypto::{Certificate, CertificateValidator, RevocationMode, Usage, ValidationMode};
//! use waxwing::revocation::{Revocation, RevocationOptions};
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let roots = Certificate::from_pem(&std::fs::read("ca.cert.pem")?)?;
//! let clients = CertificateValidator::new(ValidationMode::ChainTrust, RevocationMode::Online, Usage::Client).with_roots(roots);
//! let revocation = Revocation::new(RevocationOptions::default());
//! let host = waxwing::ServiceHostBuilder::new().client_trust_async(revocation.trust(clients));
//! # let _ = host; Ok(()) }
//! ```
//!
//! The reasons stand in `docs/adr/0007-revocation.md`: OCSP is asked first, lists where that says nothing; a certificate is
//! asked about only when its chain to a trusted root holds; only `http` is spoken, nothing is redirected, and everything has
//! a limit.

mod cache;
mod checker;
mod disk;
mod error;
mod fetch;
mod flights;
mod options;
mod place;
mod said;
mod trust;

pub use checker::Revocation;
pub use error::RevocationError;
pub use options::{
    ALTOGETHER, CONNECT_TIMEOUT, FAILURE_KEPT, MAX_FETCHES, MAX_LIST, MAX_LISTS_IN_FOLDER,
    MAX_LISTS_IN_MEMORY, MAX_OCSP, RevocationOptions,
};
pub use trust::RevocationTrust;
