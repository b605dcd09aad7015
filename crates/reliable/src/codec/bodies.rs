//! Reading the bodies of CreateSequence, CloseSequence, TerminateSequence and their responses.

use waxwing_soap::{Addressing, AddressingVersion, EndpointReference, Envelope};
use waxwing_xml::Element;

use super::error::{ReadError, malformed};
use super::text::{SECURITY, identifier, number, simple_text};
use crate::address::ANONYMOUS;
use crate::message::{
    CreateSequence, CreateSequenceResponse, IncompleteSequenceBehavior, Offer, Shutdown,
    TokenReference,
};
use crate::names::Identifier;
use crate::version::{Action, ReliableMessagingVersion};

/// Children of one element, by name: WCF demands an order, but each name stands once, so any order says the same.
/// What is not asked for is an extension and skipped, as WCF skips it.
#[derive(Clone, Copy)]
struct Children<'a> {
    element: Element<'a>,
    namespace: &'static str,
}

impl<'a> Children<'a> {
    fn new(element: Element<'a>, version: ReliableMessagingVersion) -> Self {
        Self { element, namespace: version.namespace() }
    }

    /// The child of this name; two of one name contradict each other.
    fn optional(&self, local: &str) -> Result<Option<Element<'a>>, String> {
        let mut found = self.element.elements().filter(|e| e.is(self.namespace, local));
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(format!("{local} stands twice")),
        }
    }

    fn required(&self, local: &str) -> Result<Element<'a>, String> {
        self.optional(local)?.ok_or_else(|| format!("{local} is missing"))
    }

    fn identifier(&self) -> Result<Identifier, String> {
        identifier(self.required("Identifier")?).ok_or_else(|| "Identifier is empty".to_owned())
    }

    fn text(&self, local: &str) -> Result<Option<String>, String> {
        let Some(element) = self.optional(local)? else { return Ok(None) };
        simple_text(element)
            .map(|text| Some(text.into_owned()))
            .ok_or_else(|| format!("{local} must be text"))
    }

    fn behavior(&self) -> Result<Option<IncompleteSequenceBehavior>, String> {
        let Some(text) = self.text("IncompleteSequenceBehavior")? else { return Ok(None) };
        let known = IncompleteSequenceBehavior::ALL.into_iter().find(|b| b.name() == text);
        known.map(Some).ok_or_else(|| format!("{text:?} is no IncompleteSequenceBehavior"))
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
    let children = Children::new(body, version);
    let acks_to = endpoint(children.required("AcksTo")?, wsa)?;
    let expires = children.text("Expires")?;
    let offer = match children.optional("Offer")? {
        Some(element) => Some(offer(element, version, wsa)?),
        None => None,
    };
    let tokens = body.elements().filter_map(token).collect();
    Ok(CreateSequence { acks_to, expires, offer, tokens, reply_to: None, to: None })
}

fn offer(
    element: Element<'_>,
    version: ReliableMessagingVersion,
    wsa: AddressingVersion,
) -> Result<Offer, String> {
    let is_11 = version == ReliableMessagingVersion::V11;
    let children = Children::new(element, version);
    let identifier = children.identifier()?;
    let endpoint = if is_11 { Some(endpoint(children.required("Endpoint")?, wsa)?) } else { None };
    let expires = children.text("Expires")?;
    let incomplete_sequence_behavior = if is_11 { children.behavior()? } else { None };
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
        let children = Children::new(single_child(envelope, version, NAME)?, version);
        let identifier = children.identifier()?;
        let expires = children.text("Expires")?;
        let is_11 = version == ReliableMessagingVersion::V11;
        let incomplete_sequence_behavior = if is_11 { children.behavior()? } else { None };
        let accept = match children.optional("Accept")? {
            None => None,
            Some(accept) => {
                let inner = Children::new(accept, version);
                Some(endpoint(inner.required("AcksTo")?, wsa)?)
            }
        };
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
        let children = Children::new(single_child(envelope, version, name)?, version);
        let identifier = children.identifier()?;
        let is_11 = version == ReliableMessagingVersion::V11;
        let last = if is_11 { children.text("LastMsgNumber")? } else { None };
        let last_message_number = match last {
            None => None,
            Some(text) => Some(
                number(&text)
                    .filter(|n| *n > 0)
                    .ok_or_else(|| format!("{text:?} is no LastMsgNumber"))?,
            ),
        };
        let reply_to = addressing.reply_to.clone().map(|e| normalized(e, wsa));
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
    let parse = || Children::new(single_child(envelope, version, name)?, version).identifier();
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
