//! Messages of the application as the session carries them.

use std::sync::Arc;

use waxwing_reliable::{Headers, ReliableMessagingVersion, codec};
use waxwing_soap::{
    Addressing, AddressingHeaders, EndpointReference, Envelope, PlainHeaders, RandomSource,
};

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
    /// of reliable messaging before them. `to` is the address of a request; `signed` says that the headers will be signed.
    pub(crate) fn dress(
        &self,
        to: Option<&str>,
        headers: Option<(&Headers, ReliableMessagingVersion)>,
        signed: bool,
    ) -> Envelope {
        let mut envelope = self.envelope.clone();
        write(&mut envelope, &self.headers(to), headers, signed);
        envelope
    }

    /// The same without headers of reliable messaging, of one that is sent once.
    pub(crate) fn dress_once(this: AppMessage, to: Option<&str>, signed: bool) -> Envelope {
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
                write(&mut envelope, &headers, None, signed);
                envelope
            }
            Err(shared) => shared.dress(to, None, signed),
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

/// Writes the headers. Those that will be signed become text as they go, of which their canonical form is made; elements where
/// they cannot stand so, and where they go in whatever form an encoder gives them.
fn write(
    envelope: &mut Envelope,
    addressing: &AddressingHeaders<'_>,
    headers: Option<(&Headers, ReliableMessagingVersion)>,
    signed: bool,
) {
    if signed && write_plain(envelope, addressing, headers) {
        return;
    }
    addressing.write(envelope);
    if let Some((headers, version)) = headers {
        codec::write_headers(envelope, headers, version);
    }
}

fn write_plain(
    envelope: &mut Envelope,
    addressing: &AddressingHeaders<'_>,
    headers: Option<(&Headers, ReliableMessagingVersion)>,
) -> bool {
    if envelope.headers().next().is_some() {
        return false;
    }
    match headers {
        Some((headers, version)) => {
            codec::write_plain_headers(envelope, headers, addressing, version)
        }
        None => {
            let mut plain = PlainHeaders::new();
            addressing.write_plain(envelope.version().addressing, &mut plain)
                && envelope.put_plain_headers(plain).is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use waxwing_reliable::{Identifier, Ranges, Sequence, SequenceAcknowledgement};
    use waxwing_security::protection::HeaderProtection;
    use waxwing_security::wsse::{
        ContextToken, Dialect, ProtectionOrder, ProtectionPlan, ProtectionToken, SecuritySettings,
        SessionKeys, Sources, TokenKey, TokenPlacement, UuidIds, protect,
    };
    use waxwing_security::{MessageProtection, ProtectionLevel};
    use waxwing_soap::{AddressingVersion, MessageVersion, SoapVersion};
    use waxwing_xml::{Limits, Name};

    use super::*;

    struct Counter(u8);

    impl RandomSource for Counter {
        fn fill(&mut self, octets: &mut [u8]) {
            for octet in octets {
                self.0 = self.0.wrapping_mul(13).wrapping_add(7);
                *octet = self.0;
            }
        }
    }

    /// The message signed and encrypted, as text.
    fn protected(
        mut envelope: Envelope,
        parts: &MessageProtection,
        order: ProtectionOrder,
    ) -> String {
        let settings = &SecuritySettings { order, ..SecuritySettings::default() };
        let (mut random, mut ids) = (Counter(1), UuidIds::with_guid("guid", 1));
        let element = "<c:SecurityContextToken u:Id=\"uuid-1\" xmlns:c=\"urn:c\"/>";
        let token = ContextToken {
            dialect: Dialect::February2005,
            id: "uuid-1".into(),
            element: element.into(),
            key: TokenKey::new(vec![7; 32]),
            identifier: "urn:context".into(),
            identifier_value: None,
            instance: None,
        };
        let keys =
            SessionKeys::new(token, TokenPlacement::Attached, settings, &mut random, &mut ids);
        let plan = ProtectionPlan::new(settings, parts, ProtectionToken::Session(&keys));
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut sources = Sources { now, random: &mut random, ids: &mut ids };
        let action = envelope.action().map(std::borrow::Cow::into_owned);
        protect(&mut envelope, &plan, &mut sources).unwrap();
        assert_eq!(envelope.action(), action.as_deref().map(Into::into));
        String::from_utf8(envelope.into_bytes()).unwrap()
    }

    fn text(envelope: &Envelope) -> String {
        String::from_utf8(envelope.to_bytes()).unwrap()
    }

    /// Text of all kinds that a header may hold.
    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "urn:[a-z]{1,40}",
            2 => "[ \t\r\n&<>\"'\\]x\u{e9}\u{1F600}]{0,12}",
            1 => "[\u{1}\u{FFFE}x]{0,3}",
        ]
    }

    fn endpoint() -> impl Strategy<Value = EndpointReference> {
        let parameters = prop_oneof![
            8 => Just(Vec::new()),
            1 => Just(vec!["<x xmlns=\"urn:x\">1</x>".to_owned()]),
        ];
        (any_text(), parameters).prop_map(|(address, reference_parameters)| EndpointReference {
            address,
            reference_parameters,
        })
    }

    fn headers() -> impl Strategy<Value = Headers> {
        let identifier = || any_text().prop_map(Identifier::new);
        let number = || prop_oneof![1..9_u64, any::<u32>().prop_map(u64::from)];
        let sequence = (identifier(), number(), any::<bool>()).prop_map(
            |(identifier, number, last_message)| Sequence { identifier, number, last_message },
        );
        let ranges = proptest::collection::vec((0..9_u64, 0..9_u64), 0..4);
        let room = proptest::option::of(any::<u32>());
        let acknowledgement = (identifier(), ranges, any::<bool>(), room).prop_map(
            |(identifier, ranges, is_final, buffer_remaining)| {
                let mut all = Ranges::default();
                for (start, length) in ranges {
                    (start..=start + length).for_each(|number| {
                        all.insert(number + 1);
                    });
                }
                SequenceAcknowledgement {
                    is_final,
                    buffer_remaining,
                    ..SequenceAcknowledgement::new(identifier, all)
                }
            },
        );
        let option = proptest::option::of::<BoxedStrategy<_>>;
        (
            option(sequence.boxed()),
            proptest::option::of(acknowledgement),
            proptest::option::of(identifier()),
            proptest::bool::weighted(0.1),
        )
            .prop_map(|(sequence, acknowledgement, ack_requested, uses_sequence_str)| {
                Headers {
                    sequence,
                    acknowledgement,
                    ack_requested,
                    uses_sequence_str,
                    ..Headers::default()
                }
            })
    }

    fn version() -> impl Strategy<Value = MessageVersion> {
        let soap = prop_oneof![Just(SoapVersion::Soap11), Just(SoapVersion::Soap12)];
        let addressing = prop_oneof![
            4 => Just(AddressingVersion::Addressing10),
            2 => Just(AddressingVersion::August2004),
            1 => Just(AddressingVersion::None),
        ];
        (soap, addressing).prop_map(|(soap, addressing)| MessageVersion { soap, addressing })
    }

    /// What a program may do with a message before it goes.
    fn envelope() -> impl Strategy<Value = Envelope> {
        (version(), 0..12_u8).prop_map(|(version, kind)| {
            let mut envelope = Envelope::new(version);
            let body = envelope.append_body_element(Name::new("", "Add", "urn:sum"));
            let document = envelope.document_mut();
            let root = document.root().id();
            document.append_text_element(body, Name::new("", "n", "urn:sum"), "1<2");
            match kind {
                // The prefixes of the headers stand for something else.
                0 => document.declare_namespace(root, "a", "urn:other"),
                1 => document.declare_namespace(root, "r", "urn:other"),
                2 => document.declare_namespace(root, "u", "urn:other"),
                3 => document.set_attribute(root, Name::new("u", "x", "urn:other"), "1"),
                4 => {
                    let header = envelope.header_or_insert();
                    envelope.document_mut().declare_namespace(header, "a", "urn:other");
                }
                5 => {
                    envelope.append_header(Name::new("o", "Own", "urn:own"));
                }
                6 => {
                    let text = text(&envelope).replace("<s:", "<q:");
                    let text = text.replace("</s:", "</q:").replace("xmlns:s=", "xmlns:q=");
                    envelope = Envelope::parse(text, &Limits::SOAP)
                        .unwrap()
                        .with_addressing(version.addressing);
                }
                7 => {
                    let header = envelope.header_or_insert();
                    let name = Name::new("r", "x", "urn:other");
                    envelope.document_mut().set_attribute(header, name, "1");
                }
                _ => {}
            }
            envelope
        })
    }

    #[test]
    fn usual_headers_are_text_and_others_are_elements() {
        let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
        let is_text = |envelope: &Envelope, signed: bool| {
            let message =
                ApplicationMessage::request("urn:a", envelope.clone(), false, &mut Counter(1));
            let headers =
                Headers { ack_requested: Some(Identifier::new("urn:s")), ..Headers::default() };
            let headers = Some((&headers, ReliableMessagingVersion::February2005));
            let mut dressed = message.dress(Some("urn:to"), headers, signed);
            dressed.take_plain_headers().map(|plain| plain.iter().count())
        };
        assert_eq!(is_text(&envelope, true), Some(5));
        assert_eq!(is_text(&envelope, false), None);
        envelope.append_header(Name::new("o", "Own", "urn:own"));
        assert_eq!(is_text(&envelope, true), None);
    }

    proptest! {
        /// Headers that are text are the ones that are elements, whoever looks at them and however they are signed.
        #[test]
        fn headers_as_text_are_the_same_message(
            envelope in envelope(),
            headers in headers(),
            of_2005 in any::<bool>(),
            reliable in proptest::bool::weighted(0.9),
            action in any_text(),
            message_id in proptest::option::of(any_text()),
            relates_to in proptest::option::of(any_text()),
            reply_to in proptest::option::of(endpoint()),
            to in proptest::option::of(prop_oneof![any_text(), Just(
                "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous".to_owned(),
            )]),
            level in 0..4_u8,
        ) {
            let version = match of_2005 {
                true => ReliableMessagingVersion::February2005,
                false => ReliableMessagingVersion::V11,
            };
            let headers = reliable.then_some((&headers, version));
            let message = ApplicationMessage { action, message_id, relates_to, reply_to, envelope };
            let elements = message.dress(to.as_deref(), headers, false);
            let as_text = message.dress(to.as_deref(), headers, true);
            prop_assert_eq!(text(&as_text), text(&elements));
            prop_assert_eq!(as_text.action(), elements.action());
            let ids = |envelope: &Envelope| {
                envelope.addressing_text("MessageID").map(std::borrow::Cow::into_owned)
            };
            prop_assert_eq!(ids(&as_text), ids(&elements));
            prop_assert_eq!(as_text.document().to_xml(), text(&elements));
            let mut changed = as_text.clone();
            changed.append_header(Name::new("o", "Own", "urn:own"));
            let mut expected = elements.clone();
            expected.append_header(Name::new("o", "Own", "urn:own"));
            prop_assert_eq!(text(&changed), text(&expected));
            let once = ApplicationMessage::dress_once(Arc::new(message.clone()), to.as_deref(), true);
            prop_assert_eq!(text(&once), text(&message.dress(to.as_deref(), None, false)));

            let mut parts = MessageProtection::body(match level {
                0 => ProtectionLevel::Sign,
                _ => ProtectionLevel::EncryptAndSign,
            });
            if level == 1 {
                parts.headers.push(HeaderProtection {
                    namespace: "urn:own".into(),
                    local: "Own".into(),
                    level: ProtectionLevel::Sign,
                });
            }
            for order in [
                ProtectionOrder::SignBeforeEncrypt,
                ProtectionOrder::SignBeforeEncryptAndEncryptSignature,
                ProtectionOrder::EncryptBeforeSign,
            ] {
                let expected = protected(elements.clone(), &parts, order);
                prop_assert_eq!(protected(as_text.clone(), &parts, order), expected);
            }
        }
    }
}
