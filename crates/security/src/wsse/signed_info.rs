//! What a signature signs (XML Signature §4.4), as WCF and most stacks write it: references by identifier, each with the one
//! transform exclusive canonicalization.

use waxwing_crypto::DigestAlgorithm;

use super::SecuritySettings;
use super::names::{DSIG, EXC_C14N};
use super::text::{push, push_base64, push_escaped};

/// A part that is signed.
pub(super) trait Part {
    /// The identifier by which it is referred to.
    fn id(&self) -> &str;

    /// Its digest.
    fn digest(&self) -> &[u8];
}

/// What a SignedInfo says.
pub(super) struct SignedInfo<'a, P> {
    parts: &'a [P],
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

impl<'a, P: Part> SignedInfo<'a, P> {
    pub(super) fn new(
        parts: &'a [P],
        method: &'static str,
        settings: &'a SecuritySettings,
    ) -> Self {
        Self { parts, method, settings }
    }

    pub(super) fn settings(&self) -> &'a SecuritySettings {
        self.settings
    }

    /// The canonical form of the element: what is signed.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(400 + self.parts.len() * 400);
        push(&mut out, &["<SignedInfo xmlns=\"", DSIG, "\">"]);
        self.children(&mut out, Form::Canonical);
        push(&mut out, &[END]);
        out
    }

    /// Appends the element as it goes out, where its namespace is the default one.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        push(out, &["<SignedInfo>"]);
        self.children(out, Form::Wire);
        push(out, &[END]);
    }

    fn children(&self, out: &mut Vec<u8>, form: Form) {
        push_empty(out, "CanonicalizationMethod", EXC_C14N, form);
        push_empty(out, "SignatureMethod", self.method, form);
        // What stands between identifier and digest is the same in each: where it is.
        let mut between = 0..0;
        for part in self.parts {
            push(out, &[BEFORE_ID]);
            push_escaped(out, part.id());
            let begin = out.len();
            if between.is_empty() {
                push_algorithms(out, self.settings, form);
                between = begin..out.len();
            } else {
                out.extend_from_within(between.clone());
            }
            push_base64(out, part.digest());
            push(out, &[BEHIND_DIGEST]);
        }
    }
}

/// The identifiers and digests of an element that is written as [`SignedInfo::push`] writes it, at the beginning of `text`. They
/// are only looked for where they would stand: what else is there must be compared. None where there are more than `most`.
pub(super) fn found<'t, P>(
    text: &'t [u8],
    method: &'static str,
    settings: &SecuritySettings,
    most: usize,
    mut part: impl FnMut(&'t [u8], &'t [u8]) -> Option<P>,
) -> Option<Vec<P>> {
    let (mut head, mut between) = (Vec::with_capacity(400), Vec::with_capacity(300));
    SignedInfo::<'_, Nothing>::new(&[], method, settings).push(&mut head);
    push_algorithms(&mut between, settings, Form::Wire);
    let mut rest = text.strip_prefix(head.strip_suffix(END.as_bytes())?)?;
    let length = match settings.suite.digest {
        DigestAlgorithm::Sha1 => 28,
        DigestAlgorithm::Sha256 => 44,
    };
    let mut parts = Vec::with_capacity((rest.len() / 256).min(most));
    while let Some(at_id) = rest.strip_prefix(BEFORE_ID.as_bytes()) {
        if parts.len() == most {
            return None;
        }
        let id = at_id.iter().position(|octet| *octet == b'"')?;
        let (id, behind) = at_id.split_at(id);
        let (digest, behind) = behind.get(between.len()..)?.split_at_checked(length)?;
        parts.push(part(id, digest)?);
        rest = behind.get(BEHIND_DIGEST.len()..)?;
    }
    Some(parts)
}

/// A part of a list that has none.
enum Nothing {}

impl Part for Nothing {
    fn id(&self) -> &str {
        match *self {}
    }

    fn digest(&self) -> &[u8] {
        match *self {}
    }
}

const END: &str = "</SignedInfo>";
const BEFORE_ID: &str = "<Reference URI=\"#";
const BEHIND_DIGEST: &str = "</DigestValue></Reference>";

/// What each reference says between its identifier and its digest.
fn push_algorithms(out: &mut Vec<u8>, settings: &SecuritySettings, form: Form) {
    push(out, &["\"><Transforms>"]);
    push_empty(out, "Transform", EXC_C14N, form);
    push(out, &["</Transforms>"]);
    push_empty(out, "DigestMethod", settings.suite.digest_uri(), form);
    push(out, &["<DigestValue>"]);
}

/// Appends an empty element with an `Algorithm`.
fn push_empty(out: &mut Vec<u8>, name: &str, algorithm: &str, form: Form) {
    push(out, &["<", name, " Algorithm=\"", algorithm]);
    match form {
        Form::Wire => push(out, &["\"/>"]),
        Form::Canonical => push(out, &["\"></", name, ">"]),
    }
}
