//! Messages that are read in pieces, in whatever encoding.

use super::content::{ContentError, ContentReader};
use super::encoding::Streamed;
use super::head::{HeadError, HeadReader, HeadStep, Place};
use super::mtom::MtomHead;
use super::part::PartContent;
use super::text::TextHead;
use super::text_content::TextContent;
use crate::encoder::error::DecodeError;
use crate::encoder::mtom::{MtomOverLinks, is_mtom};
use crate::encoder::text::{Text, text_content_type};
use crate::http::ContentType;

impl Streamed {
    /// Reads the beginning of a message of this content type, whose head has at most so many octets (`maxBufferSize`).
    ///
    /// # Errors
    /// The content type is of another encoding.
    pub fn head(&self, content_type: &str, most: usize) -> Result<Head, DecodeError> {
        let parsed = ContentType::parse(content_type);
        let other = |expected: &str| {
            let (found, expected) = (content_type.to_owned(), expected.to_owned());
            Err(DecodeError::ContentType { found, expected })
        };
        let is_text = |text: Text| {
            parsed.as_ref().is_some_and(|own| own.soap_version() == Some(text.version))
        };
        let text = |text: Text| Heads::Text(TextHead::new(text, content_type, most));
        Ok(Head(match *self {
            Self::Binary(binary) if content_type != binary.content_type() => {
                return other(binary.content_type());
            }
            Self::Binary(binary) => Heads::Binary(HeadReader::new(binary, most)),
            Self::Text(own) if is_text(own) => text(own),
            Self::Mtom(own) => match parsed.as_ref().filter(|own| is_mtom(own)) {
                Some(parsed) => Heads::Mtom(Box::new(MtomHead::new(own, Some(parsed), most)?)),
                None => match (Text { version: own.version, limits: own.limits }) {
                    own if is_text(own) => text(own),
                    _ => return other(MtomOverLinks::CONTENT_TYPE),
                },
            },
            Self::MtomOverLinks(MtomOverLinks(own)) => {
                Heads::Mtom(Box::new(MtomHead::new(own, None, most)?))
            }
            Self::Text(own) => return other(text_content_type(own.version)),
        }))
    }
}

/// Reads the beginning of a message, as its octets come, up to where the content of a streamed element may begin: the first
/// element in the body, or the first one in that. Whether it is one says the contract.
#[derive(Debug)]
pub struct Head(Heads);

#[derive(Debug)]
enum Heads {
    Binary(HeadReader),
    Text(TextHead),
    Mtom(Box<MtomHead>),
}

impl Head {
    /// Takes octets that have come.
    pub fn push(&mut self, octets: &[u8]) {
        match &mut self.0 {
            Heads::Binary(head) => head.push(octets),
            Heads::Text(head) => head.push(octets),
            Heads::Mtom(head) => head.push(octets),
        }
    }

    /// Looks at what has come. After a [place](HeadStep::Place) that is none, it looks on.
    ///
    /// # Errors
    /// What has come is no beginning of a message, or more than may be held.
    pub fn step(&mut self) -> Result<HeadStep, HeadError> {
        match &mut self.0 {
            Heads::Binary(head) => head.step(),
            Heads::Text(head) => head.step(),
            Heads::Mtom(head) => head.step(),
        }
    }

    /// The stream begins here: what reads its content, what stands before it, and what has come of it already.
    pub fn content(self, place: Place) -> (Content, Vec<u8>, Vec<u8>) {
        let (content, head, first) = match self.0 {
            Heads::Binary(head) => {
                let (content, head, first) = head.content(place);
                (Contents::Records(content), head, first)
            }
            Heads::Text(head) => {
                let (content, head, first) = head.content(place);
                (Contents::Text(content), head, first)
            }
            Heads::Mtom(head) => {
                let (content, head, first) = head.content(place);
                (Contents::Part(Box::new(content)), head, first)
            }
        };
        (Content(content), head, first)
    }

    /// Everything that has come: the beginning of a message without stream, or all of it.
    pub fn into_octets(self) -> Vec<u8> {
        match self.0 {
            Heads::Binary(head) => head.into_octets(),
            Heads::Text(head) => head.into_octets(),
            Heads::Mtom(head) => head.into_octets(),
        }
    }
}

/// Reads the octets of a stream out of a message, and the ends of what is around it.
#[derive(Debug)]
pub struct Content(Contents);

#[derive(Debug)]
enum Contents {
    Records(ContentReader),
    Text(TextContent),
    Part(Box<PartContent>),
}

impl Content {
    /// Takes all of `octets`, and puts those of the stream behind what is in `out`. All in all never more than were taken.
    ///
    /// # Errors
    /// Something else than octets, or something behind them.
    pub fn read(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), ContentError> {
        match &mut self.0 {
            Contents::Records(content) => content.read(octets, out),
            Contents::Text(content) => content.read(octets, out),
            Contents::Part(content) => content.read(octets, out),
        }
    }

    /// The message is over.
    ///
    /// # Errors
    /// Its stream is not.
    pub fn finish(&self) -> Result<(), ContentError> {
        match &self.0 {
            Contents::Records(content) => content.finish(),
            Contents::Text(content) => content.finish(),
            Contents::Part(content) => content.finish(),
        }
    }
}
