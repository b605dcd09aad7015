//! Reading the bodies of CreateSequence, CloseSequence, TerminateSequence and their responses.

use waxwing_soap::{Addressing, AddressingVersion, EndpointReference, Envelope};
use waxwing_xml::Element;

use super::{ReadError, SECURITY, identifier, malformed, number, simple_text};
use crate::initiator::ANONYMOUS;
use crate::message::{
    CreateSequence, CreateSequenceResponse, Identifier, IncompleteSequenceBehavior, Offer,
    Shutdown, TokenReference,
};
use crate::version::{Action, ReliableMessagingVersion};

/// Children of one element, taken in the order of the grammar.
struct Cursor<'a> {
    children: Vec<Element<'a>>,
    at: usize,
    namespace: &'static str,
}

impl<'a> Cursor<'a> {
    fn new(element: Element<'a>, version: ReliableMessagingVersion) -> Self {
        Self { children: element.elements().collect(), at: 0, namespace: version.namespace() }
    }

    /// The next child when it has this name.
    fn optional(&mut self, local: &str) -> Option<Element<'a>> {
        let next = self.children.get(self.at).copied().filter(|e| e.is(self.namespace, local));
        self.at += usize::from(next.is_some());
        next
    }

    fn required(&mut self, local: &str) -> Result<Element<'a>, String> {
        self.optional(local).ok_or_else(|| match self.children.get(self.at) {
            Some(found) => format!("{local} is expected, {} found", found.qualified_name()),
            None => format!("{local} is missing"),
        })
    }

    fn identifier(&mut self) -> Result<Identifier, String> {
        identifier(self.required("Identifier")?).ok_or_else(|| "Identifier is empty".to_owned())
    }

    fn text(&mut self, local: &str) -> Result<Option<String>, String> {
        let Some(element) = self.optional(local) else { return Ok(None) };
        simple_text(element).map(Some).ok_or_else(|| format!("{local} must be text"))
    }

    fn behavior(&mut self) -> Result<Option<IncompleteSequenceBehavior>, String> {
        let Some(text) = self.text("IncompleteSequenceBehavior")? else { return Ok(None) };
        let known = IncompleteSequenceBehavior::ALL.into_iter().find(|b| b.name() == text);
        known.map(Some).ok_or_else(|| format!("{text:?} is no IncompleteSequenceBehavior"))
    }

    /// What is left: extensions. A child of the protocol that comes too late is one that breaks the order.
    fn rest(&self, late: &[&str]) -> Result<&[Element<'a>], String> {
        let rest = &self.children[self.at..];
        let wrong =
            rest.iter().find(|e| e.namespace() == self.namespace && late.contains(&e.local_name()));
        match wrong {
            None => Ok(rest),
            Some(e) => Err(format!("{} may not stand there", e.qualified_name())),
        }
    }
}

/// The anonymous address of either addressing version is the same thing to the engines.
fn endpoint(element: Element<'_>, version: AddressingVersion) -> Result<EndpointReference, String> {
    let found = EndpointReference::read(element, version);
    let found = found.filter(|e| !e.address.is_empty());
    found
        .map(|e| normalized(e, version))
        .ok_or_else(|| format!("{} has no Address", element.local_name()))
}

fn normalized(mut endpoint: EndpointReference, version: AddressingVersion) -> EndpointReference {
    if endpoint.is_anonymous(version) {
        ANONYMOUS.clone_into(&mut endpoint.address);
    }
    endpoint
}

/// `CreateSequence` (2005 §3.4, 1.1 §3.4).
pub(super) fn create(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
    addressing: &Addressing,
) -> Result<CreateSequence, ReadError> {
    let wsa = envelope.version().addressing;
    let parsed = single_child(envelope, version, "CreateSequence")
        .and_then(|body| create_body(body, version, wsa))
        .map_err(ReadError::MalformedCreateSequence)?;
    Ok(CreateSequence {
        reply_to: addressing.reply_to.clone().map(|e| normalized(e, wsa)),
        to: addressing.to.clone(),
        ..parsed
    })
}

fn create_body(
    body: Element<'_>,
    version: ReliableMessagingVersion,
    wsa: AddressingVersion,
) -> Result<CreateSequence, String> {
    let mut cursor = Cursor::new(body, version);
    let acks_to = endpoint(cursor.required("AcksTo")?, wsa)?;
    let expires = cursor.text("Expires")?;
    let offer = match cursor.optional("Offer") {
        Some(element) => Some(offer(element, version, wsa)?),
        None => None,
    };
    let rest = cursor.rest(&["AcksTo", "Expires", "Offer"])?;
    let tokens = rest.iter().copied().filter_map(token).collect();
    Ok(CreateSequence { acks_to, expires, offer, tokens, reply_to: None, to: None })
}

fn offer(
    element: Element<'_>,
    version: ReliableMessagingVersion,
    wsa: AddressingVersion,
) -> Result<Offer, String> {
    let is_11 = version == ReliableMessagingVersion::V11;
    let mut cursor = Cursor::new(element, version);
    let identifier = cursor.identifier()?;
    let endpoint = if is_11 { Some(endpoint(cursor.required("Endpoint")?, wsa)?) } else { None };
    let expires = cursor.text("Expires")?;
    let incomplete_sequence_behavior = if is_11 { cursor.behavior()? } else { None };
    cursor.rest(&["Identifier", "Endpoint", "Expires", "IncompleteSequenceBehavior"])?;
    Ok(Offer { identifier, endpoint, expires, incomplete_sequence_behavior })
}

/// `SecurityTokenReference` by URI; other references say nothing here.
fn token(element: Element<'_>) -> Option<TokenReference> {
    if !element.is(SECURITY, "SecurityTokenReference") {
        return None;
    }
    let reference = element.child(SECURITY, "Reference")?;
    Some(TokenReference {
        identifier: Identifier::new(reference.attribute("URI")?),
        value_type: reference.attribute("ValueType").unwrap_or_default().to_owned(),
    })
}

/// `CreateSequenceResponse`.
pub(super) fn created(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
) -> Result<CreateSequenceResponse, ReadError> {
    const NAME: &str = "CreateSequenceResponse";
    let wsa = envelope.version().addressing;
    let parse = || {
        let mut cursor = Cursor::new(single_child(envelope, version, NAME)?, version);
        let identifier = cursor.identifier()?;
        let expires = cursor.text("Expires")?;
        let is_11 = version == ReliableMessagingVersion::V11;
        let incomplete_sequence_behavior = if is_11 { cursor.behavior()? } else { None };
        let accept = match cursor.optional("Accept") {
            None => None,
            Some(accept) => {
                let mut inner = Cursor::new(accept, version);
                Some(endpoint(inner.required("AcksTo")?, wsa)?)
            }
        };
        cursor.rest(&["Identifier", "Expires", "IncompleteSequenceBehavior", "Accept"])?;
        Ok(CreateSequenceResponse { identifier, expires, incomplete_sequence_behavior, accept })
    };
    parse().or_else(|problem: String| malformed(NAME, problem))
}

/// `CloseSequence` or `TerminateSequence`.
pub(super) fn shutdown(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
    action: Action,
    addressing: &Addressing,
) -> Result<Shutdown, ReadError> {
    let name = action.local_name();
    let wsa = envelope.version().addressing;
    let parse = || {
        let mut cursor = Cursor::new(single_child(envelope, version, name)?, version);
        let identifier = cursor.identifier()?;
        let is_11 = version == ReliableMessagingVersion::V11;
        let last = if is_11 { cursor.text("LastMsgNumber")? } else { None };
        let last_message_number = match last {
            None => None,
            Some(text) => Some(
                number(&text)
                    .filter(|n| *n > 0)
                    .ok_or_else(|| format!("{text:?} is no LastMsgNumber"))?,
            ),
        };
        let reply_to = addressing.reply_to.clone().map(|e| normalized(e, wsa).address);
        Ok(Shutdown { identifier, last_message_number, reply_to })
    };
    parse().or_else(|problem: String| malformed(name, problem))
}

/// A body that only names a sequence.
pub(super) fn named(
    envelope: &Envelope,
    version: ReliableMessagingVersion,
    name: &'static str,
) -> Result<Identifier, ReadError> {
    let parse = || Cursor::new(single_child(envelope, version, name)?, version).identifier();
    parse().or_else(|problem: String| malformed(name, problem))
}

/// The one element of the body.
fn single_child<'a>(
    envelope: &'a Envelope,
    version: ReliableMessagingVersion,
    local: &str,
) -> Result<Element<'a>, String> {
    let mut children = envelope.body().elements();
    let first = children.next().ok_or_else(|| "the body is empty".to_owned())?;
    if !first.is(version.namespace(), local) {
        return Err(format!("the body holds {}, not {local}", first.qualified_name()));
    }
    match children.next() {
        None => Ok(first),
        Some(more) => Err(format!("the body holds {} too", more.qualified_name())),
    }
}
