//! Messages one element of which is read and written as its octets come: WCF's streamed transfer (`transferMode`), in the
//! binary encoding without session.
//!
//! Everything before the content of the element is the head, which is a whole message with an empty element as soon as the
//! ends of what is open are added: [`HeadReader`] finds where that is. The content are octets in any number of records
//! ([`ContentReader`], [`ContentWriter`]; MC-NBFX §2.3.3), and nothing but the ends of the elements around it may follow.

mod content;
mod head;

use waxwing_xml::NodeId;
use waxwing_xml::binary::records::END_ELEMENT;

use super::binary::Binary;
use super::codec::{Encoded, Encoder};
use crate::envelope::Envelope;
use crate::random::RandomSource;

pub use content::{ContentError, ContentReader, ContentWriter, FIRST_AT_ONCE, MOST_AT_ONCE};
pub use head::{HeadError, HeadReader, HeadStep, Place};

/// A message that is written in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divided {
    /// The content type of the whole.
    pub content_type: String,
    /// What stands before the content of the element.
    pub head: Vec<u8>,
    /// What stands behind the end of the element.
    pub tail: Vec<u8>,
}

impl Binary {
    /// Divides a message at an element that has no content yet, and behind which nothing but the ends of elements follow.
    /// None of another element, and where messages are compressed as a whole.
    pub fn divide(
        &mut self,
        envelope: &Envelope,
        element: NodeId,
        random: &mut dyn RandomSource,
    ) -> Option<Divided> {
        if self.compression != super::Compression::None {
            return None;
        }
        let Encoded { content_type, octets } = self.write(envelope, random);
        let element = envelope.document().element(element);
        let depth = std::iter::successors(Some(element), |element| element.parent()).count();
        let at = octets.len().checked_sub(depth)?;
        let (head, ends) = octets.split_at(at);
        let is_last = ends.iter().all(|octet| *octet == END_ELEMENT);
        let is_empty = element.first_element().is_none() && element.text().is_empty();
        (is_last && is_empty).then(|| Divided {
            content_type,
            head: head.to_vec(),
            tail: ends[1..].to_vec(),
        })
    }
}
