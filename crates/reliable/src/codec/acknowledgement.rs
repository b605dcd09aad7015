//! The content of `SequenceAcknowledgement`, of the header and of the detail of faults (WS-RM 2005 §3.2, 1.1 §3.9).

use waxwing_soap::PlainContent;
use waxwing_xml::{Document, Name, NodeId};

use super::text::append;
use crate::headers::SequenceAcknowledgement;
use crate::version::{NETRM_NAMESPACE, ReliableMessagingVersion};

/// What is inside `SequenceAcknowledgement`. Nothing received is the range 0–0 in 2005, `None` in 1.1.
pub(super) fn acknowledgement_content(
    document: &mut Document,
    element: NodeId,
    acknowledgement: &SequenceAcknowledgement,
    version: ReliableMessagingVersion,
) {
    let rm = version.namespace();
    let is_11 = version == ReliableMessagingVersion::V11;
    append(document, element, rm, "Identifier", acknowledgement.identifier.as_str());
    let mut range = |lower: u64, upper: u64| {
        let child = document.append_element(element, Name::new("r", "AcknowledgementRange", rm));
        document.set_attribute(child, Name::local("Lower"), itoa::Buffer::new().format(lower));
        document.set_attribute(child, Name::local("Upper"), itoa::Buffer::new().format(upper));
    };
    for numbers in acknowledgement.ranges.iter() {
        range(*numbers.start(), *numbers.end());
    }
    if acknowledgement.ranges.is_empty() && !is_11 {
        range(0, 0);
    }
    if acknowledgement.ranges.is_empty() && is_11 {
        document.append_element(element, Name::new("r", "None", rm));
    }
    if acknowledgement.is_final && is_11 {
        document.append_element(element, Name::new("r", "Final", rm));
    }
    if let Some(room) = acknowledgement.buffer_remaining {
        let name = Name::new("netrm", "BufferRemaining", NETRM_NAMESPACE);
        document.append_text_element(element, name, itoa::Buffer::new().format(room));
    }
}

/// The same as text.
pub(super) fn plain_content(
    content: &mut PlainContent<'_>,
    acknowledgement: &SequenceAcknowledgement,
    version: ReliableMessagingVersion,
) {
    let is_11 = version == ReliableMessagingVersion::V11;
    content.element("Identifier", acknowledgement.identifier.as_str());
    let mut range = |lower: u64, upper: u64| {
        let (mut first, mut last) = (itoa::Buffer::new(), itoa::Buffer::new());
        let attributes = [("Lower", first.format(lower)), ("Upper", last.format(upper))];
        content.empty("AcknowledgementRange", &attributes);
    };
    for numbers in acknowledgement.ranges.iter() {
        range(*numbers.start(), *numbers.end());
    }
    if acknowledgement.ranges.is_empty() && !is_11 {
        range(0, 0);
    }
    if acknowledgement.ranges.is_empty() && is_11 {
        content.empty("None", &[]);
    }
    if acknowledgement.is_final && is_11 {
        content.empty("Final", &[]);
    }
    if let Some(room) = acknowledgement.buffer_remaining {
        let name = Name::new("netrm", "BufferRemaining", NETRM_NAMESPACE);
        content.declaring(name, itoa::Buffer::new().format(room));
    }
}
