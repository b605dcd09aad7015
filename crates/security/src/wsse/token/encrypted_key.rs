//! Keys encrypted for a certificate (XML Encryption §3.5.1, §5.4): made, written, referred to by their hash
//! (WS-Security 1.1 §7.7), read and opened.

use waxwing_crypto::Certificate;
use waxwing_soap::RandomSource;
use waxwing_xml::Element;
use zeroize::Zeroizing;

use super::super::ids::Id;
use super::super::key::{self, TokenKey, unwrap};
use super::super::names::{DSIG, XENC};
use super::super::read::{
    algorithm, at, base64_content, elements, end, malformed, require, take, unexpected,
    wrong_algorithm,
};
use super::super::reference::{TokenRef, key_info};
use super::super::resolver::{CertificateReference, TokenResolver, X509ReferenceStyle};
use super::super::text::{
    Place, TokenReference, push as push_text, push_base64, push_reference, push_reference_list,
};
use super::super::{IdSource, SecuritySettings};
use super::x509::Certificates;
use crate::error::{Reason, Result};

/// A key encrypted for the recipient's certificate (XML Encryption §3.5.1), made by the sender of a
/// request.
#[derive(Debug, Clone)]
pub struct EncryptedKeyToken {
    pub(crate) id: Box<str>,
    pub(crate) key: TokenKey,
    pub(crate) cipher_value: Vec<u8>,
    pub(crate) recipient: CertificateReference,
}

impl EncryptedKeyToken {
    /// Draws a key of the suite's length and encrypts it for `recipient`.
    ///
    /// # Errors
    /// When the certificate's key cannot encrypt.
    pub fn generate(
        settings: &SecuritySettings,
        recipient: &Certificate,
        random: &mut dyn RandomSource,
        ids: &mut dyn IdSource,
    ) -> Result<Self> {
        let mut secret = Zeroizing::new(vec![0; settings.suite.default_key_length()]);
        random.fill(&mut secret);
        let cipher_value = key::wrap(settings, recipient, &secret)?;
        Ok(Self::from_parts(ids.next_id(), TokenKey::new(secret), cipher_value, recipient))
    }

    /// A token from its parts, as when a recorded message is built again.
    pub fn from_parts(
        id: impl Into<Box<str>>,
        key: TokenKey,
        cipher_value: Vec<u8>,
        recipient: &Certificate,
    ) -> Self {
        let recipient = CertificateReference::to(recipient, X509ReferenceStyle::Thumbprint);
        Self { id: id.into(), key, cipher_value, recipient }
    }

    /// The same, referring to its recipient in another way than by thumbprint.
    #[must_use]
    pub fn referring(mut self, recipient: CertificateReference) -> Self {
        self.recipient = recipient;
        self
    }

    /// What the reply will refer to.
    pub fn reference(&self) -> EncryptedKeyReference {
        EncryptedKeyReference::new(self.key.clone(), &self.cipher_value)
    }
}

/// An encrypted key of the request, as its reply refers to it (WS-Security 1.1 §7.7:
/// `EncryptedKeySHA1`).
#[derive(Debug, Clone)]
pub struct EncryptedKeyReference {
    pub(crate) key: TokenKey,
    pub(crate) sha1: [u8; 20],
}

impl EncryptedKeyReference {
    /// The reference to the key whose encrypted octets are `cipher_value`.
    pub fn new(key: TokenKey, cipher_value: &[u8]) -> Self {
        Self { key, sha1: key::sha1(cipher_value) }
    }

    /// The key.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// SHA-1 of the octets of the encrypted key.
    pub fn sha1(&self) -> &[u8; 20] {
        &self.sha1
    }
}

/// Writes the element, with the list of what is encrypted under the key itself (XML Encryption §3.6).
pub(in super::super) fn push(
    out: &mut Vec<u8>,
    token: &EncryptedKeyToken,
    references: &[Id],
    settings: &SecuritySettings,
) {
    let algorithm = settings.suite.key_transport_uri();
    push_text(out, &["<e:EncryptedKey Id=\"", &token.id, "\" xmlns:e=\"", XENC]);
    push_text(out, &["\"><e:EncryptionMethod Algorithm=\"", algorithm, "\""]);
    if settings.suite.key_transport_is_oaep() {
        push_text(out, &["><DigestMethod Algorithm=\"", DSIG, "sha1\" xmlns=\"", DSIG]);
        push_text(out, &["\"/></e:EncryptionMethod>"]);
    } else {
        push_text(out, &["/>"]);
    }
    push_text(out, &["<KeyInfo xmlns=\"", DSIG, "\">"]);
    let recipient = TokenReference::Certificate(&token.recipient);
    push_reference(out, recipient, settings, Place::Security, false);
    push_text(out, &["</KeyInfo><e:CipherData><e:CipherValue>"]);
    push_base64(out, &token.cipher_value);
    push_text(out, &["</e:CipherValue></e:CipherData>"]);
    push_reference_list(out, references, false);
    push_text(out, &["</e:EncryptedKey>"]);
}

/// Decrypts the key. An encrypted key that cannot be decrypted yields a secret, wrong key, so that
/// nothing but the failure of its signature can be observed. Gives the list of what is encrypted under it, too.
pub(in super::super) fn open<'e>(
    element: Element<'e>,
    settings: &SecuritySettings,
    resolver: &dyn TokenResolver,
    certificates: &mut Certificates,
) -> Result<(EncryptedKeyReference, Option<Element<'e>>)> {
    let children = elements(element)?;
    let mut children = children.iter();
    method(require(&mut children, element, XENC, "EncryptionMethod")?, settings)?;
    let reference = key_info(require(&mut children, element, DSIG, "KeyInfo")?)?;
    let data = require(&mut children, element, XENC, "CipherData")?;
    let list = take(&mut children, XENC, "ReferenceList");
    end(children)?;
    let cipher_value = base64_content(cipher_value(data)?)?;
    let certificate = match reference {
        TokenRef::Certificate(certificate) => certificate,
        TokenRef::Local(_) | TokenRef::Embedded(_) => {
            let found = certificates.find(&reference)?;
            let missing = || at(Reason::UnresolvedToken(reference.describe()), element);
            CertificateReference::Certificate(found.ok_or_else(missing)?.der().to_vec())
        }
        _ => return Err(at(Reason::UnresolvedToken(reference.describe()), element)),
    };
    let private_key = resolver
        .private_key(&certificate)
        .ok_or_else(|| at(Reason::UnknownRecipient(certificate.to_string().into()), element))?;
    let secret = unwrap(settings, private_key, &cipher_value);
    Ok((EncryptedKeyReference::new(TokenKey::new(secret), &cipher_value), list))
}

/// The CipherValue of a CipherData element, which must hold one.
pub(in super::super) fn cipher_value(data: Element<'_>) -> Result<Element<'_>> {
    let children = elements(data)?;
    let mut children = children.iter();
    let value = require(&mut children, data, XENC, "CipherValue")?;
    end(children)?;
    Ok(value)
}

/// The key transport algorithm must be the suite's; for OAEP a digest may be named, and must be SHA-1.
fn method(element: Element<'_>, settings: &SecuritySettings) -> Result<()> {
    algorithm(element, "EncryptedKey", settings.suite.key_transport_uri())?;
    for child in elements(element)? {
        if !child.is(DSIG, "DigestMethod") || !settings.suite.key_transport_is_oaep() {
            return Err(unexpected(child));
        }
        let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
        match child.attribute("Algorithm") {
            Some(found) if found == sha1 => {}
            Some(found) => return Err(wrong_algorithm(child, "RSA-OAEP", found, sha1)),
            None => return Err(malformed(child, "Algorithm", "a URI")),
        }
    }
    Ok(())
}
