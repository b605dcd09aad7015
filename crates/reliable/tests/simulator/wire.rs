//! The text between the engines: in some runs every message is written and read on its way.

use waxwing_reliable::codec::{read, write, write_headers};
use waxwing_reliable::{Body, Identifier, Message, ReliableMessagingVersion};
use waxwing_soap::{Addressing, Envelope, MessageVersion};
use waxwing_xml::{Limits, Name};

use crate::world::Payload;

/// The message as the other side reads it.
pub fn over(
    message: Message<Payload>,
    version: ReliableMessagingVersion,
    soap: MessageVersion,
    is_request: bool,
) -> Result<Message<Payload>, String> {
    let to = is_request.then_some("http://Service/calc");
    let envelope = match &message.body {
        Body::Application(payload) => application(*payload, &message, soap, is_request),
        _ => {
            write(&message, version, soap, to).ok_or("a message of the protocol is not written")?
        }
    };
    let mut envelope = envelope;
    let mut payload = 0;
    if let Body::Application(sent) = message.body {
        write_headers(&mut envelope, &message.headers, version);
        payload = sent;
    }
    let envelope =
        Envelope::parse(envelope.to_bytes(), &Limits::SOAP).map_err(|e| e.to_string())?;
    let text = envelope.payload().map(|e| e.text().into_owned()).unwrap_or_default();
    let arrived = read(&envelope, version).map_err(|e| format!("{e} in {message:?}"))?;
    let is_application = matches!(arrived.body, Body::Application(()));
    if is_application && text != payload.to_string() {
        return Err(format!("{payload} arrives as {text}"));
    }
    Ok(arrived.map(|()| payload))
}

fn application(
    payload: Payload,
    message: &Message<Payload>,
    soap: MessageVersion,
    is_request: bool,
) -> Envelope {
    let text = |id: &Option<Identifier>| id.as_ref().map(|id| id.as_str().to_owned());
    let mut envelope = Envelope::new(soap);
    let addressing = Addressing {
        action: Some("urn:app".to_owned()),
        message_id: text(&message.message_id),
        relates_to: text(&message.relates_to),
        to: is_request.then(|| "http://Service/calc".to_owned()),
        ..Addressing::default()
    };
    addressing.write(&mut envelope);
    let element = envelope.append_body_element(Name::local("payload"));
    envelope.document_mut().append_text(element, &payload.to_string());
    envelope
}
