//! Strings that the messages of one session have made known, in one direction (MC-NBFSE §2).

use rustc_hash::FxHashMap;

use super::number::{push_size, read_size, size_len};
use super::vocabulary::{Known, Vocabulary};
use crate::chars::is_ncname;

/// Why the strings before a message cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The block of strings is malformed.
    #[error("The binary encoder session information is not properly formed.")]
    Malformed,
    /// All strings of the session together are too large.
    #[error(
        "The binary encoder session information exceeded the maximum size quota ({0}). To increase this quota, use the MaxSessionSize property on the BinaryMessageEncodingBindingElement."
    )]
    TooLarge(usize),
    /// A message before could not be read.
    #[error(
        "The binary encoder session is not valid. There was an error decoding a previous message."
    )]
    Broken,
}

/// What a peer has made known.
#[derive(Clone, Debug)]
pub struct ReceivedStrings {
    text: String,
    strings: Vec<Received>,
    vocabulary: Option<&'static Vocabulary>,
    size: usize,
    max_size: usize,
    broken: bool,
}

/// A string of a peer.
#[derive(Clone, Copy, Debug)]
struct Received {
    /// Where it ends in the text.
    end: u32,
    is_name: bool,
    /// The same string of the vocabulary.
    known: Option<&'static Known>,
}

impl ReceivedStrings {
    /// An empty table; all blocks of the session, lengths included, have at most so many octets (`maxSessionSize`, 2048 by
    /// default).
    pub fn new(max_size: usize) -> Self {
        let (text, strings) = (String::new(), Vec::new());
        Self { text, strings, vocabulary: None, size: 0, max_size, broken: false }
    }

    /// The same where messages may make known what this vocabulary has: such strings are found there once, when they come, and
    /// not put into each document that names them.
    #[must_use]
    pub fn with_vocabulary(self, vocabulary: &'static Vocabulary) -> Self {
        Self { vocabulary: Some(vocabulary), ..self }
    }

    /// Takes the block of strings before a message, and gives the message.
    ///
    /// # Errors
    /// [`SessionError`]; the session is broken then, and every later call says so.
    pub fn take<'o>(&mut self, octets: &'o [u8]) -> Result<&'o [u8], SessionError> {
        if self.broken {
            return Err(SessionError::Broken);
        }
        let taken = self.take_block(octets);
        self.broken = taken.is_err();
        taken
    }

    /// Says that a message could not be read: what it would have made known is unsure, and so is what comes after.
    pub fn break_off(&mut self) {
        self.broken = true;
    }

    fn take_block<'o>(&mut self, octets: &'o [u8]) -> Result<&'o [u8], SessionError> {
        let size = |octets| match read_size(octets) {
            Some(Ok((size, len))) => Ok((size as usize, len)),
            Some(Err(())) | None => Err(SessionError::Malformed),
        };
        let (block, start) = size(octets)?;
        let rest = octets[start..].split_at_checked(block).ok_or(SessionError::Malformed);
        if self.size + block > self.max_size {
            return Err(SessionError::TooLarge(self.max_size));
        }
        let (mut block, message) = rest?;
        self.size += block.len();
        while !block.is_empty() {
            let (string, start) = size(block)?;
            let (string, rest) =
                block[start..].split_at_checked(string).ok_or(SessionError::Malformed)?;
            let string = std::str::from_utf8(string).map_err(|_| SessionError::Malformed)?;
            self.text.push_str(string);
            // The sum is below the limit of the session, which is a size.
            let end = self.text.len() as u32;
            let known = self.vocabulary.and_then(|vocabulary| vocabulary.find(string.as_bytes()));
            self.strings.push(Received { end, is_name: is_ncname(string), known });
            block = rest;
        }
        Ok(message)
    }

    /// The string of a number.
    pub fn text(&self, number: u32) -> Option<&str> {
        let end = self.strings.get(number as usize)?.end;
        let start = match number.checked_sub(1) {
            Some(before) => self.strings[before as usize].end,
            None => 0,
        };
        self.text.get(start as usize..end as usize)
    }

    pub(super) fn is_name(&self, number: u32) -> bool {
        self.strings.get(number as usize).is_some_and(|string| string.is_name)
    }

    /// The string of the vocabulary that the string of a number is.
    pub(super) fn known(&self, number: u32) -> Option<&'static Known> {
        self.strings.get(number as usize)?.known
    }
}

/// What we have made known to a peer.
#[derive(Clone, Debug)]
pub struct SentStrings {
    index: FxHashMap<Box<[u8]>, u32>,
    /// The strings that were added since the last block was taken.
    block: Vec<u8>,
    left: usize,
}

impl SentStrings {
    /// An empty table for a peer that takes so many octets of strings in a session.
    pub fn new(max_size: usize) -> Self {
        Self { index: FxHashMap::default(), block: Vec::new(), left: max_size }
    }

    /// The number of a string, which is added when it is new and there is room.
    pub fn number(&mut self, text: &str) -> Option<u32> {
        self.number_of(text.as_bytes())
    }

    /// The same of a string in UTF-8.
    pub(super) fn number_of(&mut self, text: &[u8]) -> Option<u32> {
        if let Some(number) = self.index.get(text) {
            return Some(*number);
        }
        if self.left == 0 {
            return None;
        }
        let len = u32::try_from(text.len()).ok().filter(|len| *len as usize <= self.left);
        let needed = len.map(|len| text.len() + size_len(len));
        let (Some(len), Some(left)) = (len, needed.and_then(|n| self.left.checked_sub(n))) else {
            // As WCF: the first string that has no room ends it, so that both ends count alike.
            self.left = 0;
            return None;
        };
        self.left = left;
        push_size(&mut self.block, len);
        self.block.extend_from_slice(text);
        let number = self.index.len() as u32;
        self.index.insert(text.into(), number);
        Some(number)
    }

    /// The strings that were added since the last call, as they stand in the block before a message.
    pub fn take_block(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(strings: &[&str]) -> Vec<u8> {
        let mut sent = SentStrings::new(usize::MAX);
        for string in strings {
            sent.number(string);
        }
        let block = sent.take_block();
        let mut octets = Vec::new();
        push_size(&mut octets, block.len() as u32);
        octets.extend_from_slice(&block);
        octets
    }

    #[test]
    fn what_one_side_adds_the_other_knows() {
        let mut sent = SentStrings::new(2048);
        assert_eq!(
            [sent.number("urn:a"), sent.number("b"), sent.number("urn:a")],
            [Some(0), Some(1), Some(0)]
        );
        let mut octets = vec![8];
        octets.extend_from_slice(&sent.take_block());
        octets.extend_from_slice(b"rest");
        let mut received = ReceivedStrings::new(2048);
        assert_eq!(received.take(&octets), Ok(&b"rest"[..]));
        assert_eq!(
            [received.text(0), received.text(1), received.text(2)],
            [Some("urn:a"), Some("b"), None]
        );
        assert_eq!([received.is_name(0), received.is_name(1)], [false, true]);
        assert!(sent.take_block().is_empty());
    }

    #[test]
    fn the_writer_stops_where_the_reader_would_fault() {
        let long = "x".repeat(1000);
        let mut sent = SentStrings::new(2048);
        assert_eq!(sent.number(&long), Some(0));
        assert_eq!(sent.number(&format!("y{long}")), Some(1));
        // 2005 octets are taken, 43 are left: one length and 42 octets.
        assert_eq!(sent.number(&"z".repeat(43)), None);
        assert_eq!(sent.number("z"), None, "after the first that has no room there is none");
        assert_eq!(sent.number(&long), Some(0));
        let strings = sent.take_block();
        assert_eq!(strings.len(), 2005);

        let full = [&block(&[&long, &format!("y{long}"), &"z".repeat(42)])[..]].concat();
        let mut received = ReceivedStrings::new(2048);
        assert_eq!(received.take(&full), Ok(&[][..]));
        assert_eq!(received.take(&[0]), Ok(&[][..]));
        assert_eq!(received.take(&[1, 0]), Err(SessionError::TooLarge(2048)));
        assert_eq!(received.take(&[0]), Err(SessionError::Broken));
    }

    #[test]
    fn malformed_blocks_break_the_session() {
        for octets in [
            &[][..],
            &[0x80],
            &[5, 1, b'a'],
            &[2, 2, b'a'],
            &[2, 1, 0xFF],
            &[1, 0x80],
            &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        ] {
            let mut received = ReceivedStrings::new(2048);
            assert_eq!(received.take(octets), Err(SessionError::Malformed), "{octets:?}");
            assert_eq!(received.take(&[0]), Err(SessionError::Broken));
        }
        let mut received = ReceivedStrings::new(2048);
        let announced = [0xFF, 0xFF, 0xFF, 0xFF, 0x07];
        assert_eq!(
            received.take(&announced),
            Err(SessionError::TooLarge(2048)),
            "nothing is allocated"
        );
    }
}
