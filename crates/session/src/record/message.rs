//! Messages: of the application, and requests as they were verified.

use std::borrow::Cow;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use waxwing_security::conversation::SavedCaller;
use waxwing_soap::{Addressing, AddressingVersion, EndpointReference, Envelope, QName};
use waxwing_xml::Limits;
use zeroize::Zeroizing;

use super::caller;
use super::octets::{Octets, RecordError, RecordKind};
use crate::message::{AppMessage, ApplicationMessage};
use crate::service::VerifiedRequest;

/// A message was read within the limits of whoever received it, or was built here. None here: what was written is read
/// again. Nothing of reading recurses, and what is read takes a multiple of the octets that there are.
const AS_WRITTEN: Limits = Limits {
    max_bytes: usize::MAX,
    max_depth: usize::MAX,
    max_attributes: usize::MAX,
    max_namespace_declarations: usize::MAX,
    max_distinct_names: usize::MAX,
    max_name_length: usize::MAX,
    max_string_content_length: usize::MAX,
    max_nodes: usize::MAX,
    allow_processing_instructions: true,
};

/// An envelope, with what its XML does not say.
#[derive(Serialize, Deserialize)]
struct EnvelopeRecord<'a> {
    addressing: Version,
    told_action: Option<String>,
    #[serde(borrow)]
    xml: Octets<'a>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Version {
    None,
    August2004,
    Addressing10,
}

impl From<AddressingVersion> for Version {
    fn from(version: AddressingVersion) -> Self {
        match version {
            AddressingVersion::None => Self::None,
            AddressingVersion::August2004 => Self::August2004,
            AddressingVersion::Addressing10 => Self::Addressing10,
        }
    }
}

impl From<Version> for AddressingVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::None => Self::None,
            Version::August2004 => Self::August2004,
            Version::Addressing10 => Self::Addressing10,
        }
    }
}

impl<'a> EnvelopeRecord<'a> {
    fn of(envelope: &Envelope) -> Self {
        Self {
            addressing: envelope.version().addressing.into(),
            told_action: envelope.told_action().map(str::to_owned),
            xml: Octets(Cow::Owned(envelope.to_bytes())),
        }
    }

    fn read(&self) -> Result<Envelope, String> {
        let envelope = Envelope::parse(&*self.xml.0, &AS_WRITTEN).map_err(|e| e.to_string())?;
        let addressing = self.addressing.into();
        Ok(match addressing {
            AddressingVersion::None => envelope.without_addressing(self.told_action.as_deref()),
            version => envelope.with_addressing(version),
        })
    }
}

/// A message of the application.
#[derive(Serialize, Deserialize)]
pub(super) struct MessageRecord<'a> {
    action: Cow<'a, str>,
    message_id: Option<Cow<'a, str>>,
    relates_to: Option<Cow<'a, str>>,
    reply_to: Option<Cow<'a, EndpointReference>>,
    #[serde(borrow)]
    envelope: EnvelopeRecord<'a>,
}

impl<'a> MessageRecord<'a> {
    pub(super) fn of(message: &'a ApplicationMessage) -> Self {
        Self {
            action: message.action.as_str().into(),
            message_id: message.message_id.as_deref().map(Cow::Borrowed),
            relates_to: message.relates_to.as_deref().map(Cow::Borrowed),
            reply_to: message.reply_to.as_ref().map(Cow::Borrowed),
            envelope: EnvelopeRecord::of(&message.envelope),
        }
    }

    pub(super) fn read(self) -> Result<AppMessage, String> {
        let envelope = self.envelope.read()?;
        Ok(AppMessage::new(ApplicationMessage {
            action: self.action.into_owned(),
            message_id: self.message_id.map(Cow::into_owned),
            relates_to: self.relates_to.map(Cow::into_owned),
            reply_to: self.reply_to.map(Cow::into_owned),
            envelope,
        }))
    }
}

/// A request as it was verified. Its addressing headers are those of the envelope.
#[derive(Serialize, Deserialize)]
struct RequestRecord<'a> {
    caller: SavedCaller,
    peer: Option<SocketAddr>,
    unknown_header: Option<(String, String)>,
    #[serde(borrow)]
    envelope: EnvelopeRecord<'a>,
}

/// The record of a message of the application.
pub fn write_message(message: &ApplicationMessage) -> Zeroizing<Vec<u8>> {
    RecordKind::Message.write(&MessageRecord::of(message))
}

/// A message of the application: the same canonical form, the same headers.
///
/// # Errors
/// The octets are no such record.
pub fn read_message(octets: &[u8]) -> Result<AppMessage, RecordError> {
    let record: MessageRecord<'_> = RecordKind::Message.read(octets)?;
    record.read().map_err(|why| RecordKind::Message.damaged(why))
}

/// The record of a request that was verified.
pub fn write_request(request: &VerifiedRequest) -> Zeroizing<Vec<u8>> {
    let unknown = request.unknown_header();
    RecordKind::Request.write(&RequestRecord {
        caller: caller::saved(request.caller()),
        peer: request.peer(),
        unknown_header: unknown.map(|name| (name.namespace.clone(), name.local.clone())),
        envelope: EnvelopeRecord::of(request.envelope()),
    })
}

/// A request that was verified before it was kept.
///
/// Nothing in the octets proves that it was: whoever can write them can make any request of anybody. The proof is the seal
/// of the store, which only this service can make: give what was opened with it, and nothing else.
///
/// # Errors
/// The octets are no such record.
pub fn read_request(octets: &[u8]) -> Result<VerifiedRequest, RecordError> {
    let damaged = |why: String| RecordKind::Request.damaged(why);
    let record: RequestRecord<'_> = RecordKind::Request.read(octets)?;
    let envelope = record.envelope.read().map_err(damaged)?;
    let addressing = Addressing::read(&envelope).map_err(|error| damaged(error.to_string()))?;
    let caller = caller::restored(record.caller).map_err(damaged)?;
    let unknown = record.unknown_header.map(|(namespace, local)| QName::new(namespace, local));
    let request = VerifiedRequest::new(envelope, addressing, caller);
    Ok(request.with_peer(record.peer).with_unknown_header(unknown))
}
