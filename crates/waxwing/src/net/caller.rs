//! Who calls, as a transport knows it.

use waxwing_security::conversation::{CertificateEvidence, UserNameEvidence};

use crate::digest::DigestClaim;

/// What a transport says of who sent a message: **evidence, not a verdict**. The rules of the endpoint decide whether it is
/// good, and only what they accept becomes the caller of an operation (`ProvenCaller` in between); a transport cannot say
/// that somebody is known.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum TransportCaller {
    /// Nothing.
    #[default]
    Anonymous,
    /// A user name and password that came with the message (HTTP Basic). Whether they are right is not decided.
    Password(UserNameEvidence),
    /// That the sender knows the secret of a user (HTTP Digest). Whether he does is not decided.
    Digest(Box<DigestClaim>),
    /// The certificate of a TLS client, with what came along. The handshake has proven that the peer has its private key;
    /// whether it is trusted is not decided.
    Certificate(Box<CertificateEvidence>),
}
