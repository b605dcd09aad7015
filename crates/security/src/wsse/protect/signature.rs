//! The text of a Signature element (XML Signature §4).

use smallvec::SmallVec;
use waxwing_crypto::DigestValue;
use waxwing_xml::{Document, Element, Exclusive, Limits, canonicalize};

use super::super::SecuritySettings;
use super::super::ids::Id;
use super::super::key::Digester;
use super::super::names::DSIG;
use super::super::signed_info::{DigestText, Part, SignedInfo};
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
    push(out, &["<Signature"]);
    if let Some(id) = id {
        push(out, &[" Id=\"", id, "\""]);
    }
    push(out, &[" xmlns=\"", DSIG, "\">"]);
    info.push(out);
    push(out, &["<SignatureValue>"]);
    push_base64(out, value);
    push(out, &["</SignatureValue><KeyInfo>"]);
    push_reference(out, key, info.settings(), place, false);
    push(out, &["</KeyInfo></Signature>"]);
}

/// The digest of the canonical form of an element given as self-contained text.
pub(super) fn digest_of_text(text: &[u8], settings: &SecuritySettings) -> Result<DigestValue> {
    Ok(digest_of(parse(text)?.root(), settings))
}

/// The same of the first element in the one that is given as text, in its place.
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
