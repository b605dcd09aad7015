//! A signature under a symmetric key written as most stacks write it. Its text says all there is to know, so that no tree of its eighty
//! elements is made, asked and walked.

use base64_simd::STANDARD;
use smallvec::SmallVec;
use waxwing_crypto::DigestValue;
use waxwing_xml::Sink as _;

use super::super::SecuritySettings;
use super::super::key::Digester;
use super::super::known_header::is_plain;
use super::super::limits;
use super::super::names::{DSIG, WSSE};
use super::super::read::Short;
use super::super::signed_info;
use super::super::text::Place;
use super::signature::Reference;

/// What a Signature element under a symmetric key says.
pub(super) struct Usual<'t> {
    /// The `Id` by which it is endorsed.
    pub(super) id: Option<&'t str>,
    pub(super) references: Vec<Reference>,
    /// What is signed: the canonical form of its SignedInfo.
    pub(super) canonical: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// The same in base64.
    value_text: &'t [u8],
    /// The token of the message whose key it is.
    pub(super) key: &'t str,
    /// What kind of token that is said to be.
    hint: Option<&'t str>,
}

impl Usual<'_> {
    /// The digest of the canonical form of the whole element, where it declares all its prefixes ([`Place::Elsewhere`]) and may
    /// be endorsed: what does so signs that.
    pub(super) fn digest(&self, settings: &SecuritySettings) -> Option<DigestValue> {
        let id = self.id?;
        let mut digest = Digester::new(settings);
        for piece in ["<Signature xmlns=\"", DSIG, "\" Id=\"", id, "\">"] {
            digest.write(piece.as_bytes());
        }
        let [start, info] = signed_info::within_signature(&self.canonical);
        let value = [start, info, b"<SignatureValue>", self.value_text, b"</SignatureValue>"];
        value.into_iter().for_each(|piece| digest.write(piece));
        let start = "<KeyInfo><o:SecurityTokenReference xmlns:o=\"";
        for piece in [start, WSSE, "\"><o:Reference URI=\"#", self.key, "\""] {
            digest.write(piece.as_bytes());
        }
        if let Some(hint) = self.hint {
            [" ValueType=\"", hint, "\""].iter().for_each(|piece| digest.write(piece.as_bytes()));
        }
        digest.write(b"></o:Reference></o:SecurityTokenReference></KeyInfo></Signature>");
        Some(digest.finish())
    }
}

/// Reads the text of a Signature element under a symmetric key, which declares what `place` does not. None where it is written in any other way, or says what may
/// not be said: then the tree is read, which finds out what that is.
///
/// Every octet is compared with what would have been written, but for identifiers, digests and the value; so the canonical form
/// is known, and nothing but the `Id` of the element can be referred to. It does not refer to that itself.
pub(super) fn read<'t>(
    signature: &'t [u8],
    settings: &SecuritySettings,
    place: Place,
) -> Option<Usual<'t>> {
    let text = after(signature, &["<Signature"])?;
    let (id, text) = match after(text, &[" Id=\""]) {
        Some(text) => {
            let (id, text) = text.split_at(text.iter().position(|octet| *octet == b'"')?);
            (Some(identifier(id)?), after(text, &["\""])?)
        }
        None => (None, text),
    };
    let text = after(text, &[" xmlns=\"", DSIG, "\">"])?;
    let method = settings.suite.symmetric_signature_uri();
    let mut references: Vec<Reference> = Vec::with_capacity((text.len() / 256).min(16));
    let mut digests = Digests::default();
    let mut take = |to, digest| {
        let to = identifier(to).filter(|id| !id.contains('('))?;
        digests.push(digest)?;
        let reference = Reference::usual(to, Short::new());
        let is_repeated = references.iter().any(|known| known.is_to(&reference));
        let is_own = id.is_some_and(|id| reference.id.is(id));
        references.push(reference);
        (!is_repeated && !is_own).then_some(())
    };
    let (canonical, text) =
        signed_info::read(text, method, settings, limits::REFERENCES, &mut take)?;
    digests.decode_into(&mut references)?;
    let text = after(text, &["<SignatureValue>"])?;
    let (value_text, text) = text.split_at(text.iter().position(|octet| *octet == b'<')?);
    let value = STANDARD.decode_to_vec(value_text).ok()?;
    let text = after(text, &["</SignatureValue><KeyInfo><o:SecurityTokenReference"])?;
    let text = match place {
        Place::Security => text,
        Place::Elsewhere => after(text, &[" xmlns:o=\"", WSSE, "\""])?,
    };
    let text = after(text, &["><o:Reference"])?;
    // Only a hint, which is not compared in the tree either.
    let hint = settings.dialect.derived_key_type();
    let (hint, text) = match after(text, &[" ValueType=\"", hint, "\""]) {
        Some(text) => (Some(hint), text),
        None => (None, text),
    };
    let text = after(text, &[" URI=\"#"])?;
    let (key, text) = text.split_at(text.iter().position(|octet| *octet == b'"')?);
    let end = after(text, &["\"/></o:SecurityTokenReference></KeyInfo></Signature>"])?;
    let is_whole = end.is_empty();
    let key = identifier(key)?;
    is_whole.then_some(Usual { id, references, canonical, value, value_text, key, hint })
}

/// What is behind these pieces.
fn after<'t>(text: &'t [u8], pieces: &[&str]) -> Option<&'t [u8]> {
    pieces.iter().try_fold(text, |text, piece| text.strip_prefix(piece.as_bytes()))
}

/// The digests of a signature in base64. They are decoded at once: a single one takes as long as all of them.
#[derive(Default)]
struct Digests(SmallVec<[u8; Self::USUAL]>);

impl Digests {
    /// Eleven of SHA-256.
    const USUAL: usize = 512;

    /// Takes one whose last octet but one is the last: all that algorithms have are of such a length, 20 or 32.
    fn push(&mut self, digest: &[u8]) -> Option<()> {
        let (b'=', most) = digest.split_last()? else { return None };
        self.0.extend_from_slice(most);
        // No bits more, in place of none: so there is one octet more, which is 0.
        self.0.push(b'A');
        Some(())
    }

    /// Gives each reference its own. All have the same length.
    fn decode_into(mut self, references: &mut [Reference]) -> Option<()> {
        let octets = STANDARD.decode_inplace(&mut self.0).ok()?;
        let length = octets.len().checked_div(references.len()).filter(|length| *length > 0)?;
        references.iter_mut().zip(octets.chunks_exact(length)).try_for_each(
            |(reference, octets)| {
                let (0, digest) = octets.split_last()? else { return None };
                reference.digest = Short::from_slice(digest);
                Some(())
            },
        )
    }
}

/// An identifier that is the same in text, in the tree and in canonical form.
fn identifier(id: &[u8]) -> Option<&str> {
    let is_usual = !id.is_empty() && id.iter().copied().all(is_plain);
    if is_usual { str::from_utf8(id).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use waxwing_crypto::{AlgorithmSuite, DigestAlgorithm};
    use waxwing_xml::{Document, Exclusive, Limits, canonicalize};

    use super::super::super::reference::TokenRef;
    use super::super::super::signed_info::{DigestText, Part, SignedInfo};
    use super::super::ids::id_of;
    use super::super::signature::Signature;
    use super::*;

    const REST: &str = "<SignatureValue>qS0wv6alUVWs6ehkRbDoFspu/lc=</SignatureValue><KeyInfo><o:SecurityTokenReference \
        xmlns:o=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
        <o:Reference URI=\"#_1\"/></o:SecurityTokenReference></KeyInfo></Signature>";

    fn settings(digest: DigestAlgorithm) -> SecuritySettings {
        let suite = AlgorithmSuite { digest, ..AlgorithmSuite::BASIC256 };
        SecuritySettings { suite, ..SecuritySettings::default() }
    }

    /// A signature of these parts as it goes out.
    fn text(ids: &[String], settings: &SecuritySettings) -> Vec<u8> {
        let length = if settings.suite.digest == DigestAlgorithm::Sha1 { 20 } else { 32 };
        let digest = |place: usize| Short::from_elem((place * 37) as u8, length);
        let parts: Vec<Reference> =
            ids.iter().enumerate().map(|(place, id)| Reference::usual(id, digest(place))).collect();
        let mut text = format!("<Signature xmlns=\"{DSIG}\">").into_bytes();
        let method = settings.suite.symmetric_signature_uri();
        SignedInfo::new(&parts, method, settings).push(&mut text);
        text.extend_from_slice(REST.as_bytes());
        text
    }

    impl Part for Reference {
        fn id(&self) -> &str {
            &self.id
        }

        fn digest(&self) -> DigestText {
            DigestText::new(&self.digest)
        }
    }

    /// Whatever is read from text is what the tree says, too. Gives whether it was read from text.
    fn agrees(text: &[u8], settings: &SecuritySettings) -> bool {
        let Some(usual) = super::read(text, settings, Place::Elsewhere) else { return false };
        let document = Document::parse(text, &Limits::SOAP).expect("a Signature element");
        let read = Signature::read(document.root(), settings).expect("a good one");
        let says = |references: &[Reference]| -> Vec<(String, Vec<u8>)> {
            references.iter().map(|r| (r.id.to_string(), r.digest.to_vec())).collect()
        };
        assert_eq!(says(&usual.references), says(&read.references));
        assert_eq!(usual.value, read.value);
        assert!(matches!(read.key, TokenRef::Local(key) if key == usual.key));
        assert_eq!(id_of(document.root()), usual.id);
        let whole = usual.digest(settings);
        let mut digest = Digester::new(settings);
        canonicalize(document.root(), &Exclusive::default(), &mut digest);
        let digest = digest.finish();
        assert_eq!(whole.as_deref(), usual.id.map(|_| &*digest));
        let mut canonical = Vec::new();
        let info = document.root().first_element().expect("SignedInfo");
        canonicalize(info, &Exclusive::default(), &mut canonical);
        assert_eq!(String::from_utf8_lossy(&usual.canonical), String::from_utf8_lossy(&canonical));
        true
    }

    #[test]
    fn what_may_not_be_said_is_left_to_the_tree() {
        let settings = settings(DigestAlgorithm::Sha1);
        let is_read = |ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            agrees(&text(&ids, &settings), &settings)
        };
        assert!(is_read(&["_0", "uuid-1-2"]));
        assert!(is_read(&["it's one", "_1"]));
        for refused in [&[][..], &[""], &["_0", "_1", "_0"], &["xpointer(id('a'))"]] {
            assert!(!is_read(refused), "{refused:?}");
        }
        let many = |count: usize| (0..count).map(|id| format!("_{id}")).collect::<Vec<_>>();
        assert!(agrees(&text(&many(limits::REFERENCES), &settings), &settings));
        assert!(!agrees(&text(&many(limits::REFERENCES + 1), &settings), &settings));
    }

    #[test]
    fn what_is_behind_the_references_is_read_in_one_form() {
        let settings = settings(DigestAlgorithm::Sha1);
        let text = String::from_utf8(text(&["_0".into()], &settings)).expect("text");
        let is_read = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            agrees(text.replacen(from, to, 1).as_bytes(), &settings)
        };
        let hint = settings.dialect.derived_key_type();
        assert!(is_read("<Signature ", "<Signature Id=\"_9\" "));
        let both = format!(" ValueType=\"{hint}\" URI=\"#_1\"");
        let endorsed = text.replacen("<Signature ", "<Signature Id=\"uuid-9\" ", 1);
        assert!(agrees(endorsed.replacen(" URI=\"#_1\"", &both, 1).as_bytes(), &settings));
        assert!(is_read(" URI=\"#_1\"", &format!(" ValueType=\"{hint}\" URI=\"#_1\"")));
        for (from, to) in [
            ("<Signature ", "<Signature Id=\"\" "),
            ("<Signature ", "<Signature Id=\"_0\" "),
            ("<Signature ", "<Signature Id='_9' "),
            ("<Signature ", "<Signature Id=\"_&amp;\" "),
            ("<Signature ", "<Signature Id=\"_9\" id=\"_9\" "),
            ("</Signature>", "<Object/></Signature>"),
            ("</Signature>", "</Signature><x/>"),
            ("<SignatureValue>", "<SignatureValue> "),
            ("lc=</SignatureValue>", "ld=</SignatureValue>"),
            ("<KeyInfo>", "<KeyInfo><KeyName/>"),
            (" URI=\"#_1\"", " URI=\"_1\""),
            (" URI=\"#_1\"", " URI=\"#\""),
            (" URI=\"#_1\"", " URI=\"#_1\u{1}\""),
            (" URI=\"#_1\"", " URI=\"#_&lt;\""),
            (" URI=\"#_1\"", " ValueType=\"urn:other\" URI=\"#_1\""),
        ] {
            assert!(!is_read(from, to), "{to}");
        }
    }

    proptest! {
        #[test]
        fn text_and_tree_say_the_same(
            ids in proptest::collection::vec("[a-zA-Z_.&<>\"'\t\né-]{1,12}", 1..6),
            sha256 in any::<bool>(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), "[ -~]{0,3}"), 0..3),
        ) {
            let algorithms = [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256];
            let settings = settings(algorithms[usize::from(sha256)]);
            let mut text = text(&ids, &settings);
            let unchanged = agrees(&text, &settings);
            let special = |id: &String| id.contains(['&', '<', '>', '"', '\t', '\n', 'é']);
            let repeated = (1..ids.len()).any(|at| ids[..at].contains(&ids[at]));
            prop_assert_eq!(unchanged, !repeated && !ids.iter().any(special));
            for (place, with) in changes {
                let place = place.index(text.len());
                text.splice(place..(place + with.len()).min(text.len()), with.bytes());
                agrees(&text, &settings);
            }
        }
    }
}
