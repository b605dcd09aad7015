//! Writing headers and whole messages of the protocol.

use waxwing_soap::addressing::write_endpoint;
use waxwing_soap::{
    Addressing, AddressingHeaders, AddressingVersion, EndpointReference, Envelope, MessageVersion,
    PlainHeaders,
};
use waxwing_xml::{Name, NodeId, Value};

use super::acknowledgement::{acknowledgement_content, plain_content};
use super::faults;
use super::text::{SECURITY, append};
use crate::address::ANONYMOUS;
use crate::headers::Headers;
use crate::message::{
    Body, CreateSequence, CreateSequenceResponse, IncompleteSequenceBehavior, Message, Shutdown,
};
use crate::names::Identifier;
use crate::version::{Action, ReliableMessagingVersion};

/// Writes the headers in front of those that the message has, in WCF's order: the acknowledgement first, but in the
/// answer of an exchange `Sequence`. The addressing headers must be there already: they tell such an answer, which is
/// addressed to nobody.
pub fn write_headers(
    envelope: &mut Envelope,
    headers: &Headers,
    version: ReliableMessagingVersion,
) {
    if headers.is_empty() {
        return;
    }
    declare(envelope, version);
    // Each is put in front of those before it.
    if is_answer(envelope) {
        write_acknowledgement(envelope, headers, version);
        write_sequence(envelope, headers, version);
    } else {
        write_sequence(envelope, headers, version);
        write_acknowledgement(envelope, headers, version);
    }
    for (is_there, local) in [
        (headers.uses_sequence_ssl, "UsesSequenceSSL"),
        (headers.uses_sequence_str, "UsesSequenceSTR"),
    ] {
        if is_there {
            let header = envelope.prepend_header(Name::new("r", local, version.namespace()));
            envelope.set_must_understand(header);
        }
    }
}

/// The same as text, with the addressing headers behind them. False, and the envelope is as it was but for a prefix that it
/// declares, where they cannot stand so ([`Envelope::put_plain_headers`]): they are to be written as elements then.
pub fn write_plain_headers(
    envelope: &mut Envelope,
    headers: &Headers,
    addressing: &AddressingHeaders<'_>,
    version: ReliableMessagingVersion,
) -> bool {
    if headers.uses_sequence_ssl || headers.uses_sequence_str {
        return false;
    }
    let mut plain = PlainHeaders::new();
    if is_answer_to(envelope.version().addressing, addressing.to) {
        plain_sequence(&mut plain, headers, version);
        plain_acknowledgement(&mut plain, headers, version);
    } else {
        plain_acknowledgement(&mut plain, headers, version);
        plain_sequence(&mut plain, headers, version);
    }
    if !addressing.write_plain(envelope.version().addressing, &mut plain) {
        return false;
    }
    if !headers.is_empty() {
        declare(envelope, version);
    }
    envelope.put_plain_headers(plain).is_ok()
}

fn declare(envelope: &mut Envelope, version: ReliableMessagingVersion) {
    let root = envelope.document().root();
    if !root.namespace_declarations().any(|(prefix, _)| prefix == "r") {
        envelope.declare("r", version.namespace());
    }
}

fn plain_sequence(plain: &mut PlainHeaders, headers: &Headers, version: ReliableMessagingVersion) {
    let name = |local| Name::new("r", local, version.namespace());
    if let Some(identifier) = &headers.ack_requested {
        plain.push(name("AckRequested"), false, |content| {
            content.element("Identifier", identifier.as_str());
        });
    }
    if let Some(sequence) = &headers.sequence {
        plain.push(name("Sequence"), true, |content| {
            content.element("Identifier", sequence.identifier.as_str());
            content.element("MessageNumber", itoa::Buffer::new().format(sequence.number));
            if sequence.last_message {
                content.empty("LastMessage", &[]);
            }
        });
    }
}

fn plain_acknowledgement(
    plain: &mut PlainHeaders,
    headers: &Headers,
    version: ReliableMessagingVersion,
) {
    if let Some(acknowledgement) = &headers.acknowledgement {
        let name = Name::new("r", "SequenceAcknowledgement", version.namespace());
        plain.push(name, false, |content| plain_content(content, acknowledgement, version));
    }
}

/// The answer of an exchange is addressed to nobody: without `To` in WS-Addressing 1.0, where a message that goes the
/// other way on a connection of its own says that it is for the anonymous one.
fn is_answer(envelope: &Envelope) -> bool {
    let addressing = envelope.version().addressing;
    let to = envelope.header_named(addressing.namespace(), "To").map(|to| to.text());
    is_answer_to(addressing, to.as_deref())
}

fn is_answer_to(addressing: AddressingVersion, to: Option<&str>) -> bool {
    to.is_none_or(|to| {
        addressing == AddressingVersion::August2004 && to.trim() == addressing.anonymous()
    })
}

fn write_sequence(envelope: &mut Envelope, headers: &Headers, version: ReliableMessagingVersion) {
    let rm = version.namespace();
    if let Some(sequence) = &headers.sequence {
        let header = envelope.prepend_header(Name::new("r", "Sequence", rm));
        envelope.set_must_understand(header);
        let document = envelope.document_mut();
        append(document, header, rm, "Identifier", sequence.identifier.as_str());
        append(document, header, rm, "MessageNumber", itoa::Buffer::new().format(sequence.number));
        if sequence.last_message {
            document.append_element(header, Name::new("r", "LastMessage", rm));
        }
    }
    if let Some(identifier) = &headers.ack_requested {
        let header = envelope.prepend_header(Name::new("r", "AckRequested", rm));
        append(envelope.document_mut(), header, rm, "Identifier", identifier.as_str());
    }
}

fn write_acknowledgement(
    envelope: &mut Envelope,
    headers: &Headers,
    version: ReliableMessagingVersion,
) {
    if let Some(acknowledgement) = &headers.acknowledgement {
        let name = Name::new("r", "SequenceAcknowledgement", version.namespace());
        let header = envelope.prepend_header(name);
        acknowledgement_content(envelope.document_mut(), header, acknowledgement, version);
    }
}

/// Writes a whole message of the protocol; None for an application message, which is its owner's to write.
///
/// `to` is the address of a request, None for a response. Requests of WS-Addressing August 2004 get an
/// anonymous `ReplyTo` when the message names none.
pub fn write<M>(
    message: &Message<M>,
    version: ReliableMessagingVersion,
    message_version: MessageVersion,
    to: Option<&str>,
) -> Option<Envelope> {
    let action = action(&message.body, version, message_version.addressing)?;
    let text = |id: &Option<Identifier>| id.as_ref().map(|id| id.as_str().to_owned());
    let addressing = Addressing {
        action: Some(action),
        message_id: text(&message.message_id),
        relates_to: text(&message.relates_to),
        reply_to: reply_to(message, message_version.addressing, to.is_some()),
        to: destination(message_version.addressing, to),
        ..Addressing::default()
    };
    let mut envelope = Envelope::new(message_version);
    addressing.write(&mut envelope);
    let prefix = if message.headers.is_empty() { "" } else { "r" };
    let mut body = BodyWriter { envelope, version, prefix };
    body.write(&message.body);
    let mut envelope = body.envelope;
    write_headers(&mut envelope, &message.headers, version);
    Some(envelope)
}

fn action<M>(
    body: &Body<M>,
    version: ReliableMessagingVersion,
    addressing: AddressingVersion,
) -> Option<String> {
    let action = match body {
        Body::Application(_) => return None,
        Body::Fault(fault) => {
            return Some(faults::action(&fault.kind, version, addressing).to_owned());
        }
        Body::SoapFault(fault) => return Some(faults::soap_action(fault, addressing).to_owned()),
        Body::LastMessage => Action::LastMessage,
        Body::AckRequested => Action::AckRequested,
        Body::SequenceAcknowledgement => Action::SequenceAcknowledgement,
        Body::CreateSequence(_) => Action::CreateSequence,
        Body::CreateSequenceResponse(_) => Action::CreateSequenceResponse,
        Body::CloseSequence(_) => Action::CloseSequence,
        Body::CloseSequenceResponse(_) => Action::CloseSequenceResponse,
        Body::TerminateSequence(_) => Action::TerminateSequence,
        Body::TerminateSequenceResponse(_) => Action::TerminateSequenceResponse,
    };
    Some(action.uri(version))
}

/// The answer of an exchange is addressed to nobody: no `To` in WS-Addressing 1.0, the anonymous one in August 2004.
fn destination(addressing: AddressingVersion, to: Option<&str>) -> Option<String> {
    match (to, addressing) {
        (Some(to), _) => Some(to.to_owned()),
        (None, AddressingVersion::August2004) => Some(addressing.anonymous().to_owned()),
        (None, _) => None,
    }
}

fn reply_to<M>(
    message: &Message<M>,
    addressing: AddressingVersion,
    is_request: bool,
) -> Option<EndpointReference> {
    let named = match &message.body {
        Body::CreateSequence(create) => create.reply_to.clone(),
        Body::CloseSequence(s) | Body::TerminateSequence(s) => s.reply_to.clone(),
        _ => return None,
    };
    let demands_one = addressing == AddressingVersion::August2004;
    match named {
        Some(endpoint) => Some(localized(&endpoint, addressing)),
        None if is_request && demands_one && message.message_id.is_some() => {
            Some(EndpointReference::anonymous(addressing))
        }
        None => None,
    }
}

/// The engines know one anonymous address; each addressing version has its own.
fn localized(endpoint: &EndpointReference, addressing: AddressingVersion) -> EndpointReference {
    let mut endpoint = endpoint.clone();
    if endpoint.address == ANONYMOUS {
        addressing.anonymous().clone_into(&mut endpoint.address);
    }
    endpoint
}

struct BodyWriter {
    envelope: Envelope,
    version: ReliableMessagingVersion,
    /// `r` when the envelope declares it for a header, else the default namespace.
    prefix: &'static str,
}

impl BodyWriter {
    fn write<M>(&mut self, body: &Body<M>) {
        match body {
            Body::CreateSequence(create) => self.create(create),
            Body::CreateSequenceResponse(created) => self.created(created),
            Body::CloseSequence(shutdown) => self.shutdown("CloseSequence", shutdown),
            Body::TerminateSequence(shutdown) => self.shutdown("TerminateSequence", shutdown),
            Body::CloseSequenceResponse(id) => {
                self.named("CloseSequenceResponse", id);
            }
            Body::TerminateSequenceResponse(id) => {
                self.named("TerminateSequenceResponse", id);
            }
            Body::Fault(fault) => faults::write(&mut self.envelope, fault, self.version),
            Body::SoapFault(fault) => fault.write(&mut self.envelope),
            Body::Application(_)
            | Body::LastMessage
            | Body::AckRequested
            | Body::SequenceAcknowledgement => {}
        }
    }

    fn name<'a>(&self, local: &'a str) -> Name<'a> {
        Name::new(self.prefix, local, self.version.namespace())
    }

    fn top(&mut self, local: &str) -> NodeId {
        let name = self.name(local);
        self.envelope.append_body_element(name)
    }

    fn element(&mut self, parent: NodeId, local: &str) -> NodeId {
        let name = self.name(local);
        self.envelope.document_mut().append_element(parent, name)
    }

    fn text(&mut self, parent: NodeId, local: &str, text: &str) {
        let name = self.name(local);
        self.envelope.document_mut().append_text_element(parent, name, text);
    }

    /// A word, as WCF's binary messages have it.
    fn behavior(&mut self, parent: NodeId, behavior: IncompleteSequenceBehavior) {
        let element = self.element(parent, "IncompleteSequenceBehavior");
        self.envelope.document_mut().append_word(element, behavior.name());
    }

    fn endpoint(&mut self, parent: NodeId, local: &str, endpoint: &EndpointReference) {
        let element = self.element(parent, local);
        let endpoint = localized(endpoint, self.envelope.version().addressing);
        write_endpoint(&mut self.envelope, element, &endpoint);
    }

    fn named(&mut self, local: &str, identifier: &Identifier) -> NodeId {
        let top = self.top(local);
        self.text(top, "Identifier", identifier.as_str());
        top
    }

    fn shutdown(&mut self, local: &str, shutdown: &Shutdown) {
        let top = self.named(local, &shutdown.identifier);
        if let Some(last) = shutdown.last_message_number {
            let element = self.element(top, "LastMsgNumber");
            self.envelope.document_mut().append_value(element, Value::UInt64(last));
        }
    }

    fn create(&mut self, create: &CreateSequence) {
        let top = self.top("CreateSequence");
        self.endpoint(top, "AcksTo", &create.acks_to);
        if let Some(expires) = &create.expires {
            self.text(top, "Expires", expires);
        }
        if let Some(offer) = &create.offer {
            let element = self.element(top, "Offer");
            self.text(element, "Identifier", offer.identifier.as_str());
            if let Some(endpoint) = &offer.endpoint {
                self.endpoint(element, "Endpoint", endpoint);
            }
            if let Some(expires) = &offer.expires {
                self.text(element, "Expires", expires);
            }
            if let Some(behavior) = offer.incomplete_sequence_behavior {
                self.behavior(element, behavior);
            }
        }
        for token in &create.tokens {
            let document = self.envelope.document_mut();
            let name = Name::new("o", "SecurityTokenReference", SECURITY);
            let holder = document.append_element(top, name);
            let reference = document.append_element(holder, Name::new("o", "Reference", SECURITY));
            document.set_attribute(reference, Name::local("URI"), token.identifier.as_str());
            document.set_attribute(reference, Name::local("ValueType"), &token.value_type);
        }
    }

    fn created(&mut self, created: &CreateSequenceResponse) {
        let top = self.named("CreateSequenceResponse", &created.identifier);
        if let Some(expires) = &created.expires {
            self.text(top, "Expires", expires);
        }
        if let Some(behavior) = created.incomplete_sequence_behavior {
            self.behavior(top, behavior);
        }
        if let Some(accept) = &created.accept {
            let element = self.element(top, "Accept");
            self.endpoint(element, "AcksTo", accept);
        }
    }
}
