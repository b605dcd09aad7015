//! Signature and SignedInfo (XML Signature §4), with exactly the suite's algorithms.

use smallvec::SmallVec;
use subtle::ConstantTimeEq;
use waxwing_xml::{Canonicalizer, Element, Exclusive, NodeId, Sink};

use super::super::SecuritySettings;
use super::super::ids::{Id, order_of};
use super::super::key::{self, Digester, MacSink, MessageKey};
use super::super::limits;
use super::super::names::{DSIG, EXC_C14N, EXC_C14N_WITH_COMMENTS, STR_TRANSFORM};
use super::super::read::{
    Short, algorithm, at, base64_content, elements, end, malformed, no_children, require,
    short_base64_content, unexpected, wrong_algorithm,
};
use super::super::reference::{TokenRef, key_info};
use super::remembered::Remembered;
use crate::error::{Reason, Result};
use waxwing_crypto::{Certificate, DigestValue};

/// The children of the Security header that the primary signature covers.
pub(super) type Signed = SmallVec<[NodeId; 8]>;

/// A reference of a signature: to what, how it is hashed, and the digest.
pub(super) struct Reference {
    pub(super) id: Id,
    /// That of the identifier.
    order: u64,
    transform: Transform,
    pub(super) digest: Short,
}

#[derive(Default)]
struct Transform {
    with_comments: bool,
    /// Mostly there are none.
    inclusive_prefixes: Vec<Box<str>>,
}

impl Transform {
    /// Exclusive canonicalization without parameters.
    fn is_plain(&self) -> bool {
        !self.with_comments && self.inclusive_prefixes.is_empty()
    }

    fn canonicalize(
        &self,
        canonicalizer: &mut Canonicalizer<'_>,
        element: Element<'_>,
        sink: &mut impl Sink,
    ) {
        let prefixes: SmallVec<[&str; 4]> = self.inclusive_prefixes.iter().map(|p| &**p).collect();
        let (with_comments, inclusive_prefixes) = (self.with_comments, &*prefixes);
        let exclusive = Exclusive { with_comments, inclusive_prefixes, ..Exclusive::default() };
        canonicalizer.write(element, &exclusive, sink);
    }
}

/// A Signature element that was taken apart; nothing of it is verified yet.
pub(super) struct Signature<'e> {
    info: Element<'e>,
    canonicalization: Transform,
    method: Element<'e>,
    pub(super) references: Vec<Reference>,
    pub(super) value: Vec<u8>,
    pub(super) key: TokenRef<'e>,
}

impl<'e> Signature<'e> {
    /// Takes a Signature element apart. Objects and any algorithm parameter are refused.
    pub(super) fn read(element: Element<'e>, settings: &SecuritySettings) -> Result<Self> {
        let children = elements(element)?;
        let mut children = children.iter();
        let info = require(&mut children, element, DSIG, "SignedInfo")?;
        let value = base64_content(require(&mut children, element, DSIG, "SignatureValue")?)?;
        let key = key_info(require(&mut children, element, DSIG, "KeyInfo")?)?;
        end(children)?;
        let children = elements(info)?;
        let mut children = children.iter();
        let method = require(&mut children, info, DSIG, "CanonicalizationMethod")?;
        algorithm(method, "CanonicalizationMethod", EXC_C14N)?;
        let canonicalization = transform(method)?;
        let method = require(&mut children, info, DSIG, "SignatureMethod")?;
        no_children(method)?;
        let limit = limits::REFERENCES;
        if children.len() > limit {
            return Err(at(Reason::TooMany { what: "References", limit }, info));
        }
        let mut references: Vec<Reference> = Vec::with_capacity(children.len());
        for child in children {
            let reference = reference(*child, settings)?;
            if references.iter().any(|known| known.is_to(&reference)) {
                return Err(at(Reason::DuplicateReference((&*reference.id).into()), *child));
            }
            references.push(reference);
        }
        if references.is_empty() {
            return Err(at(Reason::Missing("a Reference"), info));
        }
        Ok(Self { info, canonicalization, method, references, value, key })
    }

    /// Verifies the signature value as a MAC under `key`.
    pub(super) fn verify_mac(&self, key: &MessageKey, settings: &SecuritySettings) -> Result<()> {
        let expected = settings.suite.symmetric_signature_uri();
        algorithm(self.method, "SignatureMethod", expected)?;
        let mut canonicalizer = Canonicalizer::new(self.info.document());
        let write = |mac: &mut MacSink| {
            self.canonicalization.canonicalize(&mut canonicalizer, self.info, mac);
        };
        match verify_mac(key, settings, &self.value, write)? {
            true => Ok(()),
            false => Err(at(Reason::SignatureMismatch, self.info)),
        }
    }

    /// Verifies the signature value under the certificate's key.
    pub(super) fn verify_rsa(
        &self,
        certificate: &Certificate,
        settings: &SecuritySettings,
    ) -> Result<()> {
        let expected = settings.suite.asymmetric_signature_uri();
        algorithm(self.method, "SignatureMethod", expected)?;
        let mut octets = Vec::with_capacity(1024);
        let mut canonicalizer = Canonicalizer::new(self.info.document());
        self.canonicalization.canonicalize(&mut canonicalizer, self.info, &mut octets);
        if key::verify_with(settings, certificate, &octets, &self.value) {
            Ok(())
        } else {
            Err(at(Reason::SignatureMismatch, self.info))
        }
    }
}

/// Whether `value` is the MAC under `key` of what `write` writes.
pub(super) fn verify_mac(
    key: &MessageKey,
    settings: &SecuritySettings,
    value: &[u8],
    write: impl FnOnce(&mut MacSink),
) -> Result<bool> {
    let mut mac = key.mac(settings).map_err(|e| e.at("Signature"))?;
    write(&mut mac);
    Ok(bool::from(mac.finish().ct_eq(value)))
}

impl Reference {
    /// One that is read from text: exclusive canonicalization, as it stands.
    pub(super) fn usual(id: &str, digest: Short) -> Self {
        Self::new(id, Transform::default(), digest)
    }

    fn new(id: &str, transform: Transform, digest: Short) -> Self {
        Self { id: id.into(), order: order_of(id), transform, digest }
    }

    /// What [`order_of`] says of its identifier.
    pub(super) fn order(&self) -> u64 {
        self.order
    }

    /// Whether it leads where another one does.
    pub(super) fn is_to(&self, other: &Self) -> bool {
        self.order == other.order && self.id == other.id
    }

    /// Whether `element`, in its place, has the digest of this reference. `canonicalizer` is of its document.
    pub(super) fn verify(
        &self,
        canonicalizer: &mut Canonicalizer<'_>,
        element: Element<'_>,
        settings: &SecuritySettings,
    ) -> Result<()> {
        self.compare(&self.digest_of(canonicalizer, element, settings), element.local_name())
    }

    /// The same of a header that has this text.
    pub(super) fn verify_remembered(
        &self,
        canonicalizer: &mut Canonicalizer<'_>,
        (element, text): (Element<'_>, &str),
        settings: &SecuritySettings,
        remembered: &mut Remembered,
    ) -> Result<()> {
        if !self.transform.is_plain() {
            return self.verify(canonicalizer, element, settings);
        }
        let (hash, digest) = remembered.digest(text);
        if let Some(digest) = digest {
            return self.compare(&digest, element.local_name());
        }
        let digest = self.digest_of(canonicalizer, element, settings);
        self.compare(&digest, element.local_name())?;
        remembered.remember(hash, text, digest);
        Ok(())
    }

    fn digest_of(
        &self,
        canonicalizer: &mut Canonicalizer<'_>,
        element: Element<'_>,
        settings: &SecuritySettings,
    ) -> DigestValue {
        let mut digest = Digester::new(settings);
        self.transform.canonicalize(canonicalizer, element, &mut digest);
        digest.finish()
    }

    /// The same of an element of which only its digest is there, [as it stands](Transform::is_plain); none where another one
    /// is needed.
    pub(super) fn verify_digest(
        &self,
        digest: &DigestValue,
        local_name: &str,
    ) -> Option<Result<()>> {
        self.transform.is_plain().then(|| self.compare(digest, local_name))
    }

    /// The same of an element whose canonical form is known. Only for references that are [`usual`](Self::usual).
    pub(super) fn verify_known(
        &self,
        canonical: &[&str],
        local_name: &str,
        settings: &SecuritySettings,
    ) -> Result<()> {
        let mut digest = Digester::new(settings);
        canonical.iter().for_each(|piece| digest.write(piece.as_bytes()));
        self.compare(&digest.finish(), local_name)
    }

    fn compare(&self, digest: &DigestValue, local_name: &str) -> Result<()> {
        match is_same(digest, &self.digest) {
            true => Ok(()),
            false => Err(Reason::DigestMismatch(local_name.into()).into()),
        }
    }
}

/// Whether two digests are the same, in a time that does not tell in which octets they differ: what was encrypted has one, too.
/// (All octets of all words are taken together; only that is compared as a value that is to be kept from the compiler, which
/// takes longer for each octet than the digest of a short header.)
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let (words, rest) = one.as_chunks();
    let (other_words, other_rest) = other.as_chunks();
    let word = |octets: &[u8; 4]| u32::from_ne_bytes(*octets);
    let differ = |all, (one, other)| all | (word(one) ^ word(other));
    let different = words.iter().zip(other_words).fold(0, differ);
    let different_rest =
        rest.iter().zip(other_rest).fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && bool::from((different | u32::from(different_rest)).ct_eq(&0))
}

fn reference(element: Element<'_>, settings: &SecuritySettings) -> Result<Reference> {
    if !element.is(DSIG, "Reference") {
        return Err(unexpected(element));
    }
    let id = element
        .attribute("URI")
        .and_then(|uri| uri.strip_prefix('#'))
        .filter(|id| !id.is_empty() && !id.contains('('))
        .ok_or_else(|| malformed(element, "URI", "a reference '#id' within the message"))?;
    let children = elements(element)?;
    let mut children = children.iter();
    let transform = transforms(require(&mut children, element, DSIG, "Transforms")?)?;
    let method = require(&mut children, element, DSIG, "DigestMethod")?;
    algorithm(method, "DigestMethod", settings.suite.digest_uri())?;
    no_children(method)?;
    let digest = short_base64_content(require(&mut children, element, DSIG, "DigestValue")?)?;
    end(children)?;
    Ok(Reference::new(id, transform, digest))
}

/// Exclusive canonicalization, which may be repeated (and then changes nothing).
fn transforms(element: Element<'_>) -> Result<Transform> {
    let children = elements(element)?;
    if children.len() > limits::TRANSFORMS {
        let limit = limits::TRANSFORMS;
        return Err(at(Reason::TooMany { what: "Transforms", limit }, element));
    }
    let mut result: Option<Transform> = None;
    for child in &children {
        if !child.is(DSIG, "Transform") {
            return Err(unexpected(*child));
        }
        let next = match child.attribute("Algorithm") {
            Some(EXC_C14N) => transform(*child)?,
            Some(EXC_C14N_WITH_COMMENTS) => Transform { with_comments: true, ..transform(*child)? },
            Some(STR_TRANSFORM) => {
                return Err(at(Reason::Unsupported("the STR-Transform"), *child));
            }
            other => {
                return Err(wrong_algorithm(*child, "Transform", other.unwrap_or(""), EXC_C14N));
            }
        };
        match &result {
            Some(first) if !first.is_plain() || !next.is_plain() => {
                return Err(at(Reason::Unsupported("a chain of transforms"), element));
            }
            Some(_) => {}
            None => result = Some(next),
        }
    }
    result.ok_or_else(|| at(Reason::Missing("a Transform"), element))
}

/// The parameters of exclusive canonicalization (Exclusive XML Canonicalization §4).
fn transform(element: Element<'_>) -> Result<Transform> {
    let mut result = Transform::default();
    if element.is_empty() {
        return Ok(result);
    }
    let children = elements(element)?;
    let mut children = children.iter();
    if let Some(prefixes) = super::super::read::take(&mut children, EXC_C14N, "InclusiveNamespaces")
    {
        no_children(prefixes)?;
        let list = prefixes.attribute("PrefixList").unwrap_or("");
        let limit = limits::INCLUSIVE_PREFIXES;
        if list.split_ascii_whitespace().nth(limit).is_some() {
            return Err(at(Reason::TooMany { what: "inclusive prefixes", limit }, element));
        }
        result.inclusive_prefixes = list.split_ascii_whitespace().map(Into::into).collect();
    }
    end(children)?;
    Ok(result)
}

/// A verified signature of the message: its node, and what it covers.
pub(super) struct Primary {
    pub(super) node: NodeId,
    pub(super) references: Vec<Reference>,
    pub(super) encrypted: bool,
    /// Where it was read from its text, and may be endorsed: the digest of all of it.
    pub(super) digest: Option<DigestValue>,
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn digests_are_the_same_in_all_octets() {
        for length in 0..40 {
            let digest: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(7)).collect();
            assert!(is_same(&digest, &digest.clone()));
            for at in 0..digest.len() {
                for bit in 0..8 {
                    let mut other = digest.clone();
                    other[at] ^= 1 << bit;
                    assert!(!is_same(&digest, &other) && !is_same(&other, &digest));
                }
                assert!(!is_same(&digest, &digest[..at]) && !is_same(&digest[..at], &digest));
            }
        }
    }
}
