//! KeyInfo and SecurityTokenReference (WS-Security 1.1 §7; X.509 Token Profile 1.1 §3.2).

use waxwing_xml::Element;

use super::super::expect::CertificateReference;
use super::super::names::{
    DSIG, ENCRYPTED_KEY_SHA1, THUMBPRINT_SHA1, WSSE, X509_SUBJECT_KEY_IDENTIFIER,
};
use super::read::{at, base64_content, elements, malformed, require, text, unexpected};
use crate::error::{Reason, Result};

/// What a SecurityTokenReference says.
#[derive(Debug)]
pub(super) enum TokenRef<'a> {
    /// A token of this message by its id.
    Local(&'a str),
    /// A token by an absolute URI.
    External {
        /// The URI.
        uri: &'a str,
        /// The generation of the key, in either dialect.
        instance: Option<&'a str>,
    },
    /// The encrypted key of the request.
    EncryptedKeySha1(Vec<u8>),
    /// A certificate.
    Certificate(CertificateReference),
}

impl TokenRef<'_> {
    /// The reference as a person may read it.
    pub(super) fn describe(&self) -> Box<str> {
        match self {
            TokenRef::Local(id) => format!("#{id}").into(),
            TokenRef::External { uri, .. } => (*uri).into(),
            TokenRef::EncryptedKeySha1(_) => "EncryptedKeySHA1".into(),
            TokenRef::Certificate(reference) => format!("certificate with {reference}").into(),
        }
    }
}

/// The reference in a KeyInfo, which must hold one SecurityTokenReference and nothing else.
pub(super) fn key_info(info: Element<'_>) -> Result<TokenRef<'_>> {
    let children = elements(info)?;
    let mut children = children.iter();
    let reference = require(&mut children, info, WSSE, "SecurityTokenReference")?;
    super::read::end(children)?;
    token_reference(reference)
}

/// The content of a SecurityTokenReference: exactly one reference of a known form.
pub(super) fn token_reference(reference: Element<'_>) -> Result<TokenRef<'_>> {
    let children = elements(reference)?;
    let [child] = children[..] else {
        return Err(malformed(reference, "the reference", "exactly one child"));
    };
    if child.is(WSSE, "Reference") {
        by_uri(child)
    } else if child.is(WSSE, "KeyIdentifier") {
        by_identifier(child)
    } else if child.is(DSIG, "X509Data") {
        by_issuer(child)
    } else {
        Err(unexpected(child))
    }
}

fn by_uri(reference: Element<'_>) -> Result<TokenRef<'_>> {
    super::read::no_children(reference)?;
    let uri = reference.attribute("URI").unwrap_or("");
    if let Some(id) = uri.strip_prefix('#') {
        return Ok(TokenRef::Local(id));
    }
    if uri.is_empty() {
        return Err(malformed(reference, "URI", "a URI"));
    }
    let instance = super::super::Dialect::ALL
        .iter()
        .find_map(|dialect| reference.attribute_ns(dialect.conversation(), "Instance"));
    Ok(TokenRef::External { uri, instance })
}

fn by_identifier(identifier: Element<'_>) -> Result<TokenRef<'_>> {
    let octets = base64_content(identifier)?;
    match identifier.attribute("ValueType") {
        Some(THUMBPRINT_SHA1) => {
            Ok(TokenRef::Certificate(CertificateReference::Thumbprint(octets)))
        }
        Some(X509_SUBJECT_KEY_IDENTIFIER) => {
            Ok(TokenRef::Certificate(CertificateReference::SubjectKeyIdentifier(octets)))
        }
        Some(ENCRYPTED_KEY_SHA1) => Ok(TokenRef::EncryptedKeySha1(octets)),
        _ => Err(at(Reason::Unsupported("a key identifier of this ValueType"), identifier)),
    }
}

fn by_issuer(data: Element<'_>) -> Result<TokenRef<'_>> {
    let children = elements(data)?;
    let [pair] = children[..] else {
        return Err(malformed(data, "the reference", "one X509IssuerSerial"));
    };
    if !pair.is(DSIG, "X509IssuerSerial") {
        return Err(unexpected(pair));
    }
    let children = elements(pair)?;
    let mut children = children.iter();
    let issuer = require(&mut children, pair, DSIG, "X509IssuerName")?;
    let serial = require(&mut children, pair, DSIG, "X509SerialNumber")?;
    super::read::end(children)?;
    let (issuer, serial) = (text(issuer)?.into(), text(serial)?.into());
    Ok(TokenRef::Certificate(CertificateReference::IssuerSerial { issuer, serial }))
}
