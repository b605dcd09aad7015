//! The hash that authenticates a negotiation: over the canonical form of what both sides sent.

use waxwing_crypto::{p_sha1, sha1};
use waxwing_xml::{Element, Exclusive, NodeId, canonicalize};

use super::error::NegotiationError;
use crate::wsse::{AUTHENTICATOR_LABEL, Dialect};

/// The length of a `CombinedHash` in octets.
const COMBINED_HASH: usize = 32;

/// The canonical octets of the legs so far (exclusive canonicalization without comments, each element
/// standing alone). White space between elements counts, comments do not.
#[derive(Debug, Default)]
pub struct Transcript {
    octets: Vec<u8>,
}

impl Transcript {
    /// A transcript without legs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a `RequestSecurityToken` or an intermediate `RequestSecurityTokenResponse`.
    pub fn add(&mut self, element: Element<'_>) {
        self.add_without(element, &[]);
    }

    /// Adds the final response, without the token and its key, which are not known to be the peer's
    /// before this hash says so.
    pub fn add_final(&mut self, response: Element<'_>, dialect: Dialect) {
        let left_out = |e: &Element<'_>| {
            e.is(dialect.trust(), "RequestedSecurityToken")
                || e.is(dialect.trust(), "RequestedProofToken")
        };
        let omit: Vec<NodeId> = response.elements().filter(left_out).map(|e| e.id()).collect();
        self.add_without(response, &omit);
    }

    fn add_without(&mut self, element: Element<'_>, omit: &[NodeId]) {
        let form = Exclusive { with_comments: false, inclusive_prefixes: &[], omit };
        canonicalize(element, &form, &mut self.octets);
    }

    /// The canonical octets so far.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The `CombinedHash` under the key of the token: P_SHA-1 over the label and the SHA-1 of the legs.
    pub fn combined_hash(&self, key: &[u8]) -> [u8; COMBINED_HASH] {
        let mut hash = [0; COMBINED_HASH];
        p_sha1(key, &[AUTHENTICATOR_LABEL, &sha1(&self.octets)], &mut hash);
        hash
    }

    /// Compares the hash of the peer in constant time.
    ///
    /// # Errors
    /// [`NegotiationError::Authenticator`] when it differs.
    pub fn check(&self, key: &[u8], found: &[u8]) -> Result<(), NegotiationError> {
        let expected = self.combined_hash(key);
        if bool::from(subtle::ConstantTimeEq::ct_eq(&expected[..], found)) {
            return Ok(());
        }
        Err(NegotiationError::Authenticator("wrong"))
    }
}
