//! A message whose Security header was verified.

use std::sync::Arc;

use jiff::Timestamp;
use smallvec::SmallVec;
use waxwing_crypto::Certificate;
use waxwing_soap::Envelope;
use waxwing_xml::NodeId;

use super::key::MessageKey;
use super::sent::SentSignature;
use super::token::{EncryptedKeyReference, ReceivedUsername, SessionKeys, TokenKind};
use super::unread::UnreadSignature;

/// A message that was verified, with everything in it decrypted in place. Only
/// [`verify()`](super::verify()) makes one.
///
/// What is known of a header or the body is asked by its node: [`Verified::protection`]. Nothing is
/// ever looked up by identifier again, so a wrapped or copied element gains nothing.
#[derive(Debug)]
pub struct Verified {
    pub(super) envelope: Envelope,
    pub(super) action: Box<str>,
    pub(super) body: PartProtection,
    pub(super) headers: Headers,
    pub(super) token: PrimaryToken,
    pub(super) endorsing: Vec<EndorsingProof>,
    pub(super) username: Option<ReceivedUsername>,
    pub(super) signatures: Vec<SentSignature>,
    pub(super) signing: Option<Arc<MessageKey>>,
    pub(super) created: Option<Timestamp>,
    /// The primary signature, where it was read from its text, and the header with it, where that was, too.
    pub(super) unread: Option<UnreadSignature>,
}

/// The headers of a message, but for the Security header, and how each was protected.
pub(super) type Headers = SmallVec<[(NodeId, PartProtection); 12]>;

/// How a part of a message was protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartProtection {
    /// It is covered by the primary signature.
    pub signed: bool,
    /// It was encrypted.
    pub encrypted: bool,
}

/// A security context whose key signed a message: not the one that the message names, but the one under whose key its
/// MAC was computed. Only [`verify()`](super::verify()) makes one, so that whoever gets it need not ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenContext {
    identifier: Arc<str>,
    instance: Option<Arc<str>>,
}

impl ProvenContext {
    pub(super) fn new(identifier: Arc<str>, instance: Option<Arc<str>>) -> Self {
        Self { identifier, instance }
    }

    /// Its identifier, an absolute URI.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The generation of its key; none for the first.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }
}

/// What a message was verified under: the token behind its primary signature.
#[derive(Debug, Clone)]
pub enum PrimaryToken {
    /// A security context.
    Context(ProvenContext),
    /// A key encrypted for us, or (in a reply) the one that we had encrypted. A reply to this message
    /// is protected by it.
    EncryptedKey(EncryptedKeyReference),
    /// A certificate, whose key signed the message. Possession of the key is proven, **trust in the certificate is not
    /// decided** where anybody may sign.
    Certificate {
        /// The certificate.
        signer: Certificate,
        /// The key encrypted for us, under which anything was encrypted.
        key: Option<EncryptedKeyReference>,
    },
    /// None: the transport protects the message.
    Transport,
}

/// A token whose possession was proven by an endorsing signature.
#[derive(Debug, Clone)]
pub enum EndorsingProof {
    /// A certificate. Possession of its key is proven, **trust in it is not decided**.
    Certificate(Certificate),
    /// A security context.
    Context(ProvenContext),
}

impl EndorsingProof {
    /// The kind of token.
    pub fn kind(&self) -> TokenKind {
        match self {
            EndorsingProof::Certificate(_) => TokenKind::Certificate,
            EndorsingProof::Context(_) => TokenKind::Context,
        }
    }
}

impl Verified {
    /// The message, decrypted. Of an encrypted signature that was written as most stacks write it there is only an element
    /// of its name, and of a Security header that was [passed over](super::passes_security) only that of the header: what it
    /// said was compared, and only [`whole`](Self::whole) tells it.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// A copy of the message, decrypted, with all that its signatures say: for those who want to see it.
    pub fn whole(&self) -> Envelope {
        let mut copy = self.envelope.clone();
        // It was read already, so that it cannot fail; then there is an element of its name.
        let _ = self.unread.as_ref().map(|unread| unread.put(&mut copy));
        copy
    }

    /// Gives the message up for the layers above, which no longer need to know its protection.
    pub fn into_envelope(self) -> Envelope {
        self.envelope
    }

    /// The action by which the protection requirements were chosen; it was signed.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// How the body was protected.
    pub fn body_protection(&self) -> PartProtection {
        self.body
    }

    /// How a header was protected; neither for a node that is no header of this message.
    pub fn protection(&self, header: NodeId) -> PartProtection {
        self.headers
            .iter()
            .find(|(id, _)| *id == header)
            .map_or_else(PartProtection::default, |h| h.1)
    }

    /// Whether the transport protected the message: then all of it is the sender's, although no signature covers it.
    pub fn is_by_transport(&self) -> bool {
        matches!(self.token, PrimaryToken::Transport)
    }

    /// Whether the header is covered by the primary signature (over a protected transport: by one of a token).
    pub fn is_signed(&self, header: NodeId) -> bool {
        self.protection(header).signed
    }

    /// Whether a header was encrypted, so that nobody saw it before the message was verified.
    pub(crate) fn had_hidden_headers(&self) -> bool {
        self.headers.iter().any(|(_, protection)| protection.encrypted)
    }

    /// The token behind the primary signature and the encryption.
    pub fn token(&self) -> &PrimaryToken {
        &self.token
    }

    /// The certificate whose key made the primary signature of a message under certificates.
    pub fn signer(&self) -> Option<&Certificate> {
        match &self.token {
            PrimaryToken::Certificate { signer, .. } => Some(signer),
            _ => None,
        }
    }

    /// The tokens that endorsed the message.
    pub fn endorsing(&self) -> &[EndorsingProof] {
        &self.endorsing
    }

    /// The certificate that endorsed the message.
    pub fn endorsing_certificate(&self) -> Option<&Certificate> {
        self.endorsing.iter().find_map(|proof| match proof {
            EndorsingProof::Certificate(certificate) => Some(certificate),
            EndorsingProof::Context(_) => None,
        })
    }

    /// The security context that endorsed the message.
    pub fn endorsing_context(&self) -> Option<&ProvenContext> {
        self.endorsing.iter().find_map(|proof| match proof {
            EndorsingProof::Context(context) => Some(context),
            EndorsingProof::Certificate(_) => None,
        })
    }

    /// Whether it was signed by the derived key that `own` signs messages with: then it is one of our own that somebody
    /// sent back. Both directions of a session have one key, but no two ends draw the same nonce. Without derived keys it
    /// cannot be told.
    pub fn is_reflected(&self, own: &SessionKeys) -> bool {
        match (&self.signing, own.signing_key()) {
            (Some(signing), Some(own)) => signing.same(&own),
            _ => false,
        }
    }

    /// The user name token.
    pub fn username(&self) -> Option<&ReceivedUsername> {
        self.username.as_ref()
    }

    /// All signatures, the primary one first, as a reply confirms them.
    pub fn signatures(&self) -> &[SentSignature] {
        &self.signatures
    }

    /// When the sender made the message.
    pub fn created(&self) -> Option<Timestamp> {
        self.created
    }
}
