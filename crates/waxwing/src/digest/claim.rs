//! What the header of a request claims: that its sender knows the secret of a user.

use std::fmt;
use std::sync::Arc;

use super::nonces::Nonces;
use super::response::{Algorithm, Protected, Response, same};
use super::secret::DigestSecret;

/// That somebody knows the secret of a user name, as the header of a request has it (RFC 7616 §3.4). Nothing of it is proven
/// before it is compared with the secret.
#[derive(Clone)]
pub struct DigestClaim {
    stated: Stated,
    target: Target,
    nonces: Arc<Nonces>,
}

/// What a header says.
#[derive(Clone)]
pub(crate) struct Stated {
    pub(crate) username: Box<str>,
    pub(crate) realm: Box<str>,
    pub(crate) algorithm: Algorithm,
    pub(crate) nonce: Box<str>,
    /// `nc`, as it is written; eight hexadecimal digits.
    pub(crate) count: Box<str>,
    pub(crate) client_nonce: Box<str>,
    pub(crate) response: Box<str>,
}

/// The request.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) method: Box<str>,
    /// As the client has written it.
    pub(crate) uri: Box<str>,
}

impl DigestClaim {
    pub(crate) fn new(stated: Stated, target: Target, nonces: Arc<Nonces>) -> Self {
        Self { stated, target, nonces }
    }

    /// The user name.
    pub fn username(&self) -> &str {
        &self.stated.username
    }

    /// The realm, in which the service asked for it.
    pub fn realm(&self) -> &str {
        &self.stated.realm
    }

    /// Whether the sender knows the secret. Without one, which takes the same time, he does not.
    pub(crate) fn is_proven_by(&self, secret: Option<&DigestSecret>) -> bool {
        let stated = &self.stated;
        let digest = stated.algorithm.digest;
        let key = secret.and_then(|secret| secret.of(digest, &stated.username, &stated.realm));
        let nobody = || DigestSecret::password("").of(digest, &stated.username, &stated.realm);
        let protected =
            Protected { count: &stated.count, client_nonce: &stated.client_nonce, body: None };
        let response = Response {
            algorithm: stated.algorithm,
            nonce: &stated.nonce,
            protected: Some(protected),
            method: &self.target.method,
            uri: &self.target.uri,
        };
        let is_known = key.is_some();
        let Some(key) = key.or_else(nobody) else { return false };
        same(&response.digest(&key), &stated.response) && is_known
    }

    /// Whether this is the first request with its nonce and count. Asked when it is proven.
    pub(crate) fn is_first(&self) -> bool {
        let count = u32::from_str_radix(&self.stated.count, 16);
        count.is_ok_and(|count| self.nonces.spend(&self.stated.nonce, count))
    }
}

impl fmt::Debug for DigestClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = f.debug_struct("DigestClaim");
        written.field("username", &self.username()).field("realm", &self.realm());
        written.finish_non_exhaustive()
    }
}
