//! What a receiver expects of a message.

use jiff::Timestamp;
use waxwing_crypto::Certificate;
use waxwing_xml::Limits;

use super::replay::ReplayCache;
use super::sent::SentSignature;
use super::token::{EncryptedKeyReference, SupportingToken, TokenKind};
use super::{HeaderLayout, SecuritySettings};
use crate::protection::{Direction, ProtectionRequirements};

/// What a received message must look like.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// The binding's settings.
    pub settings: &'a SecuritySettings,
    /// What must be signed and encrypted, looked up by the message's action.
    pub requirements: &'a ProtectionRequirements,
    /// Whether a request or a reply is expected.
    pub direction: Direction,
    /// The token behind the primary signature and the encryption.
    pub protection: ExpectedToken<'a>,
    /// The tokens that must be there beside it. Others are refused.
    pub supporting: &'a [SupportingToken],
    /// The signatures of the request that a reply must confirm; empty when it confirms none.
    pub confirmations: &'a [SentSignature],
    /// The receiver's time.
    pub now: Timestamp,
    /// Limits for decrypted content; those that the message was parsed with.
    pub limits: &'a Limits,
    /// The memory of messages received; `None` switches replay detection off.
    pub replay: Option<&'a ReplayCache>,
}

impl Expectations<'_> {
    /// The layout that is demanded: over a protected transport the strict one, whatever is set, as WCF does.
    pub(super) fn layout(&self) -> HeaderLayout {
        match self.protection {
            ExpectedToken::Transport => HeaderLayout::Strict,
            _ => self.settings.layout,
        }
    }

    /// Whether a token of this kind is to support the message.
    pub(super) fn is_supported_by(&self, kind: TokenKind) -> bool {
        self.supporting.iter().any(|token| token.kind == kind)
    }
}

/// The token that the primary signature and the encryption of a received message must come from.
#[derive(Debug, Clone, Copy)]
pub enum ExpectedToken<'a> {
    /// A security context that the message carries (a request); its key comes from
    /// [`TokenResolver::context_key`](super::TokenResolver::context_key).
    AttachedContext,
    /// This security context, which the message refers to by URI only (a reply within a session, or
    /// to a negotiated token). The key comes from [`TokenResolver::context_key`](super::TokenResolver::context_key).
    ExternalContext {
        /// The identifier that must be named.
        identifier: &'a str,
    },
    /// A key that is encrypted for a certificate of ours; its private key comes from
    /// [`TokenResolver::private_key`](super::TokenResolver::private_key).
    EncryptedKey,
    /// The key that our request carried, referred to by the SHA-1 of its encrypted octets.
    EncryptedKeyReference(&'a EncryptedKeyReference),
    /// A certificate whose key signed the message; what is encrypted is so under a key that is encrypted for a certificate
    /// of ours (WS-SecurityPolicy 1.2 §7.5).
    Asymmetric(ExpectedSigner<'a>),
    /// None: the transport protects the message.
    Transport,
}

/// Whose signature a message under certificates must have.
#[derive(Debug, Clone, Copy)]
pub enum ExpectedSigner<'a> {
    /// That of whoever's certificate it carries: a client. Who may send is decided afterwards.
    Carried,
    /// That of this certificate, which the message may carry or refer to: the service.
    Known(&'a Certificate),
}
