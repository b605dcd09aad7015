//! KeyInfo and SecurityTokenReference (WS-Security 1.1 §7; X.509 Token Profile 1.1 §3.2).

use waxwing_xml::Element;

use super::names::{
    DSIG, ENCRYPTED_KEY_SHA1, THUMBPRINT_SHA1, WSSE, X509_SUBJECT_KEY_IDENTIFIER, X509_V3,
};
use super::read::{at, base64_content, elements, malformed, require, text, unexpected};
use super::resolver::CertificateReference;
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
    /// A token that stands in the reference itself.
    Embedded(Element<'a>),
}

impl TokenRef<'_> {
    /// The reference as a person may read it.
    pub(super) fn describe(&self) -> Box<str> {
        match self {
            TokenRef::Local(id) => format!("#{id}").into(),
            TokenRef::External { uri, .. } => (*uri).into(),
            TokenRef::EncryptedKeySha1(_) => "EncryptedKeySHA1".into(),
            TokenRef::Certificate(reference) => format!("certificate with {reference}").into(),
            TokenRef::Embedded(_) => "embedded token".into(),
        }
    }
}

/// The reference in a KeyInfo, which must hold one SecurityTokenReference, or one X509Data (XML Signature §4.4.4), and
/// nothing else.
pub(super) fn key_info(info: Element<'_>) -> Result<TokenRef<'_>> {
    let children = elements(info)?;
    if let [data] = children[..]
        && data.is(DSIG, "X509Data")
    {
        return x509_data(data);
    }
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
        x509_data(child)
    } else if child.is(WSSE, "Embedded") {
        embedded(child).map(TokenRef::Embedded)
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
    let instance = super::Dialect::ALL
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
        Some(X509_V3) => Ok(TokenRef::Certificate(CertificateReference::Certificate(octets))),
        Some(ENCRYPTED_KEY_SHA1) => Ok(TokenRef::EncryptedKeySha1(octets)),
        _ => Err(at(Reason::Unsupported("a key identifier of this ValueType"), identifier)),
    }
}

/// What X509Data says of a certificate: one thing, so that two cannot contradict each other.
fn x509_data(data: Element<'_>) -> Result<TokenRef<'_>> {
    let children = elements(data)?;
    let [child] = children[..] else {
        let expected = "one X509IssuerSerial, X509SKI or X509Certificate";
        return Err(malformed(data, "the reference", expected));
    };
    let reference = match (child.namespace(), child.local_name()) {
        (DSIG, "X509IssuerSerial") => return by_issuer(child),
        (DSIG, "X509SKI") => CertificateReference::SubjectKeyIdentifier(base64_content(child)?),
        (DSIG, "X509Certificate") => CertificateReference::Certificate(base64_content(child)?),
        _ => return Err(unexpected(child)),
    };
    Ok(TokenRef::Certificate(reference))
}

fn by_issuer(pair: Element<'_>) -> Result<TokenRef<'_>> {
    let children = elements(pair)?;
    let mut children = children.iter();
    let issuer = require(&mut children, pair, DSIG, "X509IssuerName")?;
    let serial = require(&mut children, pair, DSIG, "X509SerialNumber")?;
    super::read::end(children)?;
    let (issuer, serial) = (text(issuer)?.into(), text(serial)?.into());
    Ok(TokenRef::Certificate(CertificateReference::IssuerSerial { issuer, serial }))
}

/// The token within an Embedded reference (WS-Security 1.1 §7.4): one, and a certificate.
fn embedded(holder: Element<'_>) -> Result<Element<'_>> {
    match elements(holder)?[..] {
        [token] if token.is(WSSE, "BinarySecurityToken") => Ok(token),
        [other] => Err(unexpected(other)),
        _ => Err(malformed(holder, "the reference", "exactly one token")),
    }
}
