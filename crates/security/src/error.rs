//! What can be wrong with a secured message, and what the peer may learn of it.
//!
//! The peer gets one of a handful of faults (WS-Security 1.1 §12, WS-SecureConversation §8) that never
//! tell a padding error from a bad digest. The local [`SecurityError`] says which element was at
//! fault and what was expected of it.

use std::fmt;

use crate::protection::ProtectionLevel;

/// The result of the operations of this crate.
pub type Result<T, E = SecurityError> = std::result::Result<T, E>;

/// A message that could not be protected or verified: why, and at which element.
///
/// One pointer: results are moved through every step of every message, errors hardly ever. For the same reason they are made out of
/// line, which tells the compiler that whatever leads to them is rare.
#[derive(Clone, PartialEq, Eq)]
pub struct SecurityError(Box<Refusal>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    reason: Reason,
    element: Option<Box<str>>,
    /// Somebody on the way can have made it so.
    is_doubtful: bool,
}

impl SecurityError {
    /// An error for `reason` that names no element.
    #[cold]
    #[inline(never)]
    pub fn new(reason: Reason) -> Self {
        Self(Box::new(Refusal { reason, element: None, is_doubtful: false }))
    }

    /// The same error, saying at which element it occurred (for instance `o:Security/c:DerivedKeyToken`).
    /// An element that is named already stays.
    #[cold]
    #[must_use]
    pub fn at(mut self, element: impl Into<Box<str>>) -> Self {
        self.0.element.get_or_insert_with(|| element.into());
        self
    }

    /// The same error, which somebody on the way can have brought about without any key.
    #[cold]
    #[must_use]
    pub(crate) fn doubtful(mut self, is_doubtful: bool) -> Self {
        self.0.is_doubtful = is_doubtful;
        self
    }

    /// What is wrong.
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }

    /// The element at fault, when one can be named.
    pub fn element(&self) -> Option<&str> {
        self.0.element.as_deref()
    }

    /// Whether the message is the peer's own beyond doubt, unaltered and fresh, and is refused because the two ends are
    /// set up differently (protection levels, order, signature confirmations): the next one will be no better.
    pub fn is_disagreement(&self) -> bool {
        let differs = matches!(
            self.0.reason,
            Reason::Level { .. }
                | Reason::PlainSignature
                | Reason::NotConfirmed
                | Reason::UnexpectedConfirmation
        );
        differs && !self.0.is_doubtful
    }

    /// The fault that the peer is told, which never distinguishes causes that an attacker could probe.
    pub fn fault(&self) -> SecurityFault {
        self.0.reason.fault()
    }
}

impl fmt::Debug for SecurityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { reason, element, is_doubtful } = &*self.0;
        f.debug_struct("SecurityError")
            .field("reason", reason)
            .field("element", element)
            .field("is_doubtful", is_doubtful)
            .finish()
    }
}

impl fmt::Display for SecurityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.element {
            Some(element) => write!(f, "{} (at {element})", self.0.reason),
            None => write!(f, "{}", self.0.reason),
        }
    }
}

impl std::error::Error for SecurityError {}

impl From<Reason> for SecurityError {
    #[cold]
    #[inline(never)]
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

/// The subcode of the fault that a peer is told (WS-Security 1.1 §12; WS-SecureConversation February 2005 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecurityFault {
    /// `wsse:InvalidSecurity`: anything that is not one of the others.
    InvalidSecurity,
    /// `wsse:FailedAuthentication`: a token was understood and is not trusted.
    FailedAuthentication,
    /// `wsse:InvalidSecurityToken`: a token is malformed.
    InvalidSecurityToken,
    /// `wsc:BadContextToken`: the security context is unknown or expired.
    BadContextToken,
    /// `wsse:InvalidSecurity` with the text for an action outside the contract.
    UnknownAction,
}

/// Why a message was refused or could not be protected. The text is for the local log only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The message has no Security header for this receiver.
    #[error(
        "Security processor was unable to find a security header in the message. This might be because the message is \
         an unsecured fault or because there is a binding mismatch between the communicating parties.   This can occur \
         if the service is configured for security and the client is not using security."
    )]
    NoSecurityHeader,
    /// Two Security headers for the same role.
    #[error("the message has two Security headers for this receiver; only one is allowed")]
    SecondSecurityHeader,
    /// An element that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An element occurs more often than allowed.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// Headers of two versions of WS-Addressing.
    #[error("the message has headers of two versions of WS-Addressing")]
    MixedAddressing,
    /// An element that the Security header, or the place, may not contain.
    #[error("unexpected element {{{namespace}}}{local}")]
    UnexpectedElement {
        /// Its namespace.
        namespace: Box<str>,
        /// Its local name.
        local: Box<str>,
    },
    /// Text where only elements are allowed.
    #[error("unexpected text content")]
    UnexpectedText,
    /// The content of an element or attribute cannot be read.
    #[error("{what} is malformed: expected {expected}")]
    Malformed {
        /// The element or attribute.
        what: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// An algorithm other than the suite's.
    #[error("{what} uses the algorithm '{found}', but the algorithm suite demands '{expected}'")]
    Algorithm {
        /// Where the algorithm stands.
        what: &'static str,
        /// The URI found.
        found: Box<str>,
        /// The URI of the suite.
        expected: Box<str>,
    },
    /// Something that WS-Security allows and this implementation does not.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// Two elements with the same identifier.
    #[error("the identifier '{0}' occurs more than once in the message")]
    DuplicateId(Box<str>),
    /// A reference to something other than the Body, a header or a child of the Security header.
    #[error("the reference '{0}' leads to no Body, header or security element of this message")]
    UnresolvedReference(Box<str>),
    /// The same part is referenced twice.
    #[error("the reference '{0}' occurs twice")]
    DuplicateReference(Box<str>),
    /// A token reference that cannot be resolved at this place.
    #[error("the token reference {0} cannot be resolved here")]
    UnresolvedToken(Box<str>),
    /// A token reference that fits more than one token of the message.
    #[error("the token reference {0} fits more than one token of the message")]
    AmbiguousToken(Box<str>),
    /// A token of a kind that may not be used for this purpose.
    #[error("{what} uses a token of the wrong kind; expected {expected}")]
    WrongToken {
        /// What uses the token.
        what: &'static str,
        /// Which token was expected.
        expected: &'static str,
    },
    /// The message is signed with another certificate than that of the end that it must come from.
    #[error(
        "the message is signed with the certificate '{found}', but must come from '{expected}'"
    )]
    ForeignSigner {
        /// Subject and thumbprint of the certificate found.
        found: Box<str>,
        /// Those of the one expected.
        expected: Box<str>,
    },
    /// A header that the contract encrypts, under WS-Security 1.0.
    #[error(
        "SecurityVersion.WSSecurityJan2004 does not support header encryption. Header with name '{local}' and namespace \
         '{namespace}' is configured for encryption. Consider using SecurityVersion.WsSecurity11 and above or use transport \
         security to encrypt the full message. Or give the header the protection level Sign"
    )]
    EncryptedHeader {
        /// The header's local name.
        local: Box<str>,
        /// Its namespace.
        namespace: Box<str>,
    },
    /// The reference list, signature or tokens stand in an order that the layout forbids.
    #[error("{0} stands at the wrong place of the Security header")]
    WrongOrder(&'static str),
    /// A number out of its range.
    #[error("{what} is {value}, the limit is {limit}")]
    OutOfRange {
        /// What is out of range.
        what: &'static str,
        /// The value found.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// A key does not have the length that the algorithm suite demands for what it is used for.
    #[error("a {what} of {found} octets is used for {purpose}; the algorithm suite has {expected}")]
    KeyLength {
        /// Where the key comes from.
        what: &'static str,
        /// What it is used for.
        purpose: &'static str,
        /// Its length in octets.
        found: usize,
        /// The suite's.
        expected: usize,
    },
    /// A derived key has the seed of the hash that ends a negotiation, which is in clear.
    #[error(
        "the label and nonce of a derived key are those of a negotiation's CombinedHash, which everybody can read"
    )]
    ReservedSeed,
    /// A required part is not covered by the primary signature.
    #[error("{0} is not signed, but must be")]
    NotSigned(Box<str>),
    /// A required part is not encrypted.
    #[error("{0} is not encrypted, but must be")]
    NotEncrypted(Box<str>),
    /// A part of the contract is protected less than the contract says.
    #[error(
        "{what} is {}, but the contract demands {}: the protection levels of the two ends' contracts differ",
        .found.words(), .required.words()
    )]
    Level {
        /// The body or a header.
        what: Box<str>,
        /// How it is protected.
        found: ProtectionLevel,
        /// What the contract demands.
        required: ProtectionLevel,
    },
    /// Something is encrypted and the primary signature is not.
    #[error(
        "the primary signature is not encrypted, but must be while anything else is: the two ends' \
         messageProtectionOrder differ"
    )]
    PlainSignature,
    /// Encrypted content outside the signature.
    #[error("{0} is encrypted but not signed")]
    EncryptedNotSigned(Box<str>),
    /// The digest of a signed part differs.
    #[error(
        "the digest of the part '{0}' differs: the part was altered or is not the one that was signed"
    )]
    DigestMismatch(Box<str>),
    /// The signature value is wrong for its key.
    #[error("the signature value is wrong: the SignedInfo was altered or another key was used")]
    SignatureMismatch,
    /// Decryption failed (key, padding or structure; never told apart).
    #[error("the encrypted content cannot be decrypted")]
    Decryption,
    /// Decrypted content is no XML fragment that may stand there.
    #[error("the decrypted content is not well-formed: {0}")]
    DecryptedContent(Box<str>),
    /// The timestamp is too old, too far ahead or already expired.
    #[error("the timestamp is not acceptable: {0}")]
    Stale(Staleness),
    /// The same signature value was seen before.
    #[error("the message was received before (same signature value)")]
    Replay,
    /// The same digest of a password was seen before: somebody has copied it out of another message.
    #[error(
        "the digest of the password was received before, with the same Nonce and Created: it is good once (a client that sends \
         a message again draws another Nonce)"
    )]
    PasswordDigestReplay,
    /// The message is older than what is remembered of its sender: the memory of received messages is full, or the
    /// clock was set back.
    #[error(
        "the message was created at {created} and may have been received before: of its sender's messages created up \
         to {oldest} not all are remembered (the memory of received messages, replayCacheSize, is full, or this \
         machine's clock was set back)"
    )]
    OlderThanMemory {
        /// When the message was created.
        created: jiff::Timestamp,
        /// When the newest message was created that is forgotten.
        oldest: jiff::Timestamp,
    },
    /// The message was created ahead of the receiver's clock, and there is no room to remember more of those.
    #[error(
        "the message was created at {created}, ahead of now ({now}); too many such messages are remembered to accept \
         another (clocks apart, or somebody who fills the memory of received messages)"
    )]
    AheadOfMemory {
        /// When the message was created.
        created: jiff::Timestamp,
        /// The receiver's time.
        now: jiff::Timestamp,
    },
    /// Replays are looked for, and the message does not say when it was made.
    #[error(
        "No Timestamp is available in the security header to do replay detection. (with includeTimestamp=\"false\" set \
         detectReplays=\"false\", too)"
    )]
    NoTimestampForReplays,
    /// The security context is unknown.
    #[error("the security context '{0}' is unknown or expired")]
    UnknownContext(Box<str>),
    /// A security context that comes without a cookie, and that nobody here remembers.
    #[error(
        "The SecurityContextSecurityToken with context-id={identifier} {} is not registered. (it has no Cookie, and this \
         process does not remember it: another one issued it, or it was forgotten)",
        .instance.as_deref().map_or_else(
            || "(no key generation-id)".to_owned(),
            |instance| format!("(key generation-id={instance})")
        )
    )]
    NotRegistered {
        /// The context's identifier.
        identifier: Box<str>,
        /// The generation of its key.
        instance: Option<Box<str>>,
    },
    /// The cookie of a security context cannot be used.
    #[error(
        "The SecurityContextSecurityToken has an invalid Cookie. The following error occurred when processing the \
         Cookie: '{0}'."
    )]
    Cookie(CookieProblem),
    /// Signature and encryption do not belong to the same context, or not to the session's.
    #[error("the message is secured by another security context than its session's")]
    ForeignContext,
    /// A message of our own that somebody sent back to us.
    #[error("the message is one of this end's own that was sent back to it")]
    Reflected,
    /// The answer to a cancellation that nobody asked for.
    #[error("The security session received an unexpected close response from the other party.")]
    UnexpectedCancelResponse,
    /// A message after the one by which the other end said that it sends nothing more.
    #[error(
        "the other end had ended its side of the security session, and sent another message in it"
    )]
    AfterTheEnd,
    /// The encrypted key is for a certificate that this endpoint does not have.
    #[error("the key is encrypted for another certificate than this endpoint's: one with {0}")]
    UnknownRecipient(Box<str>),
    /// SignatureConfirmation elements do not match what was sent.
    #[error("the signature confirmations do not match the request: {0}")]
    SignatureConfirmation(&'static str),
    /// The reply confirms no signature at all.
    #[error(
        "the reply confirms no signature of its request: requireSignatureConfirmation is set here, but not at the service"
    )]
    NotConfirmed,
    /// The reply confirms signatures, and nobody asked it to.
    #[error(
        "the reply confirms signatures of its request: requireSignatureConfirmation is set at the service, but not here"
    )]
    UnexpectedConfirmation,
    /// A derived key is required, and the token's own key was used.
    #[error("{0} uses a token's key directly, but derived keys are required")]
    DerivedKeyRequired(&'static str),
    /// No protection requirements are known for the action.
    #[error(
        "The message could not be processed because the action '{0}' is invalid or unrecognized."
    )]
    UnknownAction(Box<str>),
    /// Over a protected transport: a signature, and nothing that would have to prove itself by one.
    #[error("Supporting token signatures not expected.")]
    SignatureNotExpected,
    /// Over a protected transport: a signature before there is a timestamp that it could cover.
    #[error("Signing without primary signature requires timestamp.")]
    SignatureWithoutTimestamp,
    /// Over a protected transport: no timestamp.
    #[error("Required timestamp missing in security header.")]
    TimestampRequired,
    /// Over a protected transport: a signature by a token that is not in the message or is not expected.
    #[error("Unrecognized supporting token '{0}' was encountered.")]
    UnrecognizedSupportingToken(Box<str>),
    /// Over a protected transport: a second signature by the same kind of token.
    #[error(
        "More than one supporting signature was encountered using the same supporting token '{0}'."
    )]
    SecondSupportingSignature(Box<str>),
    /// Over a protected transport: a signature that must cover `To`, and no `To`.
    #[error("The message received over Transport security was missing the 'To' header.")]
    NoTo,
    /// Over a protected transport: a certificate's signature does not cover `To`, which binds the message to its
    /// receiver.
    #[error("The message received over Transport security has unsigned 'To' header.")]
    UnsignedTo,
    /// Over a protected transport: no token of the session that the message is of.
    #[error("No session token was present in the message.")]
    NoSessionToken,
    /// A token is not trusted.
    #[error("the security token is not trusted: {0}")]
    Untrusted(Box<str>),
    /// A cryptographic operation on our own keys failed.
    #[error("a cryptographic operation failed: {0}")]
    Crypto(waxwing_crypto::CryptoError),
    /// A plan asks for something that its tokens cannot do.
    #[error("the message cannot be protected: {0}")]
    Plan(&'static str),
}

/// What is wrong with the cookie of a security context. The peer learns only that its context is of no use
/// (`BadContextToken`), and gets another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieProblem {
    /// It is no base64, too long, or not in the form in which they are sealed here.
    #[error(
        "Error decoding the Cookie element of SecurityContextSecurityToken. (it is not of the form that Waxwing \
         writes, or too long: another product issued it?)"
    )]
    Encoding,
    /// It was sealed under a key that is not in the ring.
    #[error(
        "Error decoding the Cookie element of SecurityContextSecurityToken. (it was sealed under the key {0}, which is \
         not among the cookie keys here: the processes of this service do not share their ring, or the key was taken out)"
    )]
    UnknownKey(waxwing_crypto::SealingKeyId),
    /// It, or what it is bound to, is not what it was when it was sealed.
    #[error(
        "The SecurityContextSecurityToken's Cookie element either does not contain 'Id', 'ContextId' or 'KeyGeneration' or \
         has a wrong value for it. (it or its token was altered, or it was issued by an endpoint of another kind)"
    )]
    Altered,
    /// What it holds cannot be read although it is genuine.
    #[error(
        "Error parsing SecurityContextSecurityToken Cookie XML. (another version of Waxwing sealed it)"
    )]
    Content,
    /// Its time is over.
    #[error("it expired at {expires}")]
    Expired {
        /// When.
        expires: jiff::Timestamp,
    },
}

/// What is wrong with a timestamp. Times are the message's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Staleness {
    /// `Created` is not before `Expires`.
    #[error("Created {created} is not before Expires {expires}")]
    Inverted {
        /// The creation time.
        created: jiff::Timestamp,
        /// The expiry time.
        expires: jiff::Timestamp,
    },
    /// `Expires` lies before now by more than the clock skew.
    #[error("it expired at {expires}, now is {now}; are the clocks apart?")]
    Expired {
        /// The expiry time.
        expires: jiff::Timestamp,
        /// The receiver's time.
        now: jiff::Timestamp,
    },
    /// `Created` lies ahead of now by more than the clock skew.
    #[error("it was created at {created}, ahead of now ({now}); are the clocks apart?")]
    Future {
        /// The creation time.
        created: jiff::Timestamp,
        /// The receiver's time.
        now: jiff::Timestamp,
    },
    /// `Created` is older than the replay window and the clock skew.
    #[error("it was created at {created}, too long before now ({now})")]
    TooOld {
        /// The creation time.
        created: jiff::Timestamp,
        /// The receiver's time.
        now: jiff::Timestamp,
    },
}

impl Reason {
    fn fault(&self) -> SecurityFault {
        match self {
            Reason::UnknownContext(_) | Reason::NotRegistered { .. } | Reason::Cookie(_) => {
                SecurityFault::BadContextToken
            }
            Reason::UnknownAction(_) => SecurityFault::UnknownAction,
            Reason::Untrusted(_) => SecurityFault::FailedAuthentication,
            _ => SecurityFault::InvalidSecurity,
        }
    }
}
