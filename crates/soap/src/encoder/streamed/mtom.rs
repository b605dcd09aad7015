//! Streamed messages as MIME parts: the stream is the last part, its octets as they are, and an `Include` stands in its element
//! (XOP §4). WCF's writer does so for whatever its program gives as a stream (`IStreamProvider`), however short.

use std::ops::Range;

use memchr::memmem;
use waxwing_xml::{Element, NodeId};

use super::head::{HeadError, HeadStep, Place};
use super::part::PartContent;
use crate::encoder::error::{DecodeError, MtomError};
use crate::encoder::mtom::{
    MAX_PART_HEADERS, MAX_PARTS, Mtom, Part, end_of_headers, include, included, is_mtom,
    mime_header, part,
};
use crate::envelope::Envelope;
use crate::http::ContentType;

/// How deep an element in the body lies: in `Envelope` and `Body`.
const IN_BODY: usize = 3;

/// Reads the beginning of a message in parts as its octets come: the root, and every part before that of the stream.
#[derive(Debug)]
pub(super) struct MtomHead {
    encoding: Mtom,
    /// The most octets before the stream.
    most: usize,
    octets: Vec<u8>,
    /// Line break, dashes and boundary; empty until the message's own header has come.
    delimiter: Vec<u8>,
    /// The Content-ID of the root, where the header names it.
    start: Option<String>,
    seek: Seek,
    /// The parts that have come, their headers included; the root first.
    parts: Vec<Range<usize>>,
    wanted: Option<Wanted>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
enum Seek {
    /// The header of the message (over connections).
    Header,
    /// The first boundary of what begins there.
    First(usize),
    /// The end of the line of a boundary, which ends there.
    Line(usize),
    /// The end of the headers of a part that begins there.
    Headers(usize),
    /// The end of a part that begins at `part`; it is not before `from`.
    End { part: usize, from: usize },
    /// There is no stream.
    Nothing,
}

/// The part that may be a stream.
#[derive(Debug)]
struct Wanted {
    envelope: Envelope,
    /// The element whose content it is.
    element: NodeId,
    depth: usize,
    /// Its Content-ID, with angle brackets.
    id: String,
}

impl MtomHead {
    /// `content_type`: none where it stands in the message.
    pub(super) fn new(
        encoding: Mtom,
        content_type: Option<&ContentType>,
        most: usize,
    ) -> Result<Self, DecodeError> {
        let mut head = Self {
            encoding,
            most,
            octets: Vec::new(),
            delimiter: Vec::new(),
            start: None,
            seek: Seek::Header,
            parts: Vec::new(),
            wanted: None,
        };
        if let Some(content_type) = content_type {
            head.begin(content_type, 0)?;
        }
        Ok(head)
    }

    fn begin(&mut self, content_type: &ContentType, at: usize) -> Result<(), MtomError> {
        let boundary = content_type.parameter("boundary").filter(|own| !own.is_empty());
        let boundary = boundary.ok_or(MtomError::ContentType("it has no boundary"))?;
        self.delimiter = format!("\r\n--{boundary}").into_bytes();
        self.start = content_type.parameter("start").map(str::to_owned);
        self.seek = Seek::First(at);
        Ok(())
    }

    pub(super) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    pub(super) fn step(&mut self) -> Result<HeadStep, HeadError> {
        loop {
            let is_further = match self.seek {
                Seek::Nothing => return Ok(HeadStep::Nowhere),
                Seek::Header => self.header()?,
                Seek::First(from) => self.first(from)?,
                Seek::Line(at) => self.line(at)?,
                Seek::End { part, from } => self.end(part, from)?,
                Seek::Headers(at) => match self.headers(at)? {
                    None => false,
                    Some(content) => match self.place(content) {
                        Some(step) => return Ok(step),
                        None => true,
                    },
                },
            };
            if !is_further {
                break;
            }
        }
        match self.octets.len() > self.most {
            true => Err(HeadError::TooLarge(self.most)),
            false => Ok(HeadStep::More),
        }
    }

    fn header(&mut self) -> Result<bool, DecodeError> {
        if end_of_headers(&self.octets)?.is_none() {
            return Ok(false);
        }
        let (content_type, body) = mime_header(&self.octets)?;
        let at = self.octets.len() - body.len();
        match ContentType::parse(content_type).filter(is_mtom) {
            Some(content_type) => self.begin(&content_type, at)?,
            // In one piece, which is read as such.
            None => self.seek = Seek::Nothing,
        }
        Ok(true)
    }

    fn first(&mut self, from: usize) -> Result<bool, MtomError> {
        let body = &self.octets[from..];
        // It may stand at the very beginning, without the line break before it.
        let own = &self.delimiter[2..];
        if body.len() < own.len() {
            return Ok(false);
        }
        let end = match body.starts_with(own) {
            true => Some(own.len()),
            false => memmem::find(body, &self.delimiter).map(|at| at + self.delimiter.len()),
        };
        match end {
            Some(end) => self.seek = Seek::Line(from + end),
            None if body.len() > MAX_PART_HEADERS => {
                return Err(MtomError::Structure("the boundary does not occur"));
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    fn line(&mut self, at: usize) -> Result<bool, MtomError> {
        let line = &self.octets[at..];
        match memmem::find(line, b"\r\n") {
            _ if line.starts_with(b"--") => self.seek = Seek::Nothing,
            Some(end) => self.seek = Seek::Headers(at + end + 2),
            None if line.len() > MAX_PART_HEADERS => {
                return Err(MtomError::Structure("a boundary line does not end"));
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Where the content of the part begins whose headers stand there; none: they have not come.
    fn headers(&mut self, at: usize) -> Result<Option<usize>, MtomError> {
        let rest = &self.octets[at..];
        let Some(end) = end_of_headers(rest)? else { return Ok(None) };
        let Part { id, .. } = part(&rest[..end + 4])?;
        let start = self.start.as_deref().filter(|_| self.parts.is_empty());
        let is_before_root = start.is_some_and(|start| id != Some(start));
        // A root that comes later, and parts of which there are too many: the whole is read, or refused.
        self.seek = match is_before_root || self.parts.len() == MAX_PARTS {
            true => Seek::Nothing,
            false => Seek::End { part: at, from: at + end + 2 },
        };
        Ok(Some(at + end + 4))
    }

    /// Whether the part whose content begins there is the stream.
    fn place(&mut self, content: usize) -> Option<HeadStep> {
        let Seek::End { part: begin, .. } = self.seek else { return None };
        let Part { id, .. } = part(&self.octets[begin..content]).ok()?;
        let wanted = self.wanted.take_if(|wanted| id == Some(wanted.id.as_str()))?;
        self.seek = Seek::Nothing;
        let Wanted { mut envelope, element, depth, .. } = wanted;
        envelope.document_mut().clear(element);
        let others = self.parts[1..].iter().filter_map(|own| part(&self.octets[own.clone()]).ok());
        let others: Vec<Part<'_>> = others.collect();
        // Where something before the stream stands in a part behind it, there is no head: the whole is read.
        include(envelope.document_mut(), &others, None, &self.encoding.limits).ok()?;
        Some(HeadStep::Place(Box::new(envelope), Place { at: content, depth }))
    }

    fn end(&mut self, begin: usize, from: usize) -> Result<bool, DecodeError> {
        let found = memmem::find(&self.octets[from..], &self.delimiter);
        let Some(end) = found.map(|at| from + at) else {
            let from = from.max((self.octets.len() + 1).saturating_sub(self.delimiter.len()));
            self.seek = Seek::End { part: begin, from };
            return Ok(false);
        };
        self.seek = Seek::Line(end + self.delimiter.len());
        self.parts.push(begin..end);
        if self.parts.len() == 1 {
            self.wanted = self.root()?;
            if self.wanted.is_none() {
                self.seek = Seek::Nothing;
            }
        }
        Ok(true)
    }

    /// What of the root may be a stream: the first element of the body, or the first one in that.
    fn root(&self) -> Result<Option<Wanted>, MtomError> {
        let Part { content, .. } = part(&self.octets[self.parts[0].clone()])?;
        let envelope = Envelope::parse(content, &self.encoding.limits)?;
        let found = |element: Element<'_>, depth| {
            included(element).map(|id| (element.id(), depth, format!("<{id}>")))
        };
        let first = envelope.payload();
        let second = first.and_then(|first| first.first_element());
        let own = first.and_then(|first| found(first, IN_BODY));
        let own = own.or_else(|| second.and_then(|second| found(second, IN_BODY + 1)));
        Ok(own.map(|(element, depth, id)| Wanted { envelope, element, depth, id }))
    }

    pub(super) fn content(self, place: Place) -> (PartContent, Vec<u8>, Vec<u8>) {
        let Self { octets: mut head, delimiter, .. } = self;
        let rest = head.split_off(place.at.min(head.len()));
        (PartContent::new(delimiter), head, rest)
    }

    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}
