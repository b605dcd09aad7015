//! Whether certificates of a verified path were revoked: what to ask, whom, and what the answer is worth
//! (RFC 5280 §5 and §6.3, RFC 6960 in the profile of RFC 5019).
//!
//! Nothing is fetched here. A [`RevocationQuestion`] comes out of
//! [`CertificateValidator::validate_path`](crate::CertificateValidator::validate_path); who has a network sends its
//! [`ocsp_request`](RevocationQuestion::ocsp_request), or gets a list, and brings the octets back.

mod answer;
mod facts;
mod list;
mod ocsp;
mod question;
mod sources;

pub use answer::{CLOCK_SKEW, RevocationAnswer, RevocationStatus, Unusable};
pub use list::{IssuedList, RevocationList};
pub use question::RevocationQuestion;
pub use sources::RevocationSources;
