//! Messages that are written in parts.

use std::borrow::Cow;

use waxwing_xml::binary::records::END_ELEMENT;
use waxwing_xml::{Element, Node, NodeId};

use super::content::ContentWriter;
use super::encoding::Streamed;
use super::text_content::TextWriter;
use crate::encoder::binary::{Binary, Compression};
use crate::encoder::codec::{Encoded, Encoder};
use crate::encoder::mtom;
use crate::encoder::text::divided_text;
use crate::envelope::Envelope;
use crate::random::RandomSource;

/// A message that is written in parts.
#[derive(Debug, Clone)]
pub struct Divided {
    /// The content type of the whole.
    pub content_type: Cow<'static, str>,
    /// What stands before the content of the element.
    pub head: Vec<u8>,
    /// Writes the content, and the end of the element.
    pub content: StreamWriter,
    /// What stands behind that.
    pub tail: Vec<u8>,
}

/// Writes the octets of a stream into a message.
#[derive(Debug, Clone)]
pub struct StreamWriter(Writers);

#[derive(Debug, Clone)]
enum Writers {
    Records(ContentWriter),
    Text(TextWriter),
    Octets,
}

impl StreamWriter {
    /// Writes the next octets behind what is in `out`.
    pub fn write(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match &mut self.0 {
            Writers::Records(writer) => writer.write(octets, out),
            Writers::Text(writer) => writer.write(octets, out),
            Writers::Octets => out.extend_from_slice(octets),
        }
    }

    /// Writes what is left.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self.0 {
            Writers::Records(writer) => writer.finish(out),
            Writers::Text(writer) => writer.finish(out),
            Writers::Octets => {}
        }
    }
}

impl Streamed {
    /// Divides a message at an element that has no content yet, and behind which nothing but the ends of elements follow.
    /// None of another element, and where messages are compressed as a whole.
    pub fn divide(
        &mut self,
        envelope: &Envelope,
        element: NodeId,
        random: &mut dyn RandomSource,
    ) -> Option<Divided> {
        let own = envelope.document().element(element);
        if own.children().next().is_some() || !is_last(own) {
            return None;
        }
        match self {
            Self::Binary(binary) => in_records(binary, envelope, element, random),
            Self::Text(text) => {
                let Encoded { content_type, octets } = text.write(envelope, random);
                let (head, tail) = divided_text(octets, envelope, element)?;
                let content = StreamWriter(Writers::Text(TextWriter::default()));
                Some(Divided { content_type, head, content, tail })
            }
            Self::Mtom(_) => {
                let (content_type, head, tail) = mtom::divide(envelope, element, random)?;
                let content_type = content_type.into();
                Some(Divided { content_type, head, content: StreamWriter(Writers::Octets), tail })
            }
            Self::MtomOverLinks(_) => {
                let (head, tail) = mtom::divide_over_links(envelope, element, random)?;
                let content_type = self.content_type().into();
                Some(Divided { content_type, head, content: StreamWriter(Writers::Octets), tail })
            }
        }
    }
}

/// Whether nothing but the ends of elements follows an element.
fn is_last(element: Element<'_>) -> bool {
    let around = std::iter::successors(Some(element), |element| element.parent());
    around.into_iter().all(|element| match element.parent().map(|own| own.children().last()) {
        None => true,
        Some(Some(Node::Element(last))) => last.id() == element.id(),
        Some(_) => false,
    })
}

fn in_records(
    binary: &mut Binary,
    envelope: &Envelope,
    element: NodeId,
    random: &mut dyn RandomSource,
) -> Option<Divided> {
    if binary.compression != Compression::None {
        return None;
    }
    let Encoded { content_type, octets } = binary.write(envelope, random);
    let element = envelope.document().element(element);
    let depth = std::iter::successors(Some(element), |element| element.parent()).count();
    let at = octets.len().checked_sub(depth)?;
    let (head, ends) = octets.split_at(at);
    let is_last = ends.iter().all(|octet| *octet == END_ELEMENT);
    let content = StreamWriter(Writers::Records(ContentWriter::new()));
    is_last.then(|| Divided {
        content_type,
        head: head.to_vec(),
        content,
        tail: ends[1..].to_vec(),
    })
}
