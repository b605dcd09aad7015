//! A SignedInfo in an encrypted signature, written as most stacks write it. Its text says all there is to know, so that neither
//! the tree is asked for each of its sixty elements nor its canonical form made from there.

use base64_simd::{AsOut as _, STANDARD};

use super::super::SecuritySettings;
use super::super::ids::Id;
use super::super::limits;
use super::super::names::DSIG;
use super::super::read::Short;
use super::super::signed_info::{Part, SignedInfo, found};
use super::signature::{KnownInfo, Reference};

impl Part for Reference {
    fn id(&self) -> &str {
        &self.id
    }

    fn digest(&self) -> &[u8] {
        &self.digest
    }
}

/// Reads the text of a Signature element under a symmetric key. None where it is written in any other way, or says what may
/// not be said: then the tree is read, which finds out what that is.
///
/// What is found is believed only if writing it gives this very text: then its canonical form is known, too.
pub(super) fn read(signature: &[u8], settings: &SecuritySettings) -> Option<KnownInfo> {
    let text = ["<Signature xmlns=\"", DSIG, "\">"]
        .iter()
        .try_fold(signature, |text, piece| text.strip_prefix(piece.as_bytes()))?;
    let method = settings.suite.symmetric_signature_uri();
    let references = found(text, method, settings, limits::REFERENCES, reference)?;
    let is_repeated = |(at, reference): (usize, &Reference)| {
        references[..at].iter().any(|known| known.id == reference.id)
    };
    if references.is_empty() || references.iter().enumerate().any(is_repeated) {
        return None;
    }
    let info = SignedInfo::new(&references, method, settings);
    let mut written = Vec::with_capacity(400 + references.len() * 400);
    info.push(&mut written);
    if !text.starts_with(&written) {
        return None;
    }
    let canonical = info.canonical();
    Some(KnownInfo { references, canonical })
}

fn reference(id: &[u8], digest: &[u8]) -> Option<Reference> {
    let id = str::from_utf8(id).ok().filter(|id| !id.is_empty() && !id.contains('('))?;
    let mut octets = [0; 48];
    let digest = STANDARD.decode(digest, octets[..].as_out()).ok()?;
    Some(Reference::usual(Id::from(id), Short::from_slice(digest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use waxwing_crypto::{AlgorithmSuite, DigestAlgorithm};
    use waxwing_xml::{Document, Exclusive, Limits, canonicalize};

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
        let parts: Vec<Reference> = ids
            .iter()
            .enumerate()
            .map(|(place, id)| Reference::usual(Id::from(&**id), digest(place)))
            .collect();
        let mut text = format!("<Signature xmlns=\"{DSIG}\">").into_bytes();
        let method = settings.suite.symmetric_signature_uri();
        SignedInfo::new(&parts, method, settings).push(&mut text);
        text.extend_from_slice(REST.as_bytes());
        text
    }

    /// Whatever is read from text is what the tree says, too. Gives whether it was read from text.
    fn agrees(text: &[u8], settings: &SecuritySettings) -> bool {
        let Some(usual) = super::read(text, settings) else { return false };
        // What is behind is the tree's business.
        let end = b"</SignedInfo>";
        let length = text.windows(end.len()).position(|octets| octets == end).expect("an end");
        let text = [&text[..length + end.len()], REST.as_bytes()].concat();
        let document = Document::parse(&*text, &Limits::SOAP).expect("a Signature element");
        let read = Signature::read(document.root(), None, settings).expect("a good one");
        let says = |references: &[Reference]| -> Vec<(String, Vec<u8>)> {
            references.iter().map(|r| (r.id.to_string(), r.digest.to_vec())).collect()
        };
        assert_eq!(says(&usual.references), says(&read.references));
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
        for refused in [&[][..], &[""], &["_0", "_1", "_0"], &["xpointer(id('a'))"]] {
            assert!(!is_read(refused), "{refused:?}");
        }
        let many = |count: usize| (0..count).map(|id| format!("_{id}")).collect::<Vec<_>>();
        assert!(agrees(&text(&many(limits::REFERENCES), &settings), &settings));
        assert!(!agrees(&text(&many(limits::REFERENCES + 1), &settings), &settings));
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
            let special = |id: &String| id.contains(['&', '<', '>', '"', '\t', '\n']);
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
