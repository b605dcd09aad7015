//! Everything before the content of the streamed element.

use waxwing_xml::binary::records::END_ELEMENT;
use waxwing_xml::binary::{
    BinaryError, BinaryErrorKind, LocalName, Outline, is_attribute, outline,
};

use super::content::ContentReader;
use crate::encoder::binary::Binary;
use crate::encoder::codec::Decoder;
use crate::encoder::error::{DecodeError, MtomError};
use crate::envelope::Envelope;

/// `Body` in WCF's dictionary (MC-NBFS §2.2).
const BODY: u32 = 14;

/// How deep an element in the body lies: in `Envelope` and `Body`.
const IN_BODY: usize = 3;

/// Reads the beginning of a message, as its octets come, up to where the content of a streamed element may begin: the first
/// element in the body, or the first one in that. Whether it is one says the contract.
#[derive(Debug)]
pub struct HeadReader {
    encoding: Binary,
    /// The most octets of a head, and of a message without stream while nobody knows that it has none (`maxBufferSize`).
    most: usize,
    octets: Vec<u8>,
    /// Where the next record begins.
    at: usize,
    /// How many elements are open.
    depth: usize,
    in_body: bool,
    /// A start tag is not over yet.
    in_tag: bool,
    /// How deep the next place may lie; none: there is no more.
    next: Option<usize>,
}

/// How far the head has come.
#[derive(Debug)]
pub enum HeadStep {
    /// More octets must come.
    More,
    /// Here may be a streamed element: the message as far as it has come, the element empty.
    Place(Box<Envelope>, Place),
    /// There is no streamed element. What comes is a message like any other.
    Nowhere,
}

/// Where a streamed element begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// After how many octets of the message its content begins.
    pub at: usize,
    /// How many elements are open there.
    pub depth: usize,
}

/// Why octets are not the beginning of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// They are malformed.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The headers are larger than may be held.
    #[error(
        "The size necessary to buffer the XML content exceeded the buffer quota. (maxBufferSize={0}: the headers of a streamed message, and its body up to the stream, are held in memory)"
    )]
    TooLarge(usize),
}

impl From<MtomError> for HeadError {
    fn from(error: MtomError) -> Self {
        Self::Malformed(error.into())
    }
}

/// Whether an element of this name, with its prefix, is called `Body`.
pub(super) fn local_name_is_body(name: &[u8]) -> bool {
    name.rsplit(|octet| *octet == b':').next() == Some(b"Body")
}

/// What a record changes.
enum Change {
    Begins { is_body: bool },
    Ends,
    Nothing,
}

impl Change {
    fn of(record: Outline<'_>) -> Self {
        match record {
            Outline::Begin(name) => {
                let named = [LocalName::Dictionary(BODY), LocalName::Written(b"Body")];
                Self::Begins { is_body: named.contains(&name) }
            }
            Outline::End | Outline::Content { ends: true } => Self::Ends,
            Outline::Attribute | Outline::Content { ends: false } | Outline::Comment => {
                Self::Nothing
            }
        }
    }
}

impl HeadReader {
    /// At the beginning of a message in this encoding, whose head has at most so many octets.
    pub fn new(encoding: Binary, most: usize) -> Self {
        Self {
            encoding,
            most,
            octets: Vec::new(),
            at: 0,
            depth: 0,
            in_body: false,
            in_tag: false,
            next: Some(IN_BODY),
        }
    }

    /// Takes octets that have come.
    pub fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// How many octets are held.
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Whether nothing has come.
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Looks at what has come. After a [place](HeadStep::Place) that is none, it looks on.
    ///
    /// # Errors
    /// What has come is no beginning of a message, or more than may be held.
    pub fn step(&mut self) -> Result<HeadStep, HeadError> {
        loop {
            let Some(next) = self.next else { return Ok(HeadStep::Nowhere) };
            let Some(code) = self.octets.get(self.at).copied() else { break };
            if self.in_tag && !is_attribute(code) {
                self.in_tag = false;
                if self.in_body && self.depth == next {
                    // The next one is the first element in this one, if any.
                    self.next = (next == IN_BODY).then_some(next + 1);
                    return self.place();
                }
            }
            let read = outline(&self.octets[self.at..]).map_err(|kind| self.malformed(kind))?;
            let Some((record, length)) = read else { break };
            let change = Change::of(record);
            self.take(change)?;
            self.at += length;
        }
        match self.octets.len() > self.most {
            true => Err(HeadError::TooLarge(self.most)),
            false => Ok(HeadStep::More),
        }
    }

    fn take(&mut self, change: Change) -> Result<(), HeadError> {
        match change {
            Change::Begins { is_body } => {
                self.depth += 1;
                self.in_tag = true;
                if self.depth == 2 {
                    self.in_body = is_body;
                }
                // Behind the first element of the body nothing is streamed.
                let is_behind =
                    self.depth >= IN_BODY && self.next.is_none_or(|next| self.depth > next);
                if self.in_body && is_behind {
                    self.next = None;
                }
            }
            Change::Ends => {
                let root =
                    BinaryErrorKind::Record { code: END_ELEMENT, place: "before a root element" };
                self.depth = self.depth.checked_sub(1).ok_or_else(|| self.malformed(root))?;
                if self.in_body && self.depth < IN_BODY {
                    self.next = None;
                }
            }
            Change::Nothing => {}
        }
        Ok(())
    }

    fn place(&self) -> Result<HeadStep, HeadError> {
        let Self { at, depth, .. } = *self;
        let mut whole = self.octets[..at].to_vec();
        whole.resize(at + depth, END_ELEMENT);
        let mut encoding = self.encoding;
        let envelope = encoding.read(self.encoding.content_type(), &whole)?;
        Ok(HeadStep::Place(Box::new(envelope), Place { at, depth }))
    }

    /// The stream begins here: what reads its content, what stands before it, and what has come of it already.
    pub fn content(self, place: Place) -> (ContentReader, Vec<u8>, Vec<u8>) {
        let mut head = self.octets;
        let content = head.split_off(place.at.min(head.len()));
        (ContentReader::new(place.depth), head, content)
    }

    /// Everything that has come: the beginning of a message without stream, or all of it.
    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    fn malformed(&self, kind: BinaryErrorKind) -> HeadError {
        let error = BinaryError { kind, offset: self.at, inside: None };
        HeadError::Malformed(error.into())
    }
}
