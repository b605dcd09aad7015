//! The octets at hand, and the strings that they name.

use super::{BinaryErrorKind, Limits, Read, ReceivedStrings, Vocabulary, exceeded, refuse};
use crate::binary::number::read_size;
use crate::binary::vocabulary::Known;
use crate::chars::is_ncname_of;
use crate::scan;

/// The octets that are read.
pub(super) struct Source<'r> {
    pub(super) octets: &'r [u8],
    pub(super) at: usize,
    pub(super) vocabulary: &'r Vocabulary,
    pub(super) session: Option<&'r ReceivedStrings>,
}

/// A string: as it is written out (checked UTF-8), of the vocabulary, or of the session with its identifier.
#[derive(Clone, Copy)]
pub(super) enum StringRef<'r> {
    Inline(&'r [u8]),
    Known(&'r Known),
    Session(u32, &'r str),
}

impl<'r> StringRef<'r> {
    #[inline]
    pub(super) fn octets(&self) -> &'r [u8] {
        match self {
            Self::Inline(octets) => octets,
            Self::Session(_, text) => text.as_bytes(),
            Self::Known(known) => known.text.as_bytes(),
        }
    }

    /// The same as text, for those who need it: octets that are written out are looked at once more.
    pub(super) fn text(&self) -> &'r str {
        match self {
            Self::Inline(octets) => text_of(octets),
            Self::Session(_, text) => text,
            Self::Known(known) => known.text,
        }
    }
}

/// Octets that were checked, as text.
pub(super) fn text_of(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap_or_default()
}

impl<'r> Source<'r> {
    /// The next octet.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<u8> {
        let octet = self.octets.get(self.at).copied();
        self.at += usize::from(octet.is_some());
        octet
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    /// The code of the next record.
    #[inline(always)]
    pub(super) fn code(&mut self, inside: &'static str) -> Read<u8> {
        match self.next() {
            Some(code) => Ok(code),
            None => refuse(BinaryErrorKind::UnexpectedEnd(inside)),
        }
    }

    /// So many octets; they are there before anything is made of them.
    #[inline(always)]
    pub(super) fn take(&mut self, count: usize) -> Read<&'r [u8]> {
        let octets = self.octets;
        match octets[self.at..].get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => refuse(BinaryErrorKind::UnexpectedEnd("a record")),
        }
    }

    /// A number of fixed width.
    #[inline(always)]
    pub(super) fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut number = [0; N];
        number.copy_from_slice(self.take(N)?);
        Ok(number)
    }

    pub(super) fn left(&self) -> usize {
        self.octets.len() - self.at
    }

    #[inline(always)]
    pub(super) fn size(&mut self) -> Read<u32> {
        // What nearly every size looks like.
        if let Some(size @ ..0x80) = self.peek() {
            self.at += 1;
            return Ok(size.into());
        }
        self.long_size()
    }

    #[inline(never)]
    fn long_size(&mut self) -> Read<u32> {
        match read_size(&self.octets[self.at..]) {
            Some(Ok((size, len))) => {
                self.at += len;
                Ok(size)
            }
            Some(Err(())) => refuse(BinaryErrorKind::Size),
            None => refuse(BinaryErrorKind::UnexpectedEnd("a size")),
        }
    }

    /// A string that is written out: its size and UTF-8 (MC-NBFX §2.1.3).
    #[inline]
    pub(super) fn string(&mut self, limits: &Limits) -> Read<&'r [u8]> {
        let size = self.size()? as usize;
        self.utf8(size, limits)
    }

    /// Octets of a size that are UTF-8, checked for what XML cannot carry.
    #[inline(always)]
    pub(super) fn utf8(&mut self, size: usize, limits: &Limits) -> Read<&'r [u8]> {
        let octets = self.sized(size, limits)?;
        match scan::is_plain(octets) {
            true => Ok(octets),
            false => self.other_than_plain(octets),
        }
    }

    #[inline(always)]
    fn sized(&mut self, size: usize, limits: &Limits) -> Read<&'r [u8]> {
        match size > limits.max_string_content_length {
            true => exceeded("max_string_content_length", limits.max_string_content_length),
            false => self.take(size),
        }
    }

    /// The same octets, if they are UTF-8 that XML can carry.
    #[inline(never)]
    fn other_than_plain(&mut self, octets: &'r [u8]) -> Read<&'r [u8]> {
        let checked = match std::str::from_utf8(octets) {
            Ok(text) => super::check_characters(text).map(|()| octets),
            Err(_) => refuse(BinaryErrorKind::Encoding("UTF-8")),
        };
        if checked.is_err() {
            self.at -= octets.len();
        }
        checked
    }

    /// A name or a namespace that is written out. One that the vocabulary has is known: nothing of it has to be looked at, or
    /// copied. (Whether it is a name is checked with its prefix.)
    #[inline(always)]
    pub(super) fn inline(&mut self, limits: &Limits) -> Read<StringRef<'r>> {
        let size = self.size()? as usize;
        let octets = self.sized(size, limits)?;
        if let Some(known) = self.vocabulary.find(octets) {
            return Ok(StringRef::Known(known));
        }
        match scan::is_plain(octets) {
            true => Ok(StringRef::Inline(octets)),
            false => self.other_than_plain(octets).map(StringRef::Inline),
        }
    }

    /// A string of a dictionary, by its identifier: even of the static one, odd of the session's (MC-NBFSE §2).
    #[inline(always)]
    pub(super) fn dictionary(&mut self) -> Read<StringRef<'r>> {
        let id = self.size()?;
        match self.vocabulary.known(id >> 1) {
            Some(known) if id & 1 == 0 => Ok(StringRef::Known(known)),
            _ => self.of_session(id),
        }
    }

    #[inline(never)]
    fn of_session(&self, id: u32) -> Read<StringRef<'r>> {
        let session = self.session.filter(|_| id & 1 == 1);
        if let Some(known) = session.and_then(|session| session.known(id >> 1)) {
            return Ok(StringRef::Known(known));
        }
        match session.and_then(|session| session.text(id >> 1)) {
            Some(text) => Ok(StringRef::Session(id, text)),
            None => refuse(BinaryErrorKind::UnknownString(id)),
        }
    }

    /// Whether a string is a name.
    #[inline(always)]
    pub(super) fn is_name(&self, string: StringRef<'_>) -> bool {
        match string {
            StringRef::Inline(octets) => is_ncname_of(octets),
            StringRef::Known(known) => known.is_name,
            StringRef::Session(id, _) => {
                self.session.is_some_and(|session| session.is_name(id >> 1))
            }
        }
    }
}
