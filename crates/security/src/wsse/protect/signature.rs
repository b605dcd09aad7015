//! The text of a Signature element (XML Signature §4).

use smallvec::SmallVec;
use waxwing_crypto::DigestValue;
use waxwing_xml::{Document, Element, Exclusive, Limits, Sink as _, canonicalize};

use super::super::SecuritySettings;
use super::super::ids::Id;
use super::super::key::Digester;
use super::super::names::DSIG;
use super::super::signed_info::{DigestText, Part, SignedInfo, within_signature};
use super::super::text::{Place, TokenReference, push, push_base64, push_reference};
use crate::error::{Reason, Result};

/// A part that is signed: its id and digest.
pub(super) struct SignedPart {
    id: Id,
    digest: DigestText,
}

impl SignedPart {
    pub(super) fn new(id: Id, digest: &DigestValue) -> Self {
        Self { id, digest: DigestText::new(digest) }
    }
}

impl Part for SignedPart {
    fn id(&self) -> &str {
        &self.id
    }

    fn digest(&self) -> DigestText {
        self.digest
    }
}

/// The parts that a signature covers, body first.
pub(super) type SignedParts = SmallVec<[SignedPart; 12]>;

/// Appends a Signature element.
pub(super) fn push_signature(
    out: &mut Vec<u8>,
    id: Option<&str>,
    info: &SignedInfo<'_, SignedPart>,
    value: &[u8],
    key: TokenReference<'_>,
    place: Place,
) {
    push_start(out, id);
    info.push(out);
    push_value(out, value);
    push_end(out, key, info.settings(), place);
}

fn push_start(out: &mut Vec<u8>, id: Option<&str>) {
    push(out, &["<Signature"]);
    if let Some(id) = id {
        push(out, &[" Id=\"", id, "\""]);
    }
    push(out, &[" xmlns=\"", DSIG, "\">"]);
}

fn push_value(out: &mut Vec<u8>, value: &[u8]) {
    push(out, &["<SignatureValue>"]);
    push_base64(out, value);
    push(out, &["</SignatureValue>"]);
}

fn push_end(out: &mut Vec<u8>, key: TokenReference<'_>, settings: &SecuritySettings, place: Place) {
    push(out, &["<KeyInfo>"]);
    push_reference(out, key, settings, place, false);
    push(out, &["</KeyInfo></Signature>"]);
}

/// The digest of the canonical form of a Signature element that declares all its prefixes: what endorses it signs that.
/// `signed` is the canonical form of its SignedInfo.
///
/// All of it is known in that form but the reference to its key, and only that is parsed.
pub(super) fn digest_of_signature(
    id: &str,
    signed: &[u8],
    value: &[u8],
    key: TokenReference<'_>,
    settings: &SecuritySettings,
) -> Result<DigestValue> {
    let (mut text, mut canonical) = (Vec::with_capacity(1024), Vec::with_capacity(1024));
    push_start(&mut text, Some(id));
    let start = text.len();
    push_end(&mut text, key, settings, Place::Elsewhere);
    canonicalize(parse(&text)?.root(), &Exclusive::default(), &mut canonical);
    // The start tag has the same in either form, in another order.
    let (start, end) = canonical.split_at(start);
    text.clear();
    push_value(&mut text, value);
    let mut digest = Digester::new(settings);
    let [name, info] = within_signature(signed);
    for piece in [start, name, info, &text, end] {
        digest.write(piece);
    }
    Ok(digest.finish())
}

/// The digest of the canonical form of the first element in the one that is given as self-contained text, in its place.
pub(super) fn digest_of_child(text: &[u8], settings: &SecuritySettings) -> Result<DigestValue> {
    let document = parse(text)?;
    let child = document.root().first_element().ok_or(Reason::Plan("nothing is to be signed"))?;
    Ok(digest_of(child, settings))
}

fn parse(text: &[u8]) -> Result<Document> {
    let parsed = Document::parse(text, &Limits::default());
    parsed.map_err(|e| Reason::DecryptedContent(e.to_string().into()).into())
}

fn digest_of(element: Element<'_>, settings: &SecuritySettings) -> DigestValue {
    let mut digest = Digester::new(settings);
    canonicalize(element, &Exclusive::default(), &mut digest);
    digest.finish()
}

#[cfg(test)]
mod tests {
    use waxwing_crypto::{AlgorithmSuite, DigestAlgorithm};

    use super::super::super::Dialect;
    use super::super::super::names::ENCRYPTED_KEY;
    use super::*;

    #[test]
    fn what_endorses_a_signature_signs_its_canonical_form() {
        let sha1 = [7; 20];
        let dialect = Dialect::February2005;
        let keys = [
            TokenReference::Local { id: "_0", value_type: dialect.derived_key_type() },
            TokenReference::Local { id: "_0", value_type: ENCRYPTED_KEY },
            TokenReference::Context { dialect, identifier: "urn:x:1&2", instance: Some("urn:i") },
            TokenReference::Generation { dialect, id: "_1", instance: "urn:i" },
            TokenReference::EncryptedKeySha1(&sha1),
        ];
        for algorithm in [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256] {
            let suite = AlgorithmSuite { digest: algorithm, ..AlgorithmSuite::BASIC256 };
            let settings = &SecuritySettings { suite, ..SecuritySettings::default() };
            let digest = Digester::digest(settings, b"a part");
            let parts = ["_3", "uuid-1&2"].map(|id| SignedPart::new(id.into(), &digest));
            for (key, count) in keys.iter().zip([0, 1, 2, 2, 1]) {
                let method = suite.symmetric_signature_uri();
                let info = SignedInfo::new(&parts[..count], method, settings);
                let (signed, value) = (info.canonical(), [count as u8; 20]);
                let digest = digest_of_signature("_2", &signed, &value, *key, settings);
                let digest = digest.expect("a digest");
                let mut text = Vec::new();
                push_signature(&mut text, Some("_2"), &info, &value, *key, Place::Elsewhere);
                let document = parse(&text).expect("a Signature element");
                assert_eq!(*digest, *digest_of(document.root(), settings), "{key:?}");
            }
        }
    }
}
