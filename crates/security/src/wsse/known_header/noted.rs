//! What a known header says, noted beside the message when its text is read: nobody reads that again.
//!
//! The pieces stand in the order of the header. One that may be absent is empty then, and so is the first one of an element
//! that may be.

use smallvec::SmallVec;
use waxwing_xml::{Notes, UnreadContent};

use super::{
    DERIVED_KEYS, KnownContext, KnownDerivedKey, KnownEncrypted, KnownHeader, KnownReference,
    KnownSignature, KnownStamp,
};
use crate::wsse::Dialect;

/// The name of the notes.
const NAME: &str = "Security of a secure conversation";

impl<'t> KnownHeader<'t> {
    /// What was noted of content that [`passes_security`](super::passes_security) knew. None of what anybody else knew.
    pub(in crate::wsse) fn of(content: &UnreadContent<'t>) -> Option<Self> {
        let pieces = &mut content.noted(NAME)?;
        let stamp = KnownStamp::noted(pieces)?;
        let context = KnownContext::noted(pieces)?;
        let mut derived = SmallVec::new();
        while let Some(token) = KnownDerivedKey::noted(pieces)? {
            derived.push(token);
        }
        let signature = match present(pieces.next()?) {
            Some(text) => KnownSignature::Clear(text),
            None => KnownSignature::Encrypted(KnownEncrypted::noted(pieces)?),
        };
        let header = Self { stamp, context, derived, references: pieces.collect(), signature };
        debug_assert_eq!(Self::read(content.text()), Some((header.clone(), "")), "as it was noted");
        debug_assert!(KnownIds::of(content).is_some_and(|known| {
            let stamp = header.stamp.iter().map(|stamp| stamp.id);
            known.stamp == header.stamp && known.ids().eq(stamp.chain(header.token_ids()))
        }));
        Some(header)
    }

    pub(super) fn note(&self, notes: &mut Notes<'_>) {
        notes.begin(NAME);
        match &self.stamp {
            Some(stamp) => stamp.note(notes),
            None => notes.push(""),
        }
        match &self.context {
            Some(token) => token.note(notes),
            None => notes.push(""),
        }
        self.derived.iter().for_each(|token| token.note(notes));
        notes.push("");
        match &self.signature {
            KnownSignature::Clear(text) => notes.push(text),
            KnownSignature::Encrypted(data) => {
                notes.push("");
                data.note(notes);
            }
        }
        self.references.iter().for_each(|id| notes.push(id));
    }
}

/// What is referred to in a header, as far as it is asked for when the header was judged already.
pub(in crate::wsse) struct KnownIds<'t> {
    pub(in crate::wsse) stamp: Option<KnownStamp<'t>>,
    tokens: SmallVec<[&'t str; 1 + DERIVED_KEYS]>,
}

impl<'t> KnownIds<'t> {
    /// What was noted of content that [`passes_security`](super::passes_security) knew. None of what anybody else knew.
    pub(in crate::wsse) fn of(content: &UnreadContent<'t>) -> Option<Self> {
        let pieces = &mut content.noted(NAME)?;
        let stamp = KnownStamp::noted(pieces)?;
        let mut tokens = SmallVec::new();
        if present(pieces.next()?).is_some() {
            tokens.push(pieces.next()?);
            pieces.nth(KnownContext::BEHIND_ID - 1)?;
        }
        while present(pieces.next()?).is_some() {
            tokens.push(pieces.next()?);
            pieces.nth(KnownDerivedKey::BEHIND_ID - 1)?;
        }
        Some(Self { stamp, tokens })
    }

    /// All identifiers that stand in the header, but for that of what is encrypted: it is announced, and then gone.
    pub(in crate::wsse) fn ids(&self) -> impl Iterator<Item = &str> {
        let stamp = self.stamp.iter().map(|stamp| stamp.id);
        stamp.chain(self.tokens.iter().copied())
    }
}

impl<'t> KnownStamp<'t> {
    fn note(&self, notes: &mut Notes<'_>) {
        let Self { id, created, expires, behind_name } = *self;
        for piece in [id, created, expires.unwrap_or_default(), behind_name] {
            notes.push(piece);
        }
    }

    fn noted(pieces: &mut impl Iterator<Item = &'t str>) -> Option<Option<Self>> {
        let Some(id) = present(pieces.next()?) else { return Some(None) };
        let (created, expires) = (pieces.next()?, present(pieces.next()?));
        Some(Some(Self { id, created, expires, behind_name: pieces.next()? }))
    }
}

impl<'t> KnownContext<'t> {
    /// So many pieces are noted behind its id.
    const BEHIND_ID: usize = 2;

    /// That of a header that [`passes_security`](super::passes_security) knew, if it has one.
    pub(crate) fn of(content: &UnreadContent<'t>) -> Option<Self> {
        let pieces = &mut content.noted(NAME)?;
        KnownStamp::noted(pieces)?;
        Self::noted(pieces)?
    }

    fn note(&self, notes: &mut Notes<'_>) {
        let Self { dialect: _, prefix, id, identifier, instance } = *self;
        for piece in [prefix, id, identifier, instance.unwrap_or_default()] {
            notes.push(piece);
        }
    }

    fn noted(pieces: &mut impl Iterator<Item = &'t str>) -> Option<Option<Self>> {
        let Some(prefix) = present(pieces.next()?) else { return Some(None) };
        let (id, identifier, instance) = (pieces.next()?, pieces.next()?, present(pieces.next()?));
        Some(Some(Self { dialect: dialect(prefix)?, prefix, id, identifier, instance }))
    }
}

impl<'t> KnownDerivedKey<'t> {
    /// So many pieces are noted behind its id.
    const BEHIND_ID: usize = 5;

    fn note(&self, notes: &mut Notes<'_>) {
        let Self { dialect: _, prefix, id, base, offset, length, nonce } = *self;
        for piece in [prefix, id] {
            notes.push(piece);
        }
        base.note(notes);
        let (offset, length) = (offset.unwrap_or_default(), length.unwrap_or_default());
        for piece in [offset, length, nonce] {
            notes.push(piece);
        }
    }

    fn noted(pieces: &mut impl Iterator<Item = &'t str>) -> Option<Option<Self>> {
        let Some(prefix) = present(pieces.next()?) else { return Some(None) };
        let (id, base) = (pieces.next()?, KnownReference::noted(pieces)?);
        let (offset, length) = (present(pieces.next()?), present(pieces.next()?));
        let nonce = pieces.next()?;
        Some(Some(Self { dialect: dialect(prefix)?, prefix, id, base, offset, length, nonce }))
    }
}

impl<'t> KnownEncrypted<'t> {
    fn note(&self, notes: &mut Notes<'_>) {
        let Self { id, algorithm, key, value } = *self;
        for piece in [id, algorithm] {
            notes.push(piece);
        }
        key.note(notes);
        notes.push(value);
    }

    fn noted(pieces: &mut impl Iterator<Item = &'t str>) -> Option<Self> {
        let (id, algorithm) = (pieces.next()?, pieces.next()?);
        let (key, value) = (KnownReference::noted(pieces)?, pieces.next()?);
        Some(Self { id, algorithm, key, value })
    }
}

impl<'t> KnownReference<'t> {
    fn note(&self, notes: &mut Notes<'_>) {
        for piece in [self.uri, self.instance.unwrap_or_default()] {
            notes.push(piece);
        }
    }

    fn noted(pieces: &mut impl Iterator<Item = &'t str>) -> Option<Self> {
        Some(Self { uri: pieces.next()?, instance: present(pieces.next()?) })
    }
}

/// A piece that may be absent.
fn present(piece: &str) -> Option<&str> {
    (!piece.is_empty()).then_some(piece)
}

fn dialect(prefix: &str) -> Option<Dialect> {
    Dialect::ALL.into_iter().find(|dialect| dialect.conversation_prefix() == prefix)
}
