//! What an outgoing message is protected with.

use jiff::Timestamp;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_soap::RandomSource;

use super::resolver::{CertificateReference, X509ReferenceStyle};
use super::sent::SentSignature;
use super::token::{
    ContextToken, EncryptedKeyReference, EncryptedKeyToken, SessionKeys, TokenPlacement,
    UsernameCredential,
};
use super::{IdSource, SecuritySettings};
use crate::protection::MessageProtection;

/// Everything that decides how one message is protected.
#[derive(Debug)]
pub struct ProtectionPlan<'a> {
    /// The binding's settings.
    pub settings: &'a SecuritySettings,
    /// What is signed and encrypted, found by the message's action.
    pub parts: &'a MessageProtection,
    /// The token behind the primary signature and the encryption.
    pub protection: ProtectionToken<'a>,
    /// Endorsing signatures, in their order.
    pub endorsing: Vec<Endorsing<'a>>,
    /// A user name token, signed and encrypted.
    pub username: Option<&'a UsernameCredential>,
    /// The signatures of the request that a reply confirms, the primary one first.
    pub confirmations: &'a [SentSignature],
}

impl<'a> ProtectionPlan<'a> {
    /// A plan without supporting tokens and confirmations: a message of a session.
    pub fn new(
        settings: &'a SecuritySettings,
        parts: &'a MessageProtection,
        protection: ProtectionToken<'a>,
    ) -> Self {
        Self {
            settings,
            parts,
            protection,
            endorsing: Vec::new(),
            username: None,
            confirmations: &[],
        }
    }
}

/// The token behind the primary signature and the encryption of a message.
#[derive(Debug, Clone, Copy)]
pub enum ProtectionToken<'a> {
    /// A message within a session: the derived keys of [`SessionKeys`] are written in every message.
    Session(&'a SessionKeys),
    /// A security context used outside a session (a negotiated token): derived keys are made for each
    /// message.
    Context(&'a ContextToken, TokenPlacement),
    /// A key newly encrypted for the recipient's certificate; derived keys are made for each message.
    EncryptedKey(&'a EncryptedKeyToken),
    /// A reply under the encrypted key of its request; derived keys are made for each message.
    EncryptedKeyReference(&'a EncryptedKeyReference),
    /// Certificates of both ends (WS-SecurityPolicy 1.2 §7.5): the sender signs with his key, and what is encrypted is so
    /// under a key of its own that is encrypted for the recipient.
    Asymmetric(Asymmetric<'a>),
    /// The transport protects the message (`TransportWithMessageCredential`): only a timestamp and
    /// the supporting tokens are written, endorsing signatures sign the timestamp.
    Transport,
}

/// Who signs a message under certificates, and whom it is encrypted for.
#[derive(Debug, Clone, Copy)]
pub struct Asymmetric<'a> {
    /// Who signs it.
    pub signer: Signer<'a>,
    /// Whom it is encrypted for.
    pub recipient: Recipient<'a>,
}

/// Who signs a message.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// His certificate.
    pub certificate: &'a Certificate,
    /// Its private key.
    pub key: &'a PrivateKey,
    /// How the message shows the certificate.
    pub shown: ShownCertificate<'a>,
}

/// How a message shows the certificate that it is signed with.
#[derive(Debug, Clone, Copy)]
pub enum ShownCertificate<'a> {
    /// It carries it, as BinarySecurityToken with this `u:Id` (inclusion `AlwaysToRecipient` of a request).
    Carried(&'a str),
    /// It refers to it: the other end knows it (inclusion `Never`).
    Referred(&'a CertificateReference),
}

/// Whom the key of a message is encrypted for.
#[derive(Debug, Clone, Copy)]
pub enum Recipient<'a> {
    /// The holder of this certificate, which is referred to in that style. A key is drawn when anything is encrypted.
    Certificate(&'a Certificate, X509ReferenceStyle),
    /// This key, which was made before, as when a recorded message is built again.
    Key(&'a EncryptedKeyToken),
}

/// A token that proves its possession by signing the primary signature (or, over a protected
/// transport, the timestamp).
#[derive(Debug, Clone, Copy)]
pub enum Endorsing<'a> {
    /// A certificate, sent as BinarySecurityToken.
    Certificate {
        /// The `u:Id` of the token.
        id: &'a str,
        /// The certificate.
        certificate: &'a Certificate,
        /// Its private key.
        key: &'a PrivateKey,
    },
    /// A security context, attached, through a derived key that is made for the message (over a protected transport:
    /// directly, unless the settings demand derived keys).
    Context(&'a ContextToken),
    /// Over a protected transport: the security context that the message is of. Where the settings demand derived keys,
    /// the signing key of the session's serves all messages.
    Session(&'a SessionKeys),
}

/// What comes from outside with every call: time, randomness and identifiers.
pub struct Sources<'a> {
    /// The time of the sender's clock.
    pub now: Timestamp,
    /// Randomness for nonces and initialization vectors.
    pub random: &'a mut dyn RandomSource,
    /// Identifiers for timestamps.
    pub ids: &'a mut dyn IdSource,
}
