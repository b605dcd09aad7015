//! What a message may contain at most. The numbers are WCF's where it has one.

/// References of one signature.
pub(super) const REFERENCES: usize = 100;
/// Transforms of one reference.
pub(super) const TRANSFORMS: usize = 10;
/// Certificates: the client's, and the service's where its key is referred to by a token.
pub(super) const CERTIFICATES: usize = 2;
/// Prefixes of one InclusiveNamespaces list: more than any message declares. Each costs a look at every element.
pub(super) const INCLUSIVE_PREFIXES: usize = 64;
/// The greatest offset of a derived key.
pub(super) const DERIVED_KEY_OFFSET: u64 = 64;
/// The longest label of a derived key, in characters.
pub(super) const LABEL_CHARACTERS: usize = 128;
/// The longest nonce of a derived key, in octets.
pub(super) const NONCE_OCTETS: usize = 128;
/// The longest nonce of a password digest, in octets: peers send 16 or 20.
pub(super) const PASSWORD_NONCE_OCTETS: usize = 128;
/// Derived keys for the protection token and, twice two, for each token that derives.
pub(super) const DERIVED_KEYS: usize = 4;
/// Derived keys more for an endorsing security context.
pub(super) const DERIVED_KEYS_ENDORSING: usize = 2;
/// Children of the Security header: more than any legitimate combination of tokens, signatures and
/// encrypted elements needs.
pub(super) const SECURITY_CHILDREN: usize = 64;
/// Headers of a message, and with them the work per message that an unauthenticated peer can cause.
pub(super) const HEADERS: usize = 128;
/// Signature confirmations: WCF sends at most three signatures in a request.
pub(super) const CONFIRMATIONS: usize = 8;
