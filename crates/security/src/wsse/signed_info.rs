//! What a signature signs (XML Signature §4.4), as WCF and most stacks write it: references by identifier, each with the one
//! transform exclusive canonicalization.

use std::sync::OnceLock;

use base64_simd::{AsOut as _, STANDARD};
use waxwing_crypto::{AlgorithmSuite, DigestAlgorithm};

use super::SecuritySettings;
use super::names::{DSIG, EXC_C14N};
use super::text::{push, push_escaped};

/// A part that is signed.
pub(super) trait Part {
    /// The identifier by which it is referred to.
    fn id(&self) -> &str;

    /// Its digest in base64.
    fn digest(&self) -> DigestText;
}

/// The base64 of a digest, which a message says where it is signed and where it goes out.
#[derive(Clone, Copy)]
pub(super) struct DigestText {
    octets: [u8; Self::MOST],
    length: u8,
}

impl DigestText {
    /// That of SHA-256.
    const MOST: usize = 44;

    /// # Panics
    /// Of a digest of more than 32 octets: no algorithm has one.
    pub(super) fn new(digest: &[u8]) -> Self {
        let mut octets = [0; Self::MOST];
        let length = STANDARD.encode(digest, octets[..].as_out()).len() as u8;
        Self { octets, length }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
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

    fn push_form(&self, out: &mut Vec<u8>, form: Form) {
        let always = Always::of(self.method, self.settings, form);
        out.extend_from_slice(&always.beginning);
        for part in self.parts {
            push(out, &[BEFORE_ID]);
            push_escaped(out, part.id());
            out.extend_from_slice(&always.between);
            out.extend_from_slice(part.digest().as_bytes());
            push(out, &[BEHIND_DIGEST]);
        }
        push(out, &[END]);
    }
}

/// The [canonical form](SignedInfo::canonical) in that of a Signature element, which declares the namespace: start tag, and the
/// rest.
pub(super) fn within_signature(canonical: &[u8]) -> [&[u8]; 2] {
    let alone = START.len() + DSIG.len() + DECLARED.len();
    [b"<SignedInfo>", canonical.get(alone..).unwrap_or_default()]
}

/// Reads an element that is written as [`SignedInfo::push`] writes it, at the beginning of `text`: `part` takes the identifier
/// and the digest (in base64) of each reference. Gives the canonical form of the element and what is behind it; nothing where any
/// octet is another, where there is no reference or more than `most`, or where `part` takes one not.
///
/// An identifier that `part` takes is in the canonical form as it stands, so it must hold nothing that would be escaped there.
pub(super) fn read<'t>(
    text: &'t [u8],
    method: &'static str,
    settings: &SecuritySettings,
    most: usize,
    mut part: impl FnMut(&'t [u8], &'t [u8]) -> Option<()>,
) -> Option<(Vec<u8>, &'t [u8])> {
    let [wire, canonical] =
        [Form::Wire, Form::Canonical].map(|form| Always::of(method, settings, form));
    let more = canonical.between.len() - wire.between.len();
    let mut out = Vec::with_capacity(text.len() + (text.len() / 256 + 4) * more);
    out.extend_from_slice(&canonical.beginning);
    push(&mut out, &[BEFORE_ID]);
    let rest = references(text, wire, settings.suite.digest, most, |id, digest| {
        part(id, digest)?;
        for piece in [id, &canonical.between, digest] {
            out.extend_from_slice(piece);
        }
        push(&mut out, &[NEXT]);
        Some(())
    })?;
    // There was no next one.
    out.truncate(out.len() - NEXT.len());
    push(&mut out, &[LAST]);
    Some((out, rest))
}

/// Passes over an element that is [read] under a symmetric key of some suite. Gives what is behind it.
pub(super) fn pass<'t>(
    text: &'t [u8],
    most: usize,
    mut part: impl FnMut(&'t [u8], &'t [u8]) -> Option<()>,
) -> Option<&'t [u8]> {
    let algorithms = [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256];
    let of = |algorithm| (algorithm, Always::made(algorithm, true, Form::Wire));
    let mut forms = algorithms.into_iter().map(of);
    // No beginning is that of another one: they name the algorithm.
    let (algorithm, wire) = forms.find(|(_, wire)| text.starts_with(&wire.beginning))?;
    references(text, wire, algorithm, most, &mut part)
}

/// Takes each reference of an element at the beginning of `text`, which has one at least. Gives what is behind the element.
fn references<'t>(
    text: &'t [u8],
    wire: &Always,
    algorithm: DigestAlgorithm,
    most: usize,
    mut part: impl FnMut(&'t [u8], &'t [u8]) -> Option<()>,
) -> Option<&'t [u8]> {
    let length = match algorithm {
        DigestAlgorithm::Sha1 => 28,
        DigestAlgorithm::Sha256 => 44,
    };
    let behind = text.strip_prefix(&*wire.beginning)?;
    let mut at_id = behind.strip_prefix(BEFORE_ID.as_bytes())?;
    for _ in 0..most {
        let id = at_id.iter().position(|octet| *octet == b'"')?;
        let (id, behind) = at_id.split_at(id);
        let (digest, behind) = behind.strip_prefix(&*wire.between)?.split_at_checked(length)?;
        part(id, digest)?;
        match behind.strip_prefix(NEXT.as_bytes()) {
            Some(next) => at_id = next,
            None => return behind.strip_prefix(LAST.as_bytes()),
        }
    }
    None
}

/// The start tag where the element stands alone, before and behind its namespace.
const START: &str = "<SignedInfo xmlns=\"";
const DECLARED: &str = "\">";
const END: &str = "</SignedInfo>";
const BEFORE_ID: &str = "<Reference URI=\"#";
const BEHIND_DIGEST: &str = "</DigestValue></Reference>";
/// From a digest up to the next reference.
const NEXT: &str = "</DigestValue></Reference><Reference URI=\"#";
/// From the last digest on.
const LAST: &str = "</DigestValue></Reference></SignedInfo>";

/// What is the same in each SignedInfo of the same algorithms.
struct Always {
    /// Everything before the references.
    beginning: Vec<u8>,
    /// What each reference says between its identifier and its digest.
    between: Vec<u8>,
}

impl Always {
    fn new(algorithm: DigestAlgorithm, is_symmetric: bool, form: Form) -> Self {
        let suite = AlgorithmSuite { digest: algorithm, ..AlgorithmSuite::BASIC256 };
        let method = match is_symmetric {
            true => suite.symmetric_signature_uri(),
            false => suite.asymmetric_signature_uri(),
        };
        let (mut beginning, mut between) = (Vec::new(), Vec::new());
        match form {
            Form::Wire => push(&mut beginning, &["<SignedInfo>"]),
            Form::Canonical => push(&mut beginning, &[START, DSIG, DECLARED]),
        }
        push_empty(&mut beginning, "CanonicalizationMethod", EXC_C14N, form);
        push_empty(&mut beginning, "SignatureMethod", method, form);
        push(&mut between, &["\"><Transforms>"]);
        push_empty(&mut between, "Transform", EXC_C14N, form);
        push(&mut between, &["</Transforms>"]);
        push_empty(&mut between, "DigestMethod", suite.digest_uri(), form);
        push(&mut between, &["<DigestValue>"]);
        Self { beginning, between }
    }

    fn of(method: &'static str, settings: &SecuritySettings, form: Form) -> &'static Self {
        let is_symmetric = method == settings.suite.symmetric_signature_uri();
        Self::made(settings.suite.digest, is_symmetric, form)
    }

    /// Made once.
    fn made(algorithm: DigestAlgorithm, is_symmetric: bool, form: Form) -> &'static Self {
        static MADE: [OnceLock<Always>; 8] = [const { OnceLock::new() }; 8];
        let sha256 = algorithm == DigestAlgorithm::Sha256;
        let flags = [sha256, is_symmetric, form == Form::Wire];
        let at = flags.iter().fold(0, |at, flag| at << 1 | usize::from(*flag));
        MADE[at].get_or_init(|| Self::new(algorithm, is_symmetric, form))
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
