//! The text of a Signature element (XML Signature §4), and the octets that it signs.

use smallvec::SmallVec;
use waxwing_crypto::DigestValue;
use waxwing_xml::{Document, Element, Exclusive, Limits, canonicalize};

use super::super::SecuritySettings;
use super::super::ids::Id;
use super::super::key::Digester;
use super::super::names::{DSIG, EXC_C14N};
use super::super::text::{Place, TokenReference, push, push_base64, push_escaped, push_reference};
use crate::error::{Reason, Result};

/// A part that is signed: its id and digest.
pub(super) struct SignedPart {
    pub(super) id: Id,
    pub(super) digest: DigestValue,
}

/// The parts that a signature covers, body first.
pub(super) type SignedParts = SmallVec<[SignedPart; 12]>;

/// What a SignedInfo says. It refers to its parts in their order, each with the one transform exclusive canonicalization.
#[derive(Clone, Copy)]
pub(super) struct SignedInfo<'a> {
    parts: &'a [SignedPart],
    method: &'static str,
    settings: &'a SecuritySettings,
}

/// How a SignedInfo is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it goes out.
    Wire,
    /// As it is signed: canonical XML writes empty elements as pairs of tags.
    Canonical,
}

impl<'a> SignedInfo<'a> {
    pub(super) fn new(
        parts: &'a [SignedPart],
        method: &'static str,
        settings: &'a SecuritySettings,
    ) -> Self {
        Self { parts, method, settings }
    }

    /// The canonical form of the SignedInfo element: what is signed.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(400 + self.parts.len() * 400);
        push(&mut out, &["<SignedInfo xmlns=\"", DSIG, "\">"]);
        self.write(&mut out, Form::Canonical);
        push(&mut out, &["</SignedInfo>"]);
        out
    }

    /// The children.
    fn write(&self, out: &mut Vec<u8>, form: Form) {
        push_empty(out, "CanonicalizationMethod", EXC_C14N, form);
        push_empty(out, "SignatureMethod", self.method, form);
        for part in self.parts {
            push(out, &["<Reference URI=\"#"]);
            push_escaped(out, &part.id);
            push(out, &["\"><Transforms>"]);
            push_empty(out, "Transform", EXC_C14N, form);
            push(out, &["</Transforms>"]);
            push_empty(out, "DigestMethod", self.settings.suite.digest_uri(), form);
            push(out, &["<DigestValue>"]);
            push_base64(out, &part.digest);
            push(out, &["</DigestValue></Reference>"]);
        }
    }
}

/// Appends an empty element with an `Algorithm`.
fn push_empty(out: &mut Vec<u8>, name: &str, algorithm: &str, form: Form) {
    push(out, &["<", name, " Algorithm=\"", algorithm]);
    match form {
        Form::Wire => push(out, &["\"/>"]),
        Form::Canonical => push(out, &["\"></", name, ">"]),
    }
}

/// Appends a Signature element.
pub(super) fn push_signature(
    out: &mut Vec<u8>,
    id: Option<&str>,
    info: &SignedInfo<'_>,
    value: &[u8],
    key: TokenReference<'_>,
    place: Place,
) {
    push(out, &["<Signature"]);
    if let Some(id) = id {
        push(out, &[" Id=\"", id, "\""]);
    }
    push(out, &[" xmlns=\"", DSIG, "\"><SignedInfo>"]);
    info.write(out, Form::Wire);
    push(out, &["</SignedInfo><SignatureValue>"]);
    push_base64(out, value);
    push(out, &["</SignatureValue><KeyInfo>"]);
    push_reference(out, key, info.settings, place, false);
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
