//! EncryptedKey (XML Encryption §3.5.1, §5.4).

use waxwing_xml::Element;

use super::super::SecuritySettings;
use super::super::expect::{CertificateReference, TokenResolver};
use super::super::key::{TokenKey, unwrap};
use super::super::names::{DSIG, XENC};
use super::super::token::EncryptedKeyReference;
use super::certificates::Certificates;
use super::read::{
    algorithm, at, base64_content, elements, end, malformed, require, unexpected, wrong_algorithm,
};
use super::reference::{TokenRef, key_info};
use crate::error::{Reason, Result};

/// Decrypts the key. An encrypted key that cannot be decrypted yields a secret, wrong key, so that
/// nothing but the failure of its signature can be observed.
pub(super) fn open(
    element: Element<'_>,
    settings: &SecuritySettings,
    resolver: &dyn TokenResolver,
    certificates: &mut Certificates,
) -> Result<EncryptedKeyReference> {
    let children = elements(element)?;
    let mut children = children.iter();
    method(require(&mut children, element, XENC, "EncryptionMethod")?, settings)?;
    let reference = key_info(require(&mut children, element, DSIG, "KeyInfo")?)?;
    let data = require(&mut children, element, XENC, "CipherData")?;
    end(children)?;
    let cipher_value = cipher_value(data)?;
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
    Ok(EncryptedKeyReference::new(TokenKey::new(secret), &cipher_value))
}

/// The octets of a CipherData element, which must hold a CipherValue.
pub(super) fn cipher_value(data: Element<'_>) -> Result<Vec<u8>> {
    let children = elements(data)?;
    let mut children = children.iter();
    let value = require(&mut children, data, XENC, "CipherValue")?;
    end(children)?;
    base64_content(value)
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
