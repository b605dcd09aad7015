//! Messages of the application as the session carries them.

use std::sync::Arc;

use waxwing_reliable::{Headers, ReliableMessagingVersion, codec};
use waxwing_soap::{Addressing, AddressingHeaders, EndpointReference, Envelope, RandomSource};

/// A message of the application, shared between the retransmission window and whoever else holds it.
pub type AppMessage = Arc<ApplicationMessage>;

/// A message of the application: its body and own headers, and its addressing.
#[derive(Debug, Clone)]
pub struct ApplicationMessage {
    /// The action, a URI.
    pub action: String,
    /// `MessageID`: of two-way requests, the same in every retransmission.
    pub message_id: Option<String>,
    /// `RelatesTo` of replies.
    pub relates_to: Option<String>,
    /// Where a request wants its reply; anonymous over HTTP.
    pub reply_to: Option<EndpointReference>,
    /// Body and headers. Of an outgoing message without those of addressing, reliable messaging and security.
    pub envelope: Envelope,
}

impl ApplicationMessage {
    /// A request to be sent: a new `MessageID` and anonymous `ReplyTo` when it is two-way.
    pub fn request(
        action: &str,
        envelope: Envelope,
        one_way: bool,
        random: &mut dyn RandomSource,
    ) -> Self {
        let addressing = envelope.version().addressing;
        Self {
            action: action.to_owned(),
            message_id: (!one_way).then(|| waxwing_soap::urn_uuid(random)),
            relates_to: None,
            reply_to: (!one_way).then(|| EndpointReference::anonymous(addressing)),
            envelope,
        }
    }

    /// A reply to a message.
    pub fn reply(
        action: impl Into<String>,
        envelope: Envelope,
        request: &ApplicationMessage,
    ) -> Self {
        Self {
            action: action.into(),
            message_id: None,
            relates_to: request.message_id.clone(),
            reply_to: None,
            envelope,
        }
    }

    /// A message that came in, with its addressing headers.
    pub fn received(envelope: Envelope, addressing: Addressing) -> Self {
        Self {
            action: addressing.action.unwrap_or_default(),
            message_id: addressing.message_id,
            relates_to: addressing.relates_to,
            reply_to: addressing.reply_to,
            envelope,
        }
    }

    /// Whether the body is a SOAP fault.
    pub fn is_fault(&self) -> bool {
        self.envelope.is_fault()
    }

    /// The whole message as it goes out, but for security: the body with addressing headers and, in a sequence, those
    /// of reliable messaging before them. `to` is the address of a request.
    pub(crate) fn dress(
        &self,
        to: Option<&str>,
        headers: Option<(&Headers, ReliableMessagingVersion)>,
    ) -> Envelope {
        let mut envelope = self.envelope.clone();
        self.headers(to).write(&mut envelope);
        if let Some((headers, version)) = headers {
            codec::write_headers(&mut envelope, headers, version);
        }
        envelope
    }

    /// The same without headers of reliable messaging, of one that is sent once.
    pub(crate) fn dress_once(this: AppMessage, to: Option<&str>) -> Envelope {
        match Arc::try_unwrap(this) {
            Ok(Self { action, message_id, relates_to, reply_to, mut envelope }) => {
                let headers = AddressingHeaders {
                    action: Some(&action),
                    message_id: message_id.as_deref(),
                    relates_to: relates_to.as_deref(),
                    reply_to: reply_to.as_ref(),
                    to,
                    ..AddressingHeaders::default()
                };
                headers.write(&mut envelope);
                envelope
            }
            Err(shared) => shared.dress(to, None),
        }
    }

    fn headers<'a>(&'a self, to: Option<&'a str>) -> AddressingHeaders<'a> {
        AddressingHeaders {
            action: Some(&self.action),
            message_id: self.message_id.as_deref(),
            relates_to: self.relates_to.as_deref(),
            reply_to: self.reply_to.as_ref(),
            to,
            ..AddressingHeaders::default()
        }
    }
}
