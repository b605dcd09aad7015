//! The text of a Signature element (XML Signature §4), and the octets that it signs.

use waxwing_xml::{Document, Element, Exclusive, Limits, canonicalize};

use super::super::SecuritySettings;
use super::super::key::Digester;
use super::super::names::{DSIG, EXC_C14N};
use super::super::text::{Place, TokenReference, push, push_base64, push_escaped, push_reference};
use crate::error::{Reason, Result};

/// A part that is signed: its id and digest.
pub(super) struct SignedPart {
    pub(super) id: String,
    pub(super) digest: Vec<u8>,
}

/// The children of a SignedInfo as they are written and as they are hashed.
pub(super) struct SignedInfo {
    wire: Vec<u8>,
    canonical: Vec<u8>,
}

impl SignedInfo {
    /// A SignedInfo that refers to `parts` in that order, each with the one transform exclusive
    /// canonicalization.
    pub(super) fn new(parts: &[SignedPart], method: &str, settings: &SecuritySettings) -> Self {
        let capacity = 300 + parts.len() * 360;
        let mut this =
            Self { wire: Vec::with_capacity(capacity), canonical: Vec::with_capacity(capacity) };
        this.empty("CanonicalizationMethod", EXC_C14N);
        this.empty("SignatureMethod", method);
        for part in parts {
            this.both(&["<Reference URI=\"#"]);
            push_escaped(&mut this.wire, &part.id);
            push_escaped(&mut this.canonical, &part.id);
            this.both(&["\"><Transforms>"]);
            this.empty("Transform", EXC_C14N);
            this.both(&["</Transforms>"]);
            this.empty("DigestMethod", settings.suite.digest_uri());
            this.both(&["<DigestValue>"]);
            push_base64(&mut this.wire, &part.digest);
            push_base64(&mut this.canonical, &part.digest);
            this.both(&["</DigestValue></Reference>"]);
        }
        this
    }

    fn both(&mut self, pieces: &[&str]) {
        push(&mut self.wire, pieces);
        push(&mut self.canonical, pieces);
    }

    /// An empty element with an `Algorithm`, which canonical XML writes as a pair of tags.
    fn empty(&mut self, name: &str, algorithm: &str) {
        self.both(&["<", name, " Algorithm=\"", algorithm, "\""]);
        push(&mut self.wire, &["/>"]);
        push(&mut self.canonical, &["></", name, ">"]);
    }

    /// The canonical form of the SignedInfo element: what is signed.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.canonical.len() + 80);
        push(&mut out, &["<SignedInfo xmlns=\"", DSIG, "\">"]);
        out.extend_from_slice(&self.canonical);
        push(&mut out, &["</SignedInfo>"]);
        out
    }
}

/// Appends a Signature element.
pub(super) fn push_signature(
    out: &mut Vec<u8>,
    id: Option<&str>,
    info: &SignedInfo,
    value: &[u8],
    key: TokenReference<'_>,
    settings: &SecuritySettings,
    place: Place,
) {
    push(out, &["<Signature"]);
    if let Some(id) = id {
        push(out, &[" Id=\"", id, "\""]);
    }
    push(out, &[" xmlns=\"", DSIG, "\"><SignedInfo>"]);
    out.extend_from_slice(&info.wire);
    push(out, &["</SignedInfo><SignatureValue>"]);
    push_base64(out, value);
    push(out, &["</SignatureValue><KeyInfo>"]);
    push_reference(out, key, settings, place, false);
    push(out, &["</KeyInfo></Signature>"]);
}

/// The digest of the canonical form of an element given as self-contained text.
pub(super) fn digest_of_text(text: &[u8], settings: &SecuritySettings) -> Result<Vec<u8>> {
    Ok(digest_of(parse(text)?.root(), settings))
}

/// The same of the first element in the one that is given as text, in its place.
pub(super) fn digest_of_child(text: &[u8], settings: &SecuritySettings) -> Result<Vec<u8>> {
    let document = parse(text)?;
    let child = document.root().first_element().ok_or(Reason::Plan("nothing is to be signed"))?;
    Ok(digest_of(child, settings))
}

fn parse(text: &[u8]) -> Result<Document> {
    let parsed = Document::parse(text, &Limits::default());
    parsed.map_err(|e| Reason::DecryptedContent(e.to_string().into()).into())
}

fn digest_of(element: Element<'_>, settings: &SecuritySettings) -> Vec<u8> {
    let mut digest = Digester::new(settings);
    canonicalize(element, &Exclusive::default(), &mut digest);
    digest.finish()
}
