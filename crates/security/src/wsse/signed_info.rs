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
        self.push_form(&mut out, Form::Canonical);
        out
    }

    /// Appends the element as it goes out, where its namespace is the default one.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        self.push_form(out, Form::Wire);
    }

    /// Everything before the references.
    fn push_beginning(&self, out: &mut Vec<u8>, form: Form) {
        match form {
            Form::Wire => push(out, &["<SignedInfo>"]),
            Form::Canonical => push(out, &["<SignedInfo xmlns=\"", DSIG, "\">"]),
        }
        push_empty(out, "CanonicalizationMethod", EXC_C14N, form);
        push_empty(out, "SignatureMethod", self.method, form);
    }

    fn push_form(&self, out: &mut Vec<u8>, form: Form) {
        self.push_beginning(out, form);
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
        push(out, &[END]);
    }
}

/// Reads an element that is written as [`SignedInfo::push`] writes it, at the beginning of `text`: `part` takes the identifier
/// and the digest (in base64) of each reference. Gives the canonical form of the element and what is behind it; nothing where any
/// octet is another, where there are more than `most` references, or where `part` takes one not.
///
/// An identifier that `part` takes is in the canonical form as it stands, so it must hold nothing that would be escaped there.
pub(super) fn read<'t>(
    text: &'t [u8],
    method: &'static str,
    settings: &SecuritySettings,
    most: usize,
    mut part: impl FnMut(&'t [u8], &'t [u8]) -> Option<()>,
) -> Option<(Vec<u8>, &'t [u8])> {
    let info = SignedInfo::<'_, Nothing>::new(&[], method, settings);
    // The beginning, and what stands between identifier and digest as it goes out and as it is signed.
    let mut known = Vec::with_capacity(1024);
    info.push_beginning(&mut known, Form::Wire);
    let beginning = known.len();
    push_algorithms(&mut known, settings, Form::Wire);
    let wire = known.len();
    push_algorithms(&mut known, settings, Form::Canonical);
    let (known, canonical) = known.split_at(wire);
    let (beginning, between) = known.split_at(beginning);
    let length = match settings.suite.digest {
        DigestAlgorithm::Sha1 => 28,
        DigestAlgorithm::Sha256 => 44,
    };
    let mut rest = text.strip_prefix(beginning)?;
    let more = canonical.len() - between.len();
    let mut out = Vec::with_capacity(text.len() + (rest.len() / 256 + 4) * more);
    info.push_beginning(&mut out, Form::Canonical);
    let mut count = 0;
    while let Some(at_id) = rest.strip_prefix(BEFORE_ID.as_bytes()) {
        count += 1;
        if count > most {
            return None;
        }
        let id = at_id.iter().position(|octet| *octet == b'"')?;
        let (id, behind) = at_id.split_at(id);
        let (digest, behind) = behind.strip_prefix(between)?.split_at_checked(length)?;
        rest = behind.strip_prefix(BEHIND_DIGEST.as_bytes())?;
        part(id, digest)?;
        for piece in [BEFORE_ID.as_bytes(), id, canonical, digest, BEHIND_DIGEST.as_bytes()] {
            out.extend_from_slice(piece);
        }
    }
    push(&mut out, &[END]);
    Some((out, rest.strip_prefix(END.as_bytes())?))
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
