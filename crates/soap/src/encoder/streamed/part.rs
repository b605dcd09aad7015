//! The content of a stream that is a MIME part: octets as they are, up to the last boundary (RFC 2046 §5.1.1).

use memchr::memmem::Finder;

use super::content::ContentError;

/// Reads the octets of a part, which is the last one.
#[derive(Debug)]
pub(super) struct PartContent {
    delimiter: Finder<'static>,
    /// What has come that may be the beginning of the delimiter.
    held: Vec<u8>,
    /// How many octets of `held` are no content: the line break of the headers, which may be the delimiter's.
    before: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Content,
    /// Behind the delimiter: so many dashes have come.
    Dashes(u8),
    /// What follows is nobody's.
    Over,
}

impl PartContent {
    pub(super) fn new(delimiter: Vec<u8>) -> Self {
        let delimiter = Finder::new(&delimiter).into_owned();
        Self { delimiter, held: b"\r\n".to_vec(), before: 2, state: State::Content }
    }

    pub(super) fn read(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        match self.state {
            State::Content if self.held.is_empty() => self.content(octets, out),
            State::Content => {
                let mut held = std::mem::take(&mut self.held);
                held.extend_from_slice(octets);
                self.content(&held, out)
            }
            _ => self.behind(octets),
        }
    }

    fn content(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        let before = std::mem::take(&mut self.before);
        let length = self.delimiter.needle().len();
        if let Some(at) = self.delimiter.find(octets) {
            out.extend_from_slice(octets.get(before..at).unwrap_or_default());
            self.state = State::Dashes(0);
            return self.behind(&octets[at + length..]);
        }
        // Only a carriage return begins the delimiter.
        let last = octets.len().saturating_sub(length - 1);
        let begin = memchr::memchr(b'\r', &octets[last..]).map_or(octets.len(), |at| last + at);
        out.extend_from_slice(octets.get(before..begin).unwrap_or_default());
        self.held = octets[begin..].to_vec();
        if begin < before {
            self.before = before - begin;
        }
        Ok(())
    }

    fn behind(&mut self, octets: &[u8]) -> Result<(), ContentError> {
        for octet in octets {
            self.state = match (self.state, *octet) {
                (State::Dashes(0), b'-') => State::Dashes(1),
                (State::Dashes(_), b'-') => State::Over,
                (State::Dashes(_), _) => return Err(ContentError::Behind),
                (state, _) => {
                    return if state == State::Over { Ok(()) } else { Err(ContentError::Behind) };
                }
            };
        }
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), ContentError> {
        match self.state {
            State::Over => Ok(()),
            _ => Err(ContentError::Unfinished),
        }
    }
}
