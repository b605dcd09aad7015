//! Qualified names as they are written.

use super::{Parsed, Parser, exceeded, refuse};
use crate::chars::{NAME_BYTES, NameByte, is_ncname};
use crate::error::ParseErrorKind;
use crate::node::Text;
use crate::scan;

/// A qualified name in the source.
#[derive(Clone, Copy)]
pub(super) struct RawName {
    pub(super) start: usize,
    /// Where the local part begins: at `start` when there is no prefix.
    pub(super) local: usize,
    pub(super) end: usize,
}

impl RawName {
    pub(super) fn local(self) -> Text {
        Text { start: self.local as u32, len: (self.end - self.local) as u32 }
    }

    /// The prefix with its colon is so long.
    pub(super) fn prefix_len(self) -> usize {
        self.local - self.start
    }
}

impl<'p> Parser<'p> {
    /// A qualified name.
    #[inline(always)]
    pub(super) fn name(&mut self) -> Parsed<RawName> {
        match self.usual_name(self.at) {
            Some(name) => {
                self.at = name.end;
                Ok(name)
            }
            None => self.any_name(),
        }
    }

    /// The name that begins there, if it is of ASCII.
    #[inline(always)]
    pub(super) fn usual_name(&self, start: usize) -> Option<RawName> {
        let local = match self.bytes.get(start..)?.first_chunk()? {
            [b'a'..=b'z', b':'] => start + 2,
            _ => start,
        };
        let end = scan::name(self.bytes, local);
        let starts = NAME_BYTES[*self.bytes.get(local)? as usize];
        let ends = NAME_BYTES[*self.bytes.get(end)? as usize];
        let fits = end - start <= self.limits.max_name_length;
        match (starts, ends, fits) {
            (NameByte::Start, NameByte::End, true) => Some(RawName { start, local, end }),
            (NameByte::Start, NameByte::Colon, true) if local == start => self.prefixed(start, end),
            _ => None,
        }
    }

    /// The same behind a prefix of ASCII, whose colon is there.
    #[inline(never)]
    fn prefixed(&self, start: usize, colon: usize) -> Option<RawName> {
        let local = colon + 1;
        let end = scan::name(self.bytes, local);
        let starts = NAME_BYTES[*self.bytes.get(local)? as usize] == NameByte::Start;
        let ends = NAME_BYTES[*self.bytes.get(end)? as usize] == NameByte::End;
        let fits = end - start <= self.limits.max_name_length;
        (starts && ends && fits).then_some(RawName { start, local, end })
    }

    #[inline(never)]
    pub(super) fn any_name(&mut self) -> Parsed<RawName> {
        let start = self.at;
        let (mut at, mut local, mut beyond_ascii, mut colons) = (start, start, false, 0);
        loop {
            at = scan::name(self.bytes, at);
            match self.bytes.get(at).map(|byte| NAME_BYTES[*byte as usize]) {
                Some(NameByte::High) => beyond_ascii = true,
                Some(NameByte::Colon) => {
                    colons += 1;
                    local = at + 1;
                }
                _ => break,
            }
            at += 1;
        }
        self.at = at;
        let name = RawName { start, local, end: self.at };
        if self.at - start > self.limits.max_name_length {
            self.at = start;
            return exceeded("max_name_length", self.limits.max_name_length);
        }
        let starts =
            |at: usize| at < name.end && NAME_BYTES[self.bytes[at] as usize] == NameByte::Start;
        let valid = match beyond_ascii {
            false => starts(local) && starts(start) && colons <= 1,
            true => {
                let local = is_ncname(&self.source[name.local..name.end]);
                colons <= 1 && local && (colons == 0 || is_ncname(self.prefix_of(name)))
            }
        };
        if !valid {
            self.at = start;
            return refuse(match self.spelled(name) {
                "" if start == self.bytes.len() => ParseErrorKind::UnexpectedEnd("a tag"),
                "" => ParseErrorKind::Expected("a name"),
                spelled => ParseErrorKind::Name(spelled.into()),
            });
        }
        Ok(name)
    }

    pub(super) fn spelled(&self, name: RawName) -> &'p str {
        &self.source[name.start..name.end]
    }

    fn prefix_of(&self, name: RawName) -> &'p str {
        &self.source[name.start..name.local.saturating_sub(1).max(name.start)]
    }
}
