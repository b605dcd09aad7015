//! A text of bounded length that needs no allocation.

use std::fmt;

/// The most octets: an identifier with its `urn:uuid:` has 45, a duration 31, a number 32.
const MOST: usize = 64;

/// A text on the stack. Writing more than fits is an error, and writes nothing.
pub(crate) struct Short {
    octets: [u8; MOST],
    len: usize,
}

impl Short {
    pub(super) fn new() -> Self {
        Self { octets: [0; MOST], len: 0 }
    }

    /// Appends octets of text.
    pub(super) fn push(&mut self, octets: &[u8]) -> fmt::Result {
        let place = self.octets.get_mut(self.len..self.len + octets.len()).ok_or(fmt::Error)?;
        place.copy_from_slice(octets);
        self.len += octets.len();
        Ok(())
    }

    /// The same without so many octets in front, and without any of these at the end.
    pub(super) fn without(mut self, before: usize, octet: u8) -> Self {
        self.octets.copy_within(before..self.len, 0);
        self.len -= before;
        while self.as_bytes().last() == Some(&octet) {
            self.len -= 1;
        }
        self
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.octets[..self.len]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes())
    }
}
