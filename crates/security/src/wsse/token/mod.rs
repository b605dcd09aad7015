//! The kinds of tokens, one file each: how it is written, read, referred to and found, and what it says of its holder.
//!
//! A message has one protection token (a security context, or a key encrypted for a certificate) and a list of tokens that
//! support it ([`SupportingToken`]). What a further kind touches is told in the decision on tokens in `docs/adr`.

pub(super) mod context;
pub(super) mod encrypted_key;
pub(super) mod username;
pub(super) mod x509;

pub use context::{ContextToken, DerivedKeyToken, SessionKeys, TokenPlacement};
pub use encrypted_key::{EncryptedKeyReference, EncryptedKeyToken};
pub use username::{PasswordDigest, ReceivedUsername, UsernameCredential};

/// The kinds of tokens that support a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// An X.509 certificate.
    Certificate,
    /// A security context.
    Context,
    /// A user name and password.
    UserName,
}

impl TokenKind {
    /// The token, for an error.
    pub(super) fn name(self) -> &'static str {
        match self {
            TokenKind::Certificate => "the certificate",
            TokenKind::Context => "the security context",
            TokenKind::UserName => "the user name",
        }
    }
}

/// What a supporting token does (WS-SecurityPolicy 1.2 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SupportingUse {
    /// It signs the primary signature (over a protected transport: the timestamp), which proves its possession (§8.3).
    Endorsing,
    /// It stands in the message, signed and encrypted (§8.5): over a protected transport by that.
    SignedEncrypted,
}

/// A token that supports a message beside its protection token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SupportingToken {
    /// What kind of token.
    pub kind: TokenKind,
    /// What it does.
    pub usage: SupportingUse,
}

impl SupportingToken {
    /// A certificate that endorses: the client's.
    pub const CERTIFICATE: Self = Self::endorsing(TokenKind::Certificate);
    /// A security context that endorses: of a session that is renewed, or one over a protected transport.
    pub const CONTEXT: Self = Self::endorsing(TokenKind::Context);
    /// A user name with its password.
    pub const USER_NAME: Self =
        Self { kind: TokenKind::UserName, usage: SupportingUse::SignedEncrypted };

    const fn endorsing(kind: TokenKind) -> Self {
        Self { kind, usage: SupportingUse::Endorsing }
    }

    /// What is missing without it.
    pub(super) fn describe(self) -> &'static str {
        match self.kind {
            TokenKind::Certificate => "the endorsing signature of a certificate",
            TokenKind::Context => "the endorsing signature of the security context",
            TokenKind::UserName => "the UsernameToken",
        }
    }
}
