//! The content of a streamed element in text: base64, and the ends of the elements around it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::content::ContentError;

/// The most octets of a reference to a character (`&#x0000D;`).
const MAX_REFERENCE: usize = 12;

/// Reads the octets of a stream out of text, and the ends of what is around it.
#[derive(Debug)]
pub(super) struct TextContent {
    /// The names of the elements that are open, the innermost last.
    names: Vec<Box<[u8]>>,
    /// How many are open in the stream.
    depth: usize,
    state: State,
    /// Characters that are no whole group yet.
    group: Vec<u8>,
    /// The last group has come: nothing may follow.
    is_padded: bool,
}

#[derive(Debug)]
enum State {
    Characters,
    Reference(Vec<u8>),
    Less,
    /// In an end tag: so many octets of its name have come.
    End(usize),
    /// In `<!--`: so many octets have come.
    Bang(usize),
    Comment(usize),
}

impl TextContent {
    /// In an element that is so deep, of which these are open: one less where the element is empty.
    pub(super) fn new(names: Vec<Box<[u8]>>, depth: usize) -> Self {
        let (state, group) = (State::Characters, Vec::with_capacity(4));
        Self { names, depth, state, group, is_padded: false }
    }

    /// Whether what comes is of the stream, and not behind it.
    fn is_in(&self) -> bool {
        self.names.len() == self.depth
    }

    pub(super) fn read(
        &mut self,
        mut octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ContentError> {
        while !octets.is_empty() {
            if matches!(self.state, State::Characters) {
                let markup = memchr::memchr2(b'<', b'&', octets).unwrap_or(octets.len());
                self.characters(&octets[..markup], out)?;
                octets = &octets[markup..];
            }
            let Some((first, rest)) = octets.split_first() else { break };
            self.markup(*first, out)?;
            octets = rest;
        }
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), ContentError> {
        match self.names.is_empty() && matches!(self.state, State::Characters) {
            true => Ok(()),
            false => Err(ContentError::Unfinished),
        }
    }

    fn markup(&mut self, octet: u8, out: &mut Vec<u8>) -> Result<(), ContentError> {
        let wrong = if self.is_in() { ContentError::Element } else { ContentError::Behind };
        let name = self.names.last().map(|name| &name[..]).unwrap_or_default();
        self.state = match (&mut self.state, octet) {
            (State::Characters, b'<') => State::Less,
            (State::Characters, _) => State::Reference(Vec::new()),
            (State::Reference(reference), b';') => {
                let character = referred(reference).ok_or(ContentError::Base64)?;
                self.characters(&[character], out)?;
                State::Characters
            }
            (State::Reference(reference), octet) if reference.len() < MAX_REFERENCE => {
                reference.push(octet);
                return Ok(());
            }
            (State::Reference(_), _) => return Err(ContentError::Base64),
            (State::Less, b'/') if !name.is_empty() => State::End(0),
            (State::Less, b'!') => State::Bang(0),
            (State::End(come), octet) if name.get(*come) == Some(&octet) => State::End(*come + 1),
            (State::End(come), octet) if *come == name.len() => match octet {
                b'>' => {
                    self.close()?;
                    State::Characters
                }
                octet if octet.is_ascii_whitespace() => State::End(*come),
                _ => return Err(wrong),
            },
            (State::Bang(0), b'-') => State::Bang(1),
            (State::Bang(_), b'-') => State::Comment(0),
            (State::Comment(2..), b'>') => State::Characters,
            (State::Comment(dashes), b'-') => State::Comment((*dashes + 1).min(2)),
            (State::Comment(_), _) => State::Comment(0),
            _ => return Err(wrong),
        };
        Ok(())
    }

    fn close(&mut self) -> Result<(), ContentError> {
        if self.is_in() && !self.group.is_empty() {
            return Err(ContentError::Base64);
        }
        self.names.pop();
        Ok(())
    }

    /// Characters, cut anywhere.
    fn characters(&mut self, characters: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        let pieces = characters.split(u8::is_ascii_whitespace).filter(|piece| !piece.is_empty());
        for piece in pieces {
            if !self.is_in() {
                return Err(ContentError::Behind);
            }
            let missing = if self.group.is_empty() { 0 } else { 4 - self.group.len() };
            let (first, rest) = piece.split_at(missing.min(piece.len()));
            self.group.extend_from_slice(first);
            if self.group.len() == 4 {
                let group = std::mem::take(&mut self.group);
                self.decode(&group, out)?;
            }
            let (whole, rest) = rest.split_at(rest.len() / 4 * 4);
            self.decode(whole, out)?;
            self.group.extend_from_slice(rest);
        }
        Ok(())
    }

    /// Whole groups.
    fn decode(&mut self, groups: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        if groups.is_empty() {
            return Ok(());
        }
        if std::mem::replace(&mut self.is_padded, groups.ends_with(b"=")) {
            return Err(ContentError::Base64);
        }
        let before = out.len();
        STANDARD.decode_vec(groups, out).map_err(|_| {
            // The decoder has made room for what it did not decode.
            out.truncate(before);
            ContentError::Base64
        })
    }
}

/// The character of a numeric reference, of those that base64 may have.
fn referred(reference: &[u8]) -> Option<u8> {
    let number = std::str::from_utf8(reference.strip_prefix(b"#")?).ok()?;
    let number = match number.strip_prefix('x') {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    };
    number.filter(|octet| octet.is_ascii_whitespace() || octet.is_ascii_graphic())
}

/// Writes the octets of a stream as base64.
#[derive(Debug, Clone, Default)]
pub(super) struct TextWriter {
    /// Octets that are no whole group yet.
    kept: Vec<u8>,
}

impl TextWriter {
    pub(super) fn write(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let missing = if self.kept.is_empty() { 0 } else { 3 - self.kept.len() };
        let (first, rest) = octets.split_at(missing.min(octets.len()));
        self.kept.extend_from_slice(first);
        if self.kept.len() == 3 {
            encode(&std::mem::take(&mut self.kept), out);
        }
        let (whole, rest) = rest.split_at(rest.len() / 3 * 3);
        encode(whole, out);
        self.kept.extend_from_slice(rest);
    }

    pub(super) fn finish(self, out: &mut Vec<u8>) {
        encode(&self.kept, out);
    }
}

fn encode(octets: &[u8], out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + octets.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(octets, &mut out[at..]).unwrap_or_default();
    out.truncate(at + written);
}
