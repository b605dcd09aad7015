//! Certificates in a message (X.509 Token Profile 1.1 §3; WS-Security 1.1 §7): written, read, and found by references to
//! them. One endorses a message by its key's signature, or says whom a key is encrypted for. Whether it is trusted is
//! decided elsewhere; the caller is its holder.

use waxwing_crypto::Certificate;
use waxwing_xml::Element;

use super::super::SecuritySettings;
use super::super::limits;
use super::super::names::{WSSE, WSU, X509_V3};
use super::super::read::{at, base64_content, unexpected};
use super::super::reference::TokenRef;
use super::super::resolver::CertificateReference;
use super::super::text::{push as push_text, push_base64, push_encoding_type, push_escaped};
use crate::error::{Reason, Result};

/// The certificates of a message that were declared so far.
#[derive(Default)]
pub(in super::super) struct Certificates(Vec<Declared>);

struct Declared {
    id: Option<Box<str>>,
    certificate: Certificate,
}

impl Certificates {
    /// Adds a BinarySecurityToken.
    pub(in super::super) fn declare(&mut self, element: Element<'_>) -> Result<()> {
        let certificate = binary_token(element)?;
        let id = element.attribute_ns(WSU, "Id").map(Into::into);
        self.add(id, certificate, element)
    }

    fn add(
        &mut self,
        id: Option<Box<str>>,
        certificate: Certificate,
        element: Element<'_>,
    ) -> Result<()> {
        if self.0.len() >= limits::CERTIFICATES {
            let (what, limit) = ("certificates", limits::CERTIFICATES);
            return Err(at(Reason::TooMany { what, limit }, element));
        }
        self.0.push(Declared { id, certificate });
        Ok(())
    }

    /// The certificate of the message that is referred to, in whatever way; none when it is not in the message. One
    /// that stands within its reference is declared by it.
    pub(in super::super) fn find(
        &mut self,
        reference: &TokenRef<'_>,
    ) -> Result<Option<&Certificate>> {
        match reference {
            TokenRef::Embedded(element) => {
                let certificate = binary_token(*element)?;
                self.add(None, certificate, *element)?;
                return Ok(self.0.last().map(|declared| &declared.certificate));
            }
            TokenRef::Certificate(CertificateReference::Certificate(der)) => {
                return self.whole(der).map(Some);
            }
            _ => {}
        }
        let fits = |declared: &&Declared| match reference {
            TokenRef::Local(id) => declared.id.as_deref() == Some(*id),
            TokenRef::Certificate(reference) => reference.is_of(&declared.certificate),
            _ => false,
        };
        let mut found = self.0.iter().filter(fits);
        let first = found.next().map(|declared| &declared.certificate);
        match found.next() {
            None => Ok(first),
            // Whoever writes the tokens chooses what identifies them: two that fit are one too many.
            Some(_) => Err(Reason::AmbiguousToken(reference.describe()).into()),
        }
    }

    /// The certificate that stands in a KeyInfo itself.
    fn whole(&mut self, der: &[u8]) -> Result<&Certificate> {
        if self.0.len() >= limits::CERTIFICATES {
            let (what, limit) = ("certificates", limits::CERTIFICATES);
            return Err(Reason::TooMany { what, limit }.into());
        }
        let certificate = parse(der)?;
        self.0.push(Declared { id: None, certificate });
        let last = self.0.last().ok_or(Reason::Missing("the certificate"))?;
        Ok(&last.certificate)
    }
}

/// The certificate in a BinarySecurityToken.
fn binary_token(element: Element<'_>) -> Result<Certificate> {
    if !element.is(WSSE, "BinarySecurityToken") {
        return Err(unexpected(element));
    }
    if element.attribute("ValueType") != Some(X509_V3) {
        return Err(at(Reason::Unsupported("a BinarySecurityToken of this ValueType"), element));
    }
    parse(&base64_content(element)?).map_err(|error| error.at("BinarySecurityToken"))
}

fn parse(der: &[u8]) -> Result<Certificate> {
    let malformed = Reason::Malformed { what: "the token", expected: "an X.509 certificate" };
    Certificate::from_der(der).map_err(|_| malformed.into())
}

/// Appends a BinarySecurityToken with the certificate (X.509 Token Profile 1.1 §3.1).
pub(in super::super) fn push(
    out: &mut Vec<u8>,
    id: &str,
    certificate: &Certificate,
    settings: &SecuritySettings,
) {
    push_text(out, &["<o:BinarySecurityToken u:Id=\""]);
    push_escaped(out, id);
    push_text(out, &["\" ValueType=\"", X509_V3, "\""]);
    push_encoding_type(out, settings);
    push_text(out, &[">"]);
    push_base64(out, certificate.der());
    push_text(out, &["</o:BinarySecurityToken>"]);
}
