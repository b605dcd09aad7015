//! The digests of headers that stand in one message of a session as in the one before: `Action`, `To`, `ReplyTo`.
//!
//! A digest is that of a canonical form, and the exclusive canonical form of an element says nothing but what its text and the
//! start tags around it say (Exclusive XML Canonicalization §3). So where those are the same octets, it is the same digest, and
//! nothing is canonicalized or hashed again. It is compared with what the signature says as ever.

use std::cell::Cell;
use std::hash::Hasher;

use rustc_hash::FxHasher;
use waxwing_crypto::{DigestAlgorithm, DigestValue};

/// The headers that are remembered at most, a power of two, and their longest text.
const HEADERS: usize = 32;
const LONGEST_HEADER: usize = 512;
/// The different texts in front of the headers, and the longest of them.
const AROUND: usize = 4;
const LONGEST_AROUND: usize = 1024;

/// What a thread remembers. All of it was covered by a signature that was good, and nothing of it was encrypted.
#[derive(Default)]
struct Headers {
    /// Everything in front of the first header, and how digests are made.
    around: Vec<(DigestAlgorithm, String)>,
    /// None, or [`HEADERS`]: each has one place, by its hash.
    places: Vec<Place>,
}

#[derive(Default)]
struct Place {
    /// The hash of the header that was here last. One is remembered when it comes for the second time: most that differ from
    /// one message to the next never do, and drive out nothing.
    seen: u64,
    header: Option<Header>,
}

struct Header {
    /// The number of the text in front.
    around: usize,
    text: String,
    digest: DigestValue,
}

thread_local! {
    static KEPT: Cell<Option<Box<Headers>>> = const { Cell::new(None) };
}

/// The digests of headers that stand behind the same text as those of one message.
pub(super) struct Remembered {
    kept: Option<Box<Headers>>,
    around: usize,
}

impl Remembered {
    /// Of a message with this text in front of its headers.
    pub(super) fn within(around: &str, algorithm: DigestAlgorithm) -> Self {
        if around.len() > LONGEST_AROUND {
            return Self { kept: None, around: 0 };
        }
        let mut kept = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let is_same = |known: &(_, String)| known.0 == algorithm && known.1 == around;
        let around = kept.around.iter().position(is_same).unwrap_or_else(|| {
            if kept.around.len() == AROUND {
                *kept = Headers::default();
            }
            kept.around.push((algorithm, around.to_owned()));
            kept.around.len() - 1
        });
        if kept.places.is_empty() {
            kept.places.resize_with(HEADERS, Place::default);
        }
        Self { kept: Some(kept), around }
    }

    /// The digest of a header, if it is remembered, and what [`remember`](Self::remember) asks for.
    pub(super) fn digest(&self, text: &str) -> (u64, Option<DigestValue>) {
        let mut hash = FxHasher::default();
        hash.write_usize(self.around);
        hash.write(text.as_bytes());
        let hash = hash.finish();
        let header =
            self.kept.as_ref().and_then(|kept| kept.places.get(place(hash))?.header.as_ref());
        let header = header.filter(|header| header.around == self.around && header.text == text);
        (hash, header.map(|header| header.digest))
    }

    /// Remembers the digest of a header that has this hash, which a good signature says.
    pub(super) fn remember(&mut self, hash: u64, text: &str, digest: DigestValue) {
        let Some(kept) = &mut self.kept else { return };
        let Some(place) = kept.places.get_mut(place(hash)) else { return };
        if place.seen != hash {
            place.seen = hash;
        } else if text.len() <= LONGEST_HEADER {
            place.header = Some(Header { around: self.around, text: text.to_owned(), digest });
        }
    }
}

impl Drop for Remembered {
    fn drop(&mut self) {
        let kept = self.kept.take();
        // A thread that ends keeps nothing.
        let _ = KEPT.try_with(|place| place.set(kept));
    }
}

fn place(hash: u64) -> usize {
    hash as usize % HEADERS
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

    const SHA1: DigestAlgorithm = DigestAlgorithm::Sha1;

    fn digest(of: &str) -> DigestValue {
        let mut digest = Digest::new(SHA1);
        digest.update(of.as_bytes());
        digest.finish()
    }

    fn remember(remembered: &mut Remembered, text: &str) {
        let (hash, _) = remembered.digest(text);
        remembered.remember(hash, text, digest(text));
    }

    fn knows(remembered: &Remembered, text: &str) -> bool {
        let (_, found) = remembered.digest(text);
        assert!(found.is_none_or(|found| *found == *digest(text)));
        found.is_some()
    }

    #[test]
    fn what_came_twice_is_remembered_where_the_same_stands_in_front() {
        forget();
        let long = "d".repeat(LONGEST_HEADER + 1);
        for time in 0..3 {
            let mut remembered = Remembered::within("<e><h>", SHA1);
            for text in ["<a/>", "<b/>"] {
                assert_eq!(knows(&remembered, text), time == 2, "{time}");
                remember(&mut remembered, text);
            }
            assert!(!knows(&remembered, &long) && !knows(&remembered, "<a />"));
            remember(&mut remembered, &long);
        }
        let others = [("<e><i>", SHA1), ("", SHA1), ("<e><h>", DigestAlgorithm::Sha256)];
        for (around, algorithm) in others {
            assert!(!knows(&Remembered::within(around, algorithm), "<a/>"));
            assert!(knows(&Remembered::within("<e><h>", SHA1), "<a/>"));
        }
        let long = "e".repeat(LONGEST_AROUND + 1);
        for _ in 0..3 {
            let mut remembered = Remembered::within(&long, SHA1);
            remember(&mut remembered, "<a/>");
            assert!(!knows(&remembered, "<a/>"));
        }
        // One more than there may be: nothing is left.
        Remembered::within("<e>", SHA1);
        assert!(!knows(&Remembered::within("<e><h>", SHA1), "<a/>"));
    }

    #[test]
    fn what_never_comes_again_drives_out_nothing_and_takes_no_room() {
        forget();
        let mut remembered = Remembered::within("", SHA1);
        for _ in 0..2 {
            remember(&mut remembered, "<a/>");
        }
        for number in 0..10_000 {
            remember(&mut remembered, &format!("<m>{number}</m>"));
        }
        assert!(knows(&remembered, "<a/>"));
        let kept = remembered.kept.as_ref().expect("kept");
        assert_eq!(kept.places.iter().filter(|place| place.header.is_some()).count(), 1);
        for number in 0..10_000 {
            for _ in 0..2 {
                remember(&mut remembered, &format!("<m>{number}</m>"));
            }
        }
        let kept = remembered.kept.as_ref().expect("kept");
        assert_eq!((kept.places.len(), kept.around.len()), (HEADERS, 1));
    }
}
