//! The content of the streamed element: octets in records (MC-NBFX §2.3.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waxwing_xml::binary::records::{
    BYTES8, BYTES16, BYTES32, CHARS8, CHARS32, COMMENT, EMPTY_TEXT, END_ELEMENT,
};

/// Why the content of a streamed element cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// A record that holds no octets.
    #[error("the record 0x{0:02X} has no place in a stream of octets")]
    Record(u8),
    /// Characters that are no base64.
    #[error("the content of the stream is no base64")]
    Base64,
    /// An element.
    #[error("an element, or something like it, stands in a stream of octets")]
    Element,
    /// Something stands behind the stream.
    #[error("something stands behind the stream: it must be all of its message's body")]
    Behind,
    /// The message ends before its stream.
    #[error("the message ended in the middle of its stream")]
    Unfinished,
}

/// Reads the octets of a stream out of a message, and the ends of what is around it.
#[derive(Debug)]
pub struct ContentReader {
    state: State,
    /// How many elements are open.
    depth: usize,
    /// Characters of base64 that are no whole group yet.
    group: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Record,
    /// The length of a record: how many octets of it are still to come, and what they are so far, lowest first.
    Length {
        code: u8,
        left: u8,
        read: u8,
        value: u32,
    },
    /// The length of a comment.
    CommentLength {
        read: u8,
        value: u32,
    },
    Octets {
        left: u32,
        ends: bool,
    },
    Characters {
        left: u32,
        ends: bool,
    },
    Comment {
        left: u32,
    },
    /// The stream is over.
    Tail,
}

impl ContentReader {
    /// At the beginning of the content of an element, so many elements being open.
    pub(super) fn new(depth: usize) -> Self {
        Self { state: State::Record, depth, group: Vec::new() }
    }

    /// Takes all of `octets`, and puts those of the stream behind what is in `out`: never more than `octets` has.
    ///
    /// # Errors
    /// Something else than octets, or something behind them.
    pub fn read(&mut self, mut octets: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        while let Some((first, rest)) = octets.split_first() {
            match self.state {
                State::Octets { left, ends } => {
                    let (own, rest) = octets.split_at(octets.len().min(left as usize));
                    out.extend_from_slice(own);
                    self.state = State::Octets { left: left - own.len() as u32, ends };
                    octets = rest;
                }
                State::Characters { left, ends } => {
                    let (own, rest) = octets.split_at(octets.len().min(left as usize));
                    self.characters(own, out)?;
                    self.state = State::Characters { left: left - own.len() as u32, ends };
                    octets = rest;
                }
                State::Comment { left } => {
                    let taken = octets.len().min(left as usize);
                    self.state = State::Comment { left: left - taken as u32 };
                    octets = &octets[taken..];
                }
                _ => {
                    self.step(*first)?;
                    octets = rest;
                }
            }
            self.settle()?;
        }
        Ok(())
    }

    /// The message is over.
    ///
    /// # Errors
    /// Its stream is not.
    pub fn finish(&self) -> Result<(), ContentError> {
        match (self.state, self.depth) {
            (State::Tail, 0) => Ok(()),
            _ => Err(ContentError::Unfinished),
        }
    }

    fn step(&mut self, octet: u8) -> Result<(), ContentError> {
        self.state = match self.state {
            State::Tail if octet == END_ELEMENT && self.depth > 0 => {
                self.depth -= 1;
                State::Tail
            }
            State::Tail => return Err(ContentError::Behind),
            State::Record => self.begin(octet)?,
            State::Length { code, left, read, value } => {
                let value = value | u32::from(octet) << (8 * u32::from(read));
                match left {
                    1 => sized(code, value),
                    _ => State::Length { code, left: left - 1, read: read + 1, value },
                }
            }
            State::CommentLength { read, value } => {
                // As sizes are written: seven bits an octet, at most 31.
                if read == 4 && octet > 7 {
                    return Err(ContentError::Record(COMMENT));
                }
                let value = value | u32::from(octet & 0x7f) << (7 * u32::from(read));
                match octet & 0x80 {
                    0 => State::Comment { left: value },
                    _ => State::CommentLength { read: read + 1, value },
                }
            }
            other => other,
        };
        Ok(())
    }

    fn begin(&mut self, code: u8) -> Result<State, ContentError> {
        let width = |first: u8| 1 << ((code - first) / 2);
        let length = |left| State::Length { code, left, read: 0, value: 0 };
        Ok(match code {
            END_ELEMENT => self.over()?,
            COMMENT => State::CommentLength { read: 0, value: 0 },
            CHARS8..BYTES8 => length(width(CHARS8)),
            BYTES8..=0xA3 => length(width(BYTES8)),
            EMPTY_TEXT => State::Record,
            code if code == EMPTY_TEXT | 1 => self.over()?,
            code => return Err(ContentError::Record(code)),
        })
    }

    /// A record of which nothing is left is over, and the element perhaps with it.
    fn settle(&mut self) -> Result<(), ContentError> {
        self.state = match self.state {
            State::Octets { left: 0, ends } | State::Characters { left: 0, ends } => match ends {
                true => self.over()?,
                false => State::Record,
            },
            State::Comment { left: 0 } => State::Record,
            other => other,
        };
        Ok(())
    }

    fn over(&mut self) -> Result<State, ContentError> {
        if !self.group.is_empty() {
            return Err(ContentError::Base64);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(State::Tail)
    }

    /// Characters of base64, cut anywhere, with blanks between.
    fn characters(&mut self, characters: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        for character in characters.iter().filter(|character| !character.is_ascii_whitespace()) {
            self.group.push(*character);
            if let [_, _, _, _] = self.group[..] {
                let mut octets = [0; 3];
                let decoded = STANDARD.decode_slice(&self.group, &mut octets);
                out.extend_from_slice(&octets[..decoded.map_err(|_| ContentError::Base64)?]);
                self.group.clear();
            }
        }
        Ok(())
    }
}

fn sized(code: u8, length: u32) -> State {
    let ends = code & 1 == 1;
    match code & !1 {
        CHARS8..=CHARS32 => State::Characters { left: length, ends },
        _ => State::Octets { left: length, ends },
    }
}

/// Writes the octets of a stream into a message, in the records that WCF makes of them: each a multiple of three octets, and
/// what is left over goes into the next one.
#[derive(Debug, Clone, Default)]
pub struct ContentWriter {
    kept: Vec<u8>,
}

/// How many octets WCF takes of a stream at first; sixteen times as many each time when it got them all, up to
/// [`MOST_AT_ONCE`].
pub const FIRST_AT_ONCE: usize = 256;
/// The most that it takes at a time.
pub const MOST_AT_ONCE: usize = 64 << 10;

impl ContentWriter {
    /// The first octets come next.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many octets to take of the stream after `taken` were taken where `wanted` were wanted.
    pub fn next_size(wanted: usize, taken: usize) -> usize {
        match wanted < MOST_AT_ONCE && taken == wanted {
            true => wanted * 16,
            false => wanted,
        }
    }

    /// Writes the next octets behind what is in `out`.
    pub fn write(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let whole = (self.kept.len() + octets.len()) / 3 * 3;
        if whole == 0 {
            self.kept.extend_from_slice(octets);
            return;
        }
        let (now, later) = octets.split_at(whole - self.kept.len());
        record(whole, false, out);
        out.append(&mut self.kept);
        out.extend_from_slice(now);
        self.kept.extend_from_slice(later);
    }

    /// Writes what is left, and the end of the element.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self.kept.len() {
            0 => out.push(END_ELEMENT),
            left => {
                record(left, true, out);
                out.extend_from_slice(&self.kept);
            }
        }
    }
}

/// The front of a record of so many octets.
fn record(length: usize, ends: bool, out: &mut Vec<u8>) {
    let end = u8::from(ends);
    // More than 31 bits are never taken at a time.
    let length = length as u32;
    match length {
        0..=0xff => out.extend([BYTES8 | end, length as u8]),
        0x100..=0xffff => {
            out.push(BYTES16 | end);
            out.extend_from_slice(&(length as u16).to_le_bytes());
        }
        _ => {
            out.push(BYTES32 | end);
            out.extend_from_slice(&length.to_le_bytes());
        }
    }
}
