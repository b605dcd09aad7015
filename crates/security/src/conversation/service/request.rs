//! What is known of a message before anything of it is verified.

use std::borrow::Cow;

use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion};
use waxwing_xml::Element;

use crate::delivery::Delivery;
use crate::trust::TrustAction;
use crate::wsse::names::{COOKIE, WSSE, WSU};
use crate::wsse::{Dialect, KnownContext};

/// What must be known of a message after its verification consumed it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) version: MessageVersion,
    pub(super) action: Box<str>,
    pub(super) message_id: Option<Box<str>>,
    pub(super) trust: Option<TrustAction>,
    pub(super) has_security: bool,
    /// The identifier of the first security context token in its Security header.
    pub(super) context: Option<Box<str>>,
    /// When and from where it came.
    pub(super) delivery: Delivery,
    /// Where its answers go to, where they do not go back by the way that it came.
    reply_to: Option<EndpointReference>,
}

impl Request {
    pub(super) fn new(envelope: &Envelope, dialect: Dialect, delivery: Delivery) -> Self {
        let version = envelope.version();
        let text = |local| {
            let header = envelope.addressing_header(local)?;
            Some(Box::<str>::from(header.text().trim()))
        };
        let action: Box<str> = envelope.action().unwrap_or_default().into();
        let context = context_of(envelope, dialect);
        let context = context.and_then(|token| Some(token.identifier?.trim().into()));
        Self {
            version,
            trust: TrustAction::of(&action, dialect),
            has_security: security_headers(envelope).next().is_some(),
            message_id: text("MessageID"),
            action,
            context,
            delivery,
            reply_to: None,
        }
    }

    /// The same of a message whose answers go where it says.
    #[must_use]
    pub(super) fn with_reply_to(self, envelope: &Envelope) -> Self {
        let reply_to = Addressing::read(envelope).ok().and_then(|found| found.reply_to);
        Self { reply_to, ..self }
    }

    /// Where its answers go to. None when it says so nowhere, or nothing
    /// [can be posted](EndpointReference::can_be_posted_to) there.
    pub(super) fn reply_to(&self) -> Option<&EndpointReference> {
        self.reply_to.as_ref().filter(|to| to.can_be_posted_to())
    }
}

/// A security context token as a message shows it. Nothing of it is verified.
pub(super) struct ShownToken<'e> {
    dialect: Dialect,
    pub(super) identifier: Option<Cow<'e, str>>,
    pub(super) instance: Option<Cow<'e, str>>,
    pub(super) id: &'e str,
    pub(super) cookie: Option<Element<'e>>,
}

impl<'e> ShownToken<'e> {
    fn read(token: Element<'e>) -> Option<Self> {
        let is_token = |dialect: &Dialect| token.is(dialect.conversation(), "SecurityContextToken");
        let dialect = Dialect::ALL.into_iter().find(is_token)?;
        let child = |local| token.child(dialect.conversation(), local).map(|child| child.text());
        Some(Self {
            dialect,
            identifier: child("Identifier"),
            instance: child("Instance"),
            id: token.attribute_ns(WSU, "Id").unwrap_or_default(),
            cookie: token.child(COOKIE, "Cookie"),
        })
    }

    fn known(token: KnownContext<'e>) -> Self {
        let KnownContext { dialect, id, identifier, instance, .. } = token;
        let (identifier, instance) = (Some(identifier.into()), instance.map(Cow::Borrowed));
        Self { dialect, identifier, instance, id, cookie: None }
    }
}

/// The first security context token of the message's Security header; none when two headers are for this receiver: no
/// session claims such a message.
pub(super) fn context_of(envelope: &Envelope, dialect: Dialect) -> Option<ShownToken<'_>> {
    let mut headers = security_headers(envelope);
    let only = headers.next().filter(|_| headers.next().is_none())?;
    shown(envelope, only).find(|token| token.dialect == dialect)
}

/// The identifiers of all security context tokens in the Security headers for this receiver, in either dialect.
pub(super) fn named(envelope: &Envelope) -> impl Iterator<Item = String> {
    security_headers(envelope)
        .flat_map(|header| shown(envelope, header))
        .filter_map(|token| Some(token.identifier?.trim().to_owned()))
}

/// The security context tokens of a Security header, which may be one that is read from its text.
fn shown<'e>(envelope: &'e Envelope, header: Element<'e>) -> impl Iterator<Item = ShownToken<'e>> {
    let unread = envelope.document().unread().filter(|unread| unread.element() == header.id());
    let known = unread.as_ref().and_then(KnownContext::of).map(ShownToken::known);
    let read = unread.is_none().then(|| header.elements().filter_map(ShownToken::read));
    known.into_iter().chain(read.into_iter().flatten())
}

fn security_headers(envelope: &Envelope) -> impl Iterator<Item = Element<'_>> {
    envelope
        .headers()
        .filter(|header| header.is(WSSE, "Security") && envelope.is_for_ultimate_receiver(*header))
}
