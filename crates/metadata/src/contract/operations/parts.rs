//! The parts of a message that stand in the body.

use crate::wsdl::{BindingMessage, Message, Part};

/// The parts of the body, in order.
pub(super) fn body_parts<'a>(
    message: &'a Message,
    bound: Option<&BindingMessage>,
) -> Vec<&'a Part> {
    let listed = bound.and_then(|bound| bound.body.as_ref()).and_then(|body| body.parts.as_ref());
    if let Some(listed) = listed {
        return message.parts.iter().filter(|part| listed.contains(&part.name)).collect();
    }
    // A part that a header takes from the body's own message is not in the body, though nothing lists the others.
    let headers = bound.map_or(&[][..], |bound| &bound.headers);
    let of_header = |part: &Part| {
        headers.iter().any(|header| header.message == message.name && header.part == part.name)
    };
    message.parts.iter().filter(|part| !of_header(part)).collect()
}
