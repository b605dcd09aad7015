//! The messages of the application: a text that says which call it is.

use waxwing_session::{AppMessage, ApplicationMessage, VerifiedRequest};
use waxwing_soap::{Envelope, MessageVersion, RandomSource};
use waxwing_xml::Name;

pub const ADDRESS: &str = "http://localhost:8000/calculator";
pub const ECHO: &str = "http://Microsoft.ServiceModel.Samples/IEcho/Echo";
pub const ECHO_RESPONSE: &str = "http://Microsoft.ServiceModel.Samples/IEcho/EchoResponse";
pub const NOTE: &str = "http://Microsoft.ServiceModel.Samples/IEcho/Note";
pub const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;

/// One call of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallName {
    pub client: usize,
    pub index: usize,
}

impl CallName {
    fn text(self) -> String {
        format!("{}.{}", self.client, self.index)
    }

    /// The call that a request is.
    pub fn of_request(envelope: &Envelope) -> Option<Self> {
        Self::parse(&text_of(envelope))
    }

    /// The call that a reply answers.
    pub fn of_reply(envelope: &Envelope) -> Option<Self> {
        Self::parse(text_of(envelope).strip_prefix("re ")?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (client, index) = text.split_once('.')?;
        Some(Self { client: client.parse().ok()?, index: index.parse().ok()? })
    }
}

/// The request of a call.
pub fn request(call: CallName, one_way: bool, random: &mut dyn RandomSource) -> ApplicationMessage {
    let action = if one_way { NOTE } else { ECHO };
    ApplicationMessage::request(action, envelope(&call.text()), one_way, random)
}

/// What the operation answers; none to a note.
pub fn reply(request: &VerifiedRequest) -> Option<AppMessage> {
    let text = format!("re {}", text_of(request.envelope()));
    (request.action() == ECHO).then(|| request.reply(ECHO_RESPONSE, envelope(&text)))
}

/// A message of the application with this text.
pub fn envelope(text: &str) -> Envelope {
    let mut envelope = Envelope::new(VERSION);
    let element = envelope.append_body_element(Name::local("text"));
    envelope.document_mut().append_text(element, text);
    envelope
}

fn text_of(envelope: &Envelope) -> String {
    envelope.payload().map(|payload| payload.text().into_owned()).unwrap_or_default()
}
