//! What both ends of a binding must agree on about the Security header.

use jiff::SignedDuration;
use waxwing_crypto::AlgorithmSuite;

use super::Dialect;

/// The layout of the Security header (WS-SecurityPolicy 1.2 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HeaderLayout {
    /// Every token stands before its use.
    #[default]
    Strict,
    /// Tokens may stand anywhere.
    Lax,
    /// As `Lax`, and the timestamp is the first child.
    LaxTimestampFirst,
    /// As `Lax`, and the timestamp is the last child.
    LaxTimestampLast,
}

/// In which order a message is signed and encrypted (WS-SecurityPolicy 1.2 §6.3, §6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProtectionOrder {
    /// Sign, encrypt, and leave the signature in clear.
    SignBeforeEncrypt,
    /// Sign, encrypt, and encrypt the signature while anything else is encrypted.
    #[default]
    SignBeforeEncryptAndEncryptSignature,
    /// Encrypt, then sign what was encrypted.
    EncryptBeforeSign,
}

/// The version of WS-Security itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SecurityVersion {
    /// WS-Security 1.0: no thumbprints, no confirmations, no encrypted headers.
    V10,
    /// WS-Security 1.1.
    #[default]
    V11,
}

/// How a user name token shows that its sender knows the password (Username Token Profile 1.0 §3.1, 1.1 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PasswordType {
    /// By the password itself (`#PasswordText`): what WCF writes, and all that it takes.
    #[default]
    Text,
    /// By a digest of it with a nonce and the time (`#PasswordDigest`), for peers that are not WCF. The receiver must know the
    /// password itself.
    Digest,
}

/// How the Security header is written and what is accepted: the part of a binding that this module
/// needs. The defaults are those of WCF's `wsHttpBinding`.
#[derive(Debug, Clone)]
pub struct SecuritySettings {
    /// The algorithms; a message with any other is refused.
    pub suite: AlgorithmSuite,
    /// The dialect of SecurityContextToken and DerivedKeyToken.
    pub dialect: Dialect,
    /// The version of WS-Security: what may be written, not what is accepted.
    pub version: SecurityVersion,
    /// The layout of the header.
    pub layout: HeaderLayout,
    /// The order of signing and encrypting.
    pub order: ProtectionOrder,
    /// Whether protection tokens are used through derived keys only (`RequireDerivedKeys`).
    pub derived_keys: bool,
    /// Whether the sender's certificate is signed where a message under certificates carries it (`protectTokens`). It is
    /// not demanded of a message that came in: WCF signs issued tokens only.
    pub protect_tokens: bool,
    /// Whether the attributes of the Basic Security Profile 1.0 are written. Nothing depends on it
    /// when reading.
    pub basic_security_profile: bool,
    /// How passwords are shown, and must be: the other type is refused.
    pub password_type: PasswordType,
    /// Whether an endorsing signature may be left in clear although the primary one is encrypted, as
    /// Eclipse Metro does.
    pub accept_plain_endorsing: bool,
    /// Whether messages have a timestamp and must have one (`includeTimestamp`). Without it nothing tells when a message was
    /// made, and replays cannot be looked for.
    pub include_timestamp: bool,
    /// Whether messages have a `To`, which a signature by a certificate over a protected transport must cover
    /// (WS-SecurityPolicy 1.2 §8.3). Messages without WS-Addressing have none; one that is there must be covered all the same.
    pub addressed: bool,
    /// How long a message that is sent is valid: `Expires` minus `Created`.
    pub timestamp_validity: SignedDuration,
    /// How far the clocks of the two ends may be apart.
    pub max_clock_skew: SignedDuration,
    /// How old a received message may be, the clock skew not counted.
    pub replay_window: SignedDuration,
}

impl Default for SecuritySettings {
    fn default() -> Self {
        Self {
            suite: AlgorithmSuite::BASIC256,
            dialect: Dialect::default(),
            version: SecurityVersion::default(),
            layout: HeaderLayout::default(),
            order: ProtectionOrder::default(),
            derived_keys: true,
            protect_tokens: false,
            basic_security_profile: true,
            password_type: PasswordType::default(),
            accept_plain_endorsing: true,
            include_timestamp: true,
            addressed: true,
            timestamp_validity: SignedDuration::from_mins(5),
            max_clock_skew: SignedDuration::from_mins(5),
            replay_window: SignedDuration::from_mins(5),
        }
    }
}
