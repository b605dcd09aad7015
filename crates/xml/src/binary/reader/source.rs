//! The octets at hand, and the strings that they name.

use super::{BinaryErrorKind, Limits, Read, ReceivedStrings, Vocabulary, exceeded};
use crate::binary::number::read_size;
use crate::binary::vocabulary::Known;
use crate::chars::is_ncname;

/// The octets that are read.
pub(super) struct Source<'r> {
    pub(super) octets: &'r [u8],
    pub(super) at: usize,
    pub(super) vocabulary: &'r Vocabulary,
    pub(super) session: Option<&'r ReceivedStrings>,
}

/// A string: as it is written out, of the vocabulary, or of the session with its identifier.
#[derive(Clone, Copy)]
pub(super) enum StringRef<'r> {
    Inline(&'r str),
    Known(&'r Known),
    Session(u32, &'r str),
}

impl<'r> StringRef<'r> {
    #[inline]
    pub(super) fn text(&self) -> &'r str {
        match self {
            Self::Inline(text) | Self::Session(_, text) => text,
            Self::Known(known) => known.text,
        }
    }
}

impl<'r> Source<'r> {
    /// The next octet.
    #[inline]
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
    #[inline]
    pub(super) fn code(&mut self, inside: &'static str) -> Read<u8> {
        self.next().ok_or(BinaryErrorKind::UnexpectedEnd(inside))
    }

    /// So many octets; they are there before anything is made of them.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Read<&'r [u8]> {
        let octets = self.octets;
        match octets[self.at..].get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => Err(BinaryErrorKind::UnexpectedEnd("a record")),
        }
    }

    /// A number of fixed width.
    #[inline]
    pub(super) fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut number = [0; N];
        number.copy_from_slice(self.take(N)?);
        Ok(number)
    }

    pub(super) fn left(&self) -> usize {
        self.octets.len() - self.at
    }

    #[inline]
    pub(super) fn size(&mut self) -> Read<u32> {
        // What nearly every size looks like.
        if let Some(size @ ..0x80) = self.peek() {
            self.at += 1;
            return Ok(size.into());
        }
        match read_size(&self.octets[self.at..]) {
            Some(Ok((size, len))) => {
                self.at += len;
                Ok(size)
            }
            Some(Err(())) => Err(BinaryErrorKind::Size),
            None => Err(BinaryErrorKind::UnexpectedEnd("a size")),
        }
    }

    /// A string that is written out: its size and UTF-8 (MC-NBFX §2.1.3).
    #[inline]
    pub(super) fn string(&mut self, limits: &Limits) -> Read<&'r str> {
        let size = self.size()? as usize;
        self.utf8(size, limits)
    }

    /// UTF-8 of a size, checked for what XML cannot carry.
    pub(super) fn utf8(&mut self, size: usize, limits: &Limits) -> Read<&'r str> {
        if size > limits.max_string_content_length {
            return exceeded("max_string_content_length", limits.max_string_content_length);
        }
        let start = self.at;
        let text = std::str::from_utf8(self.take(size)?);
        let text = text.map_err(|_| BinaryErrorKind::Encoding("UTF-8"));
        let checked = text.and_then(|text| super::check_characters(text).map(|()| text));
        if checked.is_err() {
            self.at = start;
        }
        checked
    }

    /// A name that is written out. (Whether it is one is checked with its prefix.)
    #[inline]
    pub(super) fn inline(&mut self, limits: &Limits) -> Read<StringRef<'r>> {
        Ok(StringRef::Inline(self.string(limits)?))
    }

    /// A string of a dictionary, by its identifier: even of the static one, odd of the session's (MC-NBFSE §2).
    #[inline]
    pub(super) fn dictionary(&mut self) -> Read<StringRef<'r>> {
        let id = self.size()?;
        let number = id >> 1;
        let found = match id & 1 {
            0 => self.vocabulary.known(number).map(StringRef::Known),
            _ => {
                let text = self.session.and_then(|session| session.text(number));
                text.map(|text| StringRef::Session(id, text))
            }
        };
        found.ok_or(BinaryErrorKind::UnknownString(id))
    }

    /// Whether a string is a name.
    pub(super) fn is_name(&self, string: StringRef<'_>) -> bool {
        match string {
            StringRef::Inline(text) => is_ncname(text),
            StringRef::Known(known) => known.is_name,
            StringRef::Session(id, _) => {
                self.session.is_some_and(|session| session.is_name(id >> 1))
            }
        }
    }
}
