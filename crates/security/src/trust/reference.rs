//! References to security contexts: `wsse:SecurityTokenReference` (WS-SecureConversation §3, §8).

use waxwing_xml::{Document, Element, Name, NodeId};

use crate::wsse::Dialect;
use crate::wsse::names::WSSE;

/// A reference to a security context by its identifier, and to a generation of its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContextReference {
    /// The context's identifier, an absolute URI.
    pub identifier: Box<str>,
    /// The generation of the key; none for the first.
    pub instance: Option<Box<str>>,
}

impl ContextReference {
    /// A reference to a context, whatever the generation of its key.
    pub fn new(identifier: impl Into<Box<str>>) -> Self {
        Self { identifier: identifier.into(), instance: None }
    }

    /// Writes `o:SecurityTokenReference` as the last child of `parent`: what the trust targets, the
    /// unattached reference of a response and `CreateSequence` hold.
    pub fn write(&self, document: &mut Document, parent: NodeId, dialect: Dialect) -> NodeId {
        let (holder, reference) = write_holder(document, parent);
        document.set_attribute(reference, Name::local("URI"), &self.identifier);
        if let Some(instance) = &self.instance {
            let name = Name::new(dialect.conversation_prefix(), "Instance", dialect.conversation());
            document.set_attribute(reference, name, instance);
        }
        let value_type = dialect.context_token_type();
        document.set_attribute(reference, Name::local("ValueType"), value_type);
        holder
    }

    /// Reads a `SecurityTokenReference` to a context. None when it refers to anything else, or only to
    /// an element of its message.
    pub fn read(reference: Element<'_>, dialect: Dialect) -> Option<Self> {
        if !reference.is(WSSE, "SecurityTokenReference") {
            return None;
        }
        let reference = reference.child(WSSE, "Reference")?;
        let value_type = reference.attribute("ValueType");
        if value_type.is_some_and(|v| v != dialect.context_token_type()) {
            return None;
        }
        let identifier = reference.attribute("URI").filter(|uri| !uri.starts_with('#'))?;
        let instance = reference.attribute_ns(dialect.conversation(), "Instance").map(Into::into);
        Some(Self { identifier: identifier.into(), instance })
    }

    /// The first reference to a context among the children of an element, as `CreateSequence` and the
    /// trust targets hold it.
    pub fn find_in(parent: Element<'_>, dialect: Dialect) -> Option<Self> {
        parent.elements().find_map(|child| Self::read(child, dialect))
    }
}

/// Writes a reference to an element of the same message, and what it is if somebody asks for that.
pub(super) fn write_local(
    document: &mut Document,
    parent: NodeId,
    id: &str,
    value_type: Option<&str>,
) -> NodeId {
    let (holder, reference) = write_holder(document, parent);
    if let Some(value_type) = value_type {
        document.set_attribute(reference, Name::local("ValueType"), value_type);
    }
    document.set_attribute(reference, Name::local("URI"), &["#", id].concat());
    holder
}

fn write_holder(document: &mut Document, parent: NodeId) -> (NodeId, NodeId) {
    let holder = document.append_element(parent, Name::new("o", "SecurityTokenReference", WSSE));
    let reference = document.append_element(holder, Name::new("o", "Reference", WSSE));
    document.set_end_tag(reference, true);
    (holder, reference)
}
