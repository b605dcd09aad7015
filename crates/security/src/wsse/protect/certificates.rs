//! Messages under certificates (WS-SecurityPolicy 1.2 §7.5): the sender's signature, and the key that is encrypted for the
//! recipient.

use waxwing_crypto::Certificate;

use super::super::key::{self, TokenKey};
use super::super::names::X509_V3;
use super::super::plan::{ProtectionPlan, ProtectionToken, Recipient, ShownCertificate, Signer};
use super::super::resolver::CertificateReference;
use super::super::text::TokenReference;
use super::super::token::{EncryptedKeyToken, x509};
use super::super::{SecuritySettings, Sources};
use super::elements::Element;
use super::used_key::KeyUse;
use crate::error::Result;

/// What makes the primary signature.
pub(super) enum PrimarySigner<'a> {
    /// A symmetric key.
    Key(KeyUse<'a>),
    /// The key of a certificate.
    Certificate(Signer<'a>),
}

impl PrimarySigner<'_> {
    /// The algorithm of the suite.
    pub(super) fn method(&self, settings: &SecuritySettings) -> &'static str {
        match self {
            PrimarySigner::Key(_) => settings.suite.symmetric_signature_uri(),
            PrimarySigner::Certificate(_) => settings.suite.asymmetric_signature_uri(),
        }
    }

    /// The signature value of `octets`.
    pub(super) fn sign(&self, settings: &SecuritySettings, octets: &[u8]) -> Result<Vec<u8>> {
        match self {
            PrimarySigner::Key(used) => Ok(used.key.sign(settings, octets)?.to_vec()),
            PrimarySigner::Certificate(signer) => key::sign_with(settings, signer.key, octets),
        }
    }

    /// How the signature says who made it.
    pub(super) fn reference(&self) -> TokenReference<'_> {
        match self {
            PrimarySigner::Key(used) => used.reference(),
            PrimarySigner::Certificate(Signer { shown, .. }) => match *shown {
                ShownCertificate::Carried(id) => TokenReference::Local { id, value_type: X509_V3 },
                ShownCertificate::Referred(reference) => TokenReference::Certificate(reference),
            },
        }
    }

    /// The certificate as it stands in the message, where it is to be signed itself.
    pub(super) fn protected_token(&self, settings: &SecuritySettings) -> Option<Element> {
        let PrimarySigner::Certificate(Signer { certificate, shown, .. }) = self else {
            return None;
        };
        let ShownCertificate::Carried(id) = *shown else { return None };
        if !settings.protect_tokens {
            return None;
        }
        let mut text = Vec::with_capacity(2048);
        push_carried(&mut text, certificate, *shown, settings);
        Some(Element::with_utility(&text, id))
    }
}

/// Writes the sender's certificate where the message carries it.
pub(super) fn push_carried(
    out: &mut Vec<u8>,
    certificate: &Certificate,
    shown: ShownCertificate<'_>,
    settings: &SecuritySettings,
) {
    if let ShownCertificate::Carried(id) = shown {
        x509::push(out, id, certificate, settings);
    }
}

/// The key that what is encrypted under certificates is encrypted with: drawn, and encrypted for the recipient. None of
/// other messages, and none of one that brings its key.
pub(super) fn draw(
    plan: &ProtectionPlan<'_>,
    sources: &mut Sources<'_>,
) -> Result<Option<EncryptedKeyToken>> {
    let ProtectionToken::Asymmetric(asymmetric) = plan.protection else { return Ok(None) };
    let settings = plan.settings;
    let (certificate, style) = match asymmetric.recipient {
        Recipient::Key(key) => return Ok(Some(key.clone())),
        Recipient::Certificate(certificate, style) => (certificate, style),
    };
    let mut secret = zeroize::Zeroizing::new(vec![0; settings.suite.default_key_length()]);
    sources.random.fill(&mut secret);
    let cipher_value = key::wrap(settings, certificate, &secret)?;
    let reference = CertificateReference::to(certificate, style);
    let token = EncryptedKeyToken::from_parts("", TokenKey::new(secret), cipher_value, certificate);
    Ok(Some(token.referring(reference)))
}
