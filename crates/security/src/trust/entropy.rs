//! Secrets in trust messages and the key made of two of them (WS-Trust February 2005 §6.1.5, §6.5;
//! 1.3 §4.4.3, §4.4.4).

use std::fmt;

use waxwing_xml::{Document, Element, Name, NodeId};
use zeroize::Zeroizing;

use super::read;
use crate::error::{Reason, Result};
use crate::wsse::names::WSU;
use crate::wsse::{Dialect, SecuritySettings};

/// The most octets of a `BinarySecret` that are read: four times what any suite asks for, so that a
/// peer cannot make us hash megabytes.
const MAX_SECRET: usize = 1024;
/// The fewest octets of entropy that are taken: as many as the shortest key of any suite has. Less could be guessed.
const MIN_ENTROPY: usize = 16;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// Entropy: one of the two parts of a key.
    Nonce,
    /// A key. Also meant when the `Type` is absent.
    SymmetricKey,
}

/// A secret (`BinarySecret`). Its octets are wiped when dropped and not shown by `Debug`.
#[derive(Clone)]
pub struct BinarySecret {
    /// The `u:Id`, written by WCF and needed by nobody.
    pub id: Option<Box<str>>,
    /// What it is for.
    pub kind: SecretKind,
    /// The octets.
    pub octets: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for BinarySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BinarySecret({:?}, {} octets)", self.kind, self.octets.len())
    }
}

impl BinarySecret {
    /// Entropy with an identifier.
    pub fn nonce(id: impl Into<Box<str>>, octets: Zeroizing<Vec<u8>>) -> Self {
        Self { id: Some(id.into()), kind: SecretKind::Nonce, octets }
    }

    pub(super) fn write(&self, document: &mut Document, parent: NodeId, dialect: Dialect) {
        let secret = document.append_element(parent, read::trust(dialect, "BinarySecret"));
        if let Some(id) = &self.id {
            document.set_attribute(secret, Name::new("u", "Id", WSU), id);
        }
        let kind = match self.kind {
            SecretKind::Nonce => "/Nonce",
            SecretKind::SymmetricKey => "/SymmetricKey",
        };
        let kind = [dialect.trust(), kind].concat();
        document.set_attribute(secret, Name::local("Type"), &kind);
        document.hold_secret();
        document.append_text(secret, &Zeroizing::new(read::base64(&self.octets)));
    }

    /// Reads the secret of an `Entropy` element.
    pub(super) fn read_entropy(element: Element<'_>, dialect: Dialect) -> Result<Self> {
        let secret = Self::read(element, dialect)?;
        if secret.octets.len() < MIN_ENTROPY {
            let expected = "16 octets or more";
            return Err(Reason::Malformed { what: "the Entropy", expected }.into());
        }
        Ok(secret)
    }

    pub(super) fn read(element: Element<'_>, dialect: Dialect) -> Result<Self> {
        let kind = element.attribute("Type").map(|t| t.strip_prefix(dialect.trust()).unwrap_or(t));
        let kind = match kind {
            Some("/Nonce") => SecretKind::Nonce,
            None | Some("/SymmetricKey") => SecretKind::SymmetricKey,
            Some(_) => return Err(Reason::Unsupported("this Type of a BinarySecret").into()),
        };
        element.document().hold_secret();
        let octets = read::octets(element, "a BinarySecret", MAX_SECRET)?;
        if octets.is_empty() {
            return Err(Reason::Missing("the value of a BinarySecret").into());
        }
        let id = element.attribute_ns(WSU, "Id").map(Into::into);
        Ok(Self { id, kind, octets: Zeroizing::new(octets) })
    }
}

/// The key of `bits` bits made of both entropies: P_SHA-1 with the requestor's as the secret and the
/// issuer's as the seed, without label (WS-Trust February 2005 §6.5.2: `CK/PSHA1`).
pub fn combine_entropy(requestor: &[u8], issuer: &[u8], bits: u32) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(vec![0; (bits / 8) as usize]);
    waxwing_crypto::p_sha1(requestor, &[issuer], &mut key);
    key
}

/// Whether the algorithm suite allows symmetric keys of this many bits (WS-SecurityPolicy 1.2 §6.1).
pub fn is_key_size_supported(settings: &SecuritySettings, bits: u32) -> bool {
    bits.is_multiple_of(8) && settings.suite.allows_symmetric_key_bits(bits as usize)
}

#[cfg(test)]
mod tests {
    use waxwing_xml::Limits;

    use super::*;

    #[test]
    fn who_writes_or_reads_a_secret_has_the_document_wiped() {
        let dialect = Dialect::February2005;
        let mut document = Document::new(Name::local("a"));
        let root = document.root().id();
        assert!(!document.holds_secret());
        let secret = BinarySecret::nonce("_1", Zeroizing::new(vec![7; MIN_ENTROPY]));
        secret.write(&mut document, root, dialect);
        assert!(document.holds_secret());
        let read = Document::parse(document.to_xml(), &Limits::SOAP).expect("XML");
        assert!(!read.holds_secret());
        let element = read.root().first_element().expect("the secret");
        let found = BinarySecret::read_entropy(element, dialect).expect("a secret");
        assert!(found.octets == secret.octets && read.holds_secret());
    }
}
