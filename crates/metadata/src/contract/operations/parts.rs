//! The parts of messages.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::QName;
use crate::set::MetadataSet;
use crate::wsdl::{BindingMessage, Message, Part};

/// All parts by their message and name, for headers, which may be of any message.
pub(in crate::contract) struct Parts<'a>(BTreeMap<(&'a QName, &'a str), &'a Part>);

impl<'a> Parts<'a> {
    pub(in crate::contract) fn of(set: &'a MetadataSet) -> Self {
        let messages = crate::contract::components::messages(set);
        let mut parts = BTreeMap::new();
        for (message, part) in
            messages.flat_map(|m| m.parts.iter().map(move |part| (&m.name, part)))
        {
            parts.entry((message, part.name.as_str())).or_insert(part);
        }
        Self(parts)
    }

    pub(super) fn find(&self, message: &QName, part: &str) -> Option<&'a Part> {
        self.0.get(&(message, part)).copied()
    }
}

/// The parts of the body, in order.
pub(super) fn body_parts<'a>(
    message: &'a Message,
    bound: Option<&BindingMessage>,
) -> Vec<&'a Part> {
    let listed = bound.and_then(|bound| bound.body.as_ref()).and_then(|body| body.parts.as_ref());
    if let Some(listed) = listed {
        let listed: BTreeSet<&String> = listed.iter().collect();
        return message.parts.iter().filter(|part| listed.contains(&part.name)).collect();
    }
    // A part that a header takes from the body's own message is not in the body, though nothing lists the others.
    let headers = bound.map_or(&[][..], |bound| &bound.headers);
    let own = headers.iter().filter(|header| header.message == message.name);
    let of_header: BTreeSet<&String> = own.map(|header| &header.part).collect();
    message.parts.iter().filter(|part| !of_header.contains(&part.name)).collect()
}
