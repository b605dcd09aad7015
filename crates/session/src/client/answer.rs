//! Reading verified answers.

use waxwing_reliable::{Message, ReliableMessagingVersion, codec};
use waxwing_security::conversation::Received;
use waxwing_soap::{Addressing, AddressingVersion, Envelope, Fault, MessageVersion, SoapVersion};
use waxwing_xml::Element;

use crate::error::SessionError;
use crate::message::{AppMessage, ApplicationMessage};
use crate::mutation::{Mutation, broken};

/// Why a verified reply is none to the reliable session.
pub(super) struct Unreadable {
    pub(super) reason: String,
    /// Whether it has a header that must be understood, is not, and that nobody signed.
    pub(super) is_unproven: bool,
}

/// What a reply is to the reliable session.
pub(super) fn read_reliable(
    received: Received,
    version: Option<ReliableMessagingVersion>,
) -> Result<Message<AppMessage>, Unreadable> {
    let unknown = received.envelope().not_understood(crate::service::is_understood);
    let is_unproven = unknown.iter().any(|header| !received.is_trusted(*header));
    let unknown = unknown.first().map(|header| not_understood(*header));
    let unreadable = |reason| Unreadable { reason, is_unproven };
    let version = version.ok_or_else(|| unreadable("there is no reliable session".to_owned()))?;
    let envelope = received.into_envelope();
    let addressing = Addressing::read(&envelope).map_err(|error| unreadable(error.to_string()))?;
    let message = codec::read_addressed(&envelope, &addressing, version);
    let message = message.map_err(|error| unreadable(error.to_string()))?;
    if let Some(reason) = unknown {
        return Err(unreadable(reason));
    }
    Ok(message.map(|()| AppMessage::new(ApplicationMessage::received(envelope, addressing))))
}

/// A reply outside of any reliable session. It must say that it is the one to this request: the exchange on which it
/// comes is in the hands of whoever holds the connection.
pub(super) fn read_reply(
    received: Received,
    request: &ApplicationMessage,
    is_secured: bool,
) -> Result<AppMessage, SessionError> {
    let envelope = received.into_envelope();
    let addressing =
        Addressing::read(&envelope).map_err(|error| SessionError::BadReply(error.to_string()))?;
    let has_addressing = envelope.version().addressing != AddressingVersion::None;
    // Without security nothing is proven anyway, and a service that could not read the request says so as it can.
    let is_plain_fault = !is_secured && envelope.is_fault();
    let unrelated = match (&addressing.relates_to, &request.message_id) {
        _ if !has_addressing => None,
        (Some(relates), Some(id)) if relates == id => None,
        (None, None) => None,
        (None, Some(_)) if is_plain_fault => None,
        (None, Some(_)) => Some(match Fault::read(&envelope) {
            Some(fault) => {
                format!("it relates to no request (RelatesTo); it is a fault: {}", fault.text())
            }
            None => "it relates to no request (RelatesTo)".to_owned(),
        }),
        (Some(relates), Some(id)) => {
            Some(format!("it relates to {relates}, but the request is {id}"))
        }
        (Some(relates), None) => {
            Some(format!("it relates to {relates}, but the request has no MessageID"))
        }
    };
    if let Some(text) = unrelated.filter(|_| !broken(Mutation::TakeAnyReply)) {
        return Err(SessionError::BadReply(text));
    }
    understood(&envelope).map_err(SessionError::BadReply)?;
    Ok(AppMessage::new(ApplicationMessage::received(envelope, addressing)))
}

pub(super) fn other_version(found: MessageVersion, expected: MessageVersion) -> String {
    let words = |version: MessageVersion| {
        let soap = match version.soap {
            SoapVersion::Soap11 => "SOAP 1.1",
            SoapVersion::Soap12 => "SOAP 1.2",
        };
        let addressing = match version.addressing {
            AddressingVersion::Addressing10 => "with WS-Addressing 1.0",
            AddressingVersion::August2004 => "with WS-Addressing of August 2004",
            AddressingVersion::None => "without addressing",
        };
        format!("{soap} {addressing}")
    };
    format!("the answer is {}, the binding's messages are {}", words(found), words(expected))
}

/// Headers that must be understood are those of the layers that the message has passed, and no others.
pub(super) fn understood(envelope: &Envelope) -> Result<(), String> {
    let unknown = envelope.not_understood(crate::service::is_understood);
    unknown.first().map_or(Ok(()), |header| Err(not_understood(*header)))
}

fn not_understood(header: Element<'_>) -> String {
    let (namespace, name) = (header.namespace(), header.local_name());
    format!("the header {{{namespace}}}{name} must be understood, and is not")
}

#[cfg(test)]
mod tests {
    use waxwing_soap::AddressingVersion;

    use super::*;

    #[test]
    fn versions_are_told_in_words() {
        let of = |soap| MessageVersion { soap, addressing: AddressingVersion::None };
        let text = other_version(of(SoapVersion::Soap12), of(SoapVersion::Soap11));
        assert!(text.contains("the answer is SOAP 1.2 without addressing"), "{text}");
        assert!(!text.contains('{'), "{text}");
    }
}
