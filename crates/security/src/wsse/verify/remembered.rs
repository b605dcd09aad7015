//! The digests of headers that stand in one message of a session as in the one before: `Action`, `To`, `ReplyTo`.
//!
//! A digest is that of a canonical form, and the exclusive canonical form of an element says nothing but what its text and the
//! start tags around it say (Exclusive XML Canonicalization §3). So where those are the same octets, it is the same digest, and
//! nothing is canonicalized or hashed again. It is compared with what the signature says as ever.

use std::cell::Cell;

use waxwing_crypto::{DigestAlgorithm, DigestValue};

/// The headers of one message that are remembered at most, and their longest text.
const HEADERS: usize = 16;
const LONGEST_HEADER: usize = 512;
/// The longest text in front of the headers.
const LONGEST_AROUND: usize = 1024;

/// What a thread remembers: the headers of the last message, each by its place among the headers. All of them were covered by
/// a signature that was good, and none was encrypted.
#[derive(Default)]
struct Headers {
    algorithm: DigestAlgorithm,
    /// Everything in front of the first one.
    around: String,
    headers: Vec<Header>,
}

#[derive(Default)]
struct Header {
    text: String,
    digest: Option<DigestValue>,
}

thread_local! {
    static KEPT: Cell<Option<Box<Headers>>> = const { Cell::new(None) };
}

/// The digests of the headers of one message.
pub(super) struct Remembered(Option<Box<Headers>>);

impl Remembered {
    /// Of a message with this text in front of its headers.
    pub(super) fn within(around: &str, algorithm: DigestAlgorithm) -> Self {
        if around.len() > LONGEST_AROUND {
            return Self(None);
        }
        let mut kept = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_default();
        if kept.algorithm != algorithm || kept.around != around {
            kept.algorithm = algorithm;
            kept.around.clear();
            kept.around.push_str(around);
            kept.headers.iter_mut().for_each(|header| header.digest = None);
        }
        Self(Some(kept))
    }

    /// The digest of the header in this place, if it has the same text as the one that was there before.
    pub(super) fn digest(&self, place: usize, text: &str) -> Option<DigestValue> {
        let header = self.0.as_ref()?.headers.get(place)?;
        header.digest.filter(|_| header.text == text)
    }

    /// Remembers the digest of the header in this place, which a good signature says.
    pub(super) fn remember(&mut self, place: usize, text: &str, digest: DigestValue) {
        let Some(kept) = &mut self.0 else { return };
        if place >= HEADERS || text.len() > LONGEST_HEADER {
            return;
        }
        if kept.headers.len() <= place {
            kept.headers.resize_with(place + 1, Header::default);
        }
        let header = &mut kept.headers[place];
        header.text.clear();
        header.text.push_str(text);
        header.digest = Some(digest);
    }
}

impl Drop for Remembered {
    fn drop(&mut self) {
        let kept = self.0.take();
        // A thread that ends keeps nothing.
        let _ = KEPT.try_with(|place| place.set(kept));
    }
}

/// As in a thread that has read nothing yet.
#[cfg(test)]
pub(super) fn forget() {
    KEPT.take();
}

#[cfg(test)]
mod tests {
    use waxwing_crypto::Digest;

    use super::*;

    fn digest(of: &str) -> DigestValue {
        let mut digest = Digest::new(DigestAlgorithm::Sha1);
        digest.update(of.as_bytes());
        digest.finish()
    }

    #[test]
    fn only_the_same_text_in_the_same_place_between_the_same_tags_is_remembered() {
        let sha1 = DigestAlgorithm::Sha1;
        {
            let mut first = Remembered::within("<e><h>", sha1);
            first.remember(0, "<a/>", digest("a"));
            first.remember(3, "<b/>", digest("b"));
            first.remember(HEADERS, "<c/>", digest("c"));
            first.remember(4, &"d".repeat(LONGEST_HEADER + 1), digest("d"));
        }
        let found = |around: &str, algorithm, place, text: &str| {
            Remembered::within(around, algorithm).digest(place, text).map(|digest| digest.to_vec())
        };
        let known = |place, text: &str| found("<e><h>", sha1, place, text);
        assert_eq!(known(0, "<a/>"), Some(digest("a").to_vec()));
        assert_eq!(known(3, "<b/>"), Some(digest("b").to_vec()));
        for (place, text) in [
            (0, "<b/>"),
            (0, "<a />"),
            (1, ""),
            (1, "<a/>"),
            (3, "<a/>"),
            (HEADERS, "<c/>"),
            (99, "<a/>"),
        ] {
            assert_eq!(known(place, text), None, "{place} {text}");
        }
        assert_eq!(known(4, &"d".repeat(LONGEST_HEADER + 1)), None);
        assert_eq!(found(&"e".repeat(LONGEST_AROUND + 1), sha1, 0, "<a/>"), None);
        // Nothing is left of what stood between other tags, or had another digest.
        for (around, algorithm) in [("<e><i>", sha1), ("<e><h>", DigestAlgorithm::Sha256)] {
            Remembered::within("<e><h>", sha1).remember(0, "<a/>", digest("a"));
            assert_eq!(found(around, algorithm, 0, "<a/>"), None);
            assert_eq!(known(0, "<a/>"), None);
        }
    }
}
