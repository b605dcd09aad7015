//! Which parts of a message are signed and encrypted (WS-SecurityPolicy 1.1 §4.1, §4.2).

use waxwing_binding::{BindingElement, Stack};
use waxwing_binding::{ProtectionLevel, ReliableMessagingVersion};

use super::names::{CHANNEL, Dialect, RM10, RM11, addressing_namespace};
use crate::name::QName;
use crate::policy::Assertion;

/// How the parts of one message are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageParts {
    /// The body.
    pub body: ProtectionLevel,
    /// Headers of the contract, in order.
    pub headers: Vec<(QName, ProtectionLevel)>,
}

impl MessageParts {
    /// A message without headers of its own.
    pub fn body(level: ProtectionLevel) -> Self {
        Self { body: level, headers: Vec::new() }
    }

    /// Whether anything of it is encrypted.
    pub fn encrypts(&self) -> bool {
        let headers = self.headers.iter().map(|(_, level)| *level);
        std::iter::once(self.body)
            .chain(headers)
            .any(|level| level == ProtectionLevel::EncryptAndSign)
    }
}

/// Both assertions of a message, each if it has something to say. Headers of the protocols are signed in every message: those of the
/// reliable session, of the duplex channel, of addressing, in the order of WCF's binding elements.
pub(super) fn assertions(
    dialect: &Dialect,
    stack: &Stack,
    message: &MessageParts,
) -> Vec<Assertion> {
    let own = |covers: fn(ProtectionLevel) -> bool| {
        let body = covers(message.body).then(|| dialect.sp("Body"));
        let headers = message.headers.iter().filter(move |(_, level)| covers(*level));
        let headers = headers.map(|(name, _)| header(dialect, &name.namespace, &name.local));
        body.into_iter().chain(headers)
    };
    let mut signed: Vec<_> = own(|level| level != ProtectionLevel::None).collect();
    signed.extend(reliable_headers(dialect, stack));
    signed.extend(channel_headers(dialect, stack));
    let encrypted = own(|level| level == ProtectionLevel::EncryptAndSign).collect();
    let part = |local: &str, children: Vec<Assertion>| {
        let filled = !children.is_empty();
        filled.then(|| Assertion { children, ..dialect.sp(local) })
    };
    [part("SignedParts", signed), part("EncryptedParts", encrypted)].into_iter().flatten().collect()
}

/// Those of the messages that agree on a security context.
pub(super) fn of_bootstrap(dialect: &Dialect, stack: &Stack) -> Vec<Assertion> {
    let mut signed = vec![dialect.sp("Body")];
    signed.extend(channel_headers(dialect, stack));
    vec![
        Assertion { children: signed, ..dialect.sp("SignedParts") },
        Assertion { children: vec![dialect.sp("Body")], ..dialect.sp("EncryptedParts") },
    ]
}

/// The `To` that a signature under a certificate covers where the transport protects the rest.
pub(super) fn signed_to(dialect: &Dialect, stack: &Stack) -> Option<Assertion> {
    let namespace = addressing_namespace(stack.message_version())?;
    let children = vec![header(dialect, namespace, "To")];
    Some(Assertion { children, ..dialect.sp("SignedParts") })
}

fn reliable_headers(dialect: &Dialect, stack: &Stack) -> Vec<Assertion> {
    let Some(session) = stack.reliable_session() else { return Vec::new() };
    let is_11 =
        session.reliable_messaging_version == ReliableMessagingVersion::WsReliableMessaging11;
    let (namespace, last) = if is_11 { (RM11, Some("UsesSequenceSTR")) } else { (RM10, None) };
    let names = ["Sequence", "SequenceAcknowledgement", "AckRequested"].into_iter().chain(last);
    names.map(|name| header(dialect, namespace, name)).collect()
}

/// Headers of the channel: the instance of a duplex channel, and addressing.
fn channel_headers(dialect: &Dialect, stack: &Stack) -> Vec<Assertion> {
    let duplex = stack.elements.iter().any(|e| matches!(e, BindingElement::CompositeDuplex(_)));
    let instance = duplex.then(|| header(dialect, CHANNEL, "ChannelInstance"));
    let names = ["To", "From", "FaultTo", "ReplyTo", "MessageID", "RelatesTo", "Action"];
    let namespace = addressing_namespace(stack.message_version());
    let addressing =
        namespace.into_iter().flat_map(|ns| names.map(|name| header(dialect, ns, name)));
    instance.into_iter().chain(addressing).collect()
}

fn header(dialect: &Dialect, namespace: &str, local: &str) -> Assertion {
    let mut header = dialect.sp("Header");
    header.attributes = vec![
        (QName::new("", "Name"), local.to_owned()),
        (QName::new("", "Namespace"), namespace.to_owned()),
    ];
    header
}
