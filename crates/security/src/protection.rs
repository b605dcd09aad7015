//! Which parts of a message are signed and encrypted, chosen by its action.
//!
//! WS-SecurityPolicy 1.2 §4 (SignedParts, EncryptedParts) as WCF derives it from a contract: every
//! application message has a level for its body and for the headers of its contract; addressing and
//! reliable-messaging headers are signed whenever they are present.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use waxwing_soap::Envelope;

/// How much a part of a message is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ProtectionLevel {
    /// Neither signed nor encrypted.
    None,
    /// Signed.
    Sign,
    /// Signed and encrypted: the default of contracts.
    #[default]
    EncryptAndSign,
}

impl ProtectionLevel {
    /// Whether the part is signed.
    pub fn signs(self) -> bool {
        self != ProtectionLevel::None
    }

    /// Whether the part is encrypted.
    pub fn encrypts(self) -> bool {
        self == ProtectionLevel::EncryptAndSign
    }

    /// For a sentence: "the body is …".
    pub(crate) fn words(self) -> &'static str {
        match self {
            ProtectionLevel::None => "neither signed nor encrypted",
            ProtectionLevel::Sign => "signed only",
            ProtectionLevel::EncryptAndSign => "signed and encrypted",
        }
    }
}

/// A header that a contract declares, with its level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderProtection {
    /// The header's namespace.
    pub namespace: Box<str>,
    /// The header's local name.
    pub local: Box<str>,
    /// Its level.
    pub level: ProtectionLevel,
}

/// What is protected in the messages of one action. Addressing and reliable-messaging headers need
/// no mention: they are signed whenever present.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageProtection {
    /// The level of the body (its content is encrypted, the `Body` element signed).
    pub body: ProtectionLevel,
    /// The headers of the contract.
    pub headers: Vec<HeaderProtection>,
}

impl MessageProtection {
    /// A message whose body has this level and that has no headers of its own.
    pub const fn body(level: ProtectionLevel) -> Self {
        Self { body: level, headers: Vec::new() }
    }

    /// Raises the level of each part to the one that `other` has, where that is higher.
    fn raise(&mut self, other: MessageProtection) {
        self.body = self.body.max(other.body);
        for header in other.headers {
            let same = |h: &&mut HeaderProtection| {
                h.local == header.local && h.namespace == header.namespace
            };
            match self.headers.iter_mut().find(same) {
                Some(known) => known.level = known.level.max(header.level),
                None => self.headers.push(header),
            }
        }
    }

    /// The level of the header `{namespace}local`: signed for addressing and reliable-messaging
    /// headers, the contract's for its own, `None` for every other.
    pub fn header(&self, namespace: &str, local: &str) -> ProtectionLevel {
        if is_infrastructure_header(namespace, local) {
            return ProtectionLevel::Sign;
        }
        self.headers
            .iter()
            .find(|h| &*h.local == local && &*h.namespace == namespace)
            .map_or(ProtectionLevel::None, |h| h.level)
    }
}

/// Whether a message is a request (or one-way message) to the service, or a reply from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the initiator to the service; the initiator's answers to callbacks, too.
    Request,
    /// From the service to the initiator, faults included; callbacks, too.
    Reply,
}

/// The protection of every action that an endpoint sends and receives.
///
/// An action that is not in here is refused: a peer must not choose its own protection by naming an
/// unforeseen action. Reliable-messaging and trust actions are added by
/// [`ProtectionRequirements::for_session`] and [`ProtectionRequirements::for_bootstrap`].
///
/// Clones share what they know until one of them is changed: thousands of sessions of one endpoint have it once.
#[derive(Debug, Clone, Default)]
pub struct ProtectionRequirements(Arc<Tables>);

#[derive(Debug, Clone, Default)]
struct Tables {
    requests: ActionMap,
    replies: ActionMap,
    /// The action of the reply to each request.
    answers: FxHashMap<Box<str>, Box<str>>,
}

/// By the actions of contracts and of the protocols, which no peer chooses: no one makes them collide.
#[derive(Debug, Clone, Default)]
struct ActionMap {
    actions: FxHashMap<Box<str>, MessageProtection>,
    wildcard: Option<MessageProtection>,
}

impl ActionMap {
    fn find(&self, action: &str) -> Option<&MessageProtection> {
        self.actions.get(action).or(self.wildcard.as_ref())
    }
}

impl ProtectionRequirements {
    /// Requirements that know no action at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of a session or of direct application messages: reliable-messaging actions and the
    /// cancellation of the session are signed, the infrastructure's fault actions signed and encrypted.
    pub fn for_session() -> Self {
        static MADE: OnceLock<ProtectionRequirements> = OnceLock::new();
        MADE.get_or_init(Self::of_session).clone()
    }

    fn of_session() -> Self {
        let mut this = Self::new();
        for action in SIGNED_ACTIONS {
            this.set_both(action, ProtectionLevel::Sign);
        }
        for action in FAULT_ACTIONS {
            this.set(Direction::Reply, *action, MessageProtection::default());
        }
        this
    }

    /// The same without the actions of reliable messaging: an endpoint that has no reliable session must not know
    /// them, or it would hand a CreateSequence up.
    pub fn for_session_without_reliable_messaging() -> Self {
        let mut this = Self::for_session();
        let tables = this.tables_mut();
        for map in [&mut tables.requests, &mut tables.replies] {
            map.actions.retain(|action, _| !RELIABLE.iter().any(|rm| action.starts_with(rm)));
        }
        this
    }

    /// Those of a bootstrap: the messages that issue and renew a session, signed and encrypted.
    pub fn for_bootstrap() -> Self {
        static MADE: OnceLock<ProtectionRequirements> = OnceLock::new();
        MADE.get_or_init(Self::of_bootstrap).clone()
    }

    fn of_bootstrap() -> Self {
        let mut this = Self::new();
        for (request, reply) in ISSUE_ACTIONS {
            this.set(Direction::Request, *request, MessageProtection::default());
            this.set(Direction::Reply, *reply, MessageProtection::default());
        }
        for action in FAULT_ACTIONS {
            this.set(Direction::Reply, *action, MessageProtection::default());
        }
        this
    }

    /// Sets what is protected in the messages of `action` in that direction.
    pub fn set(
        &mut self,
        direction: Direction,
        action: impl Into<Box<str>>,
        protection: MessageProtection,
    ) -> &mut Self {
        self.map_mut(direction).actions.insert(action.into(), protection);
        self
    }

    /// The same for an action that several operations may have: each part gets the highest level that any of them asks
    /// for, as in WCF.
    pub fn raise(
        &mut self,
        direction: Direction,
        action: &str,
        protection: MessageProtection,
    ) -> &mut Self {
        match self.map_mut(direction).actions.get_mut(action) {
            Some(known) => known.raise(protection),
            None => {
                self.set(direction, action, protection);
            }
        }
        self
    }

    /// Adds an operation: its request and, unless it is one-way, its reply, with the same level.
    pub fn operation(
        &mut self,
        action: &str,
        reply_action: Option<&str>,
        level: ProtectionLevel,
    ) -> &mut Self {
        self.set(Direction::Request, action, MessageProtection::body(level));
        if let Some(reply) = reply_action {
            self.answer(action, reply);
            self.set(Direction::Reply, reply, MessageProtection::body(level));
        }
        self
    }

    /// Says that requests of the one action are answered with the other: a reply without addressing does not say its action.
    pub fn answer(&mut self, action: &str, reply_action: &str) -> &mut Self {
        self.tables_mut().answers.insert(action.into(), reply_action.into());
        self
    }

    /// The action of the reply to requests of an action.
    pub(crate) fn answer_to(&self, action: &str) -> Option<&str> {
        self.0.answers.get(action).map(|reply| &**reply)
    }

    /// Sets what is protected in messages of every action not named otherwise (a contract with the
    /// action `*`).
    pub fn wildcard(&mut self, direction: Direction, protection: MessageProtection) -> &mut Self {
        self.map_mut(direction).wildcard = Some(protection);
        self
    }

    /// Every request carries these headers, by namespace and local name, and they are signed: the reference parameters of
    /// the service's address.
    pub fn sign_in_requests<'a>(&mut self, headers: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let header = |(namespace, local): (&str, &str)| HeaderProtection {
            namespace: namespace.into(),
            local: local.into(),
            level: ProtectionLevel::Sign,
        };
        let headers: Vec<HeaderProtection> = headers.into_iter().map(header).collect();
        if headers.is_empty() {
            return;
        }
        let ActionMap { actions, wildcard } = &mut self.tables_mut().requests;
        for protection in actions.values_mut().chain(wildcard) {
            let body = protection.body;
            protection.raise(MessageProtection { body, headers: headers.clone() });
        }
    }

    /// A header that every message, requests and replies, has signed where it is there, whether a contract declares it or
    /// not.
    pub fn sign_header(&mut self, namespace: &str, local: &str) -> &mut Self {
        let header = HeaderProtection {
            namespace: namespace.into(),
            local: local.into(),
            level: ProtectionLevel::Sign,
        };
        let Tables { requests, replies, .. } = self.tables_mut();
        for ActionMap { actions, wildcard } in [requests, replies] {
            for protection in actions.values_mut().chain(wildcard) {
                let body = protection.body;
                protection.raise(MessageProtection { body, headers: vec![header.clone()] });
            }
        }
        self
    }

    /// The protection of a message, or `None` for an action that no contract names.
    pub fn find(&self, direction: Direction, action: &str) -> Option<&MessageProtection> {
        match direction {
            Direction::Request => self.0.requests.find(action),
            Direction::Reply => self.0.replies.find(action),
        }
    }

    /// Both ends call each other: the client sends faults of the infrastructure, too.
    pub(crate) fn faults_both_ways(&mut self) {
        let requests = &mut self.tables_mut().requests;
        for action in FAULT_ACTIONS {
            requests.actions.entry((*action).into()).or_default();
        }
    }

    fn set_both(&mut self, action: &str, level: ProtectionLevel) {
        self.set(Direction::Request, action, MessageProtection::body(level));
        self.set(Direction::Reply, action, MessageProtection::body(level));
    }

    fn map_mut(&mut self, direction: Direction) -> &mut ActionMap {
        match direction {
            Direction::Request => &mut self.tables_mut().requests,
            Direction::Reply => &mut self.tables_mut().replies,
        }
    }

    fn tables_mut(&mut self) -> &mut Tables {
        Arc::make_mut(&mut self.0)
    }
}

const ADDRESSING: [&str; 2] =
    ["http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing"];
const ADDRESSING_HEADERS: [&str; 7] =
    ["Action", "To", "From", "ReplyTo", "FaultTo", "MessageID", "RelatesTo"];
const RELIABLE: [&str; 2] =
    ["http://schemas.xmlsoap.org/ws/2005/02/rm", "http://docs.oasis-open.org/ws-rx/wsrm/200702"];
/// The one header of WS-ReliableMessaging that WCF leaves unsigned (SOAP 1.1 only). It says what kind of fault the body
/// is, which is signed and a fault with or without it.
const SEQUENCE_FAULT: &str = "SequenceFault";

/// Whether the header is one that must be signed whenever it is present: those of WS-Addressing that are read, and
/// everything of WS-ReliableMessaging (`UsesSequenceSSL` too, which WCF's rules forget), known or not.
pub fn is_infrastructure_header(namespace: &str, local: &str) -> bool {
    (ADDRESSING.contains(&namespace) && ADDRESSING_HEADERS.contains(&local))
        || (RELIABLE.contains(&namespace) && local != SEQUENCE_FAULT)
}

/// Whether a message is one of reliable messaging or of the security protocol, or has headers of reliable messaging: what it
/// says is acted upon below the application.
pub(crate) fn speaks_for_infrastructure(envelope: &Envelope) -> bool {
    let is_action = |action: &str| SIGNED_ACTIONS.contains(&action);
    envelope.headers().any(|header| {
        RELIABLE.contains(&header.namespace())
            || (is_addressing(header.namespace())
                && header.local_name() == "Action"
                && is_action(header.text().trim()))
    })
}

/// Whether the namespace is one of WS-Addressing.
pub(crate) fn is_addressing(namespace: &str) -> bool {
    ADDRESSING.contains(&namespace)
}

/// Messages of the infrastructure whose bodies are signed and not encrypted (WS-ReliableMessaging
/// February 2005 §3 and 1.1 §3, and the Cancel binding of WS-SecureConversation §5).
const SIGNED_ACTIONS: &[&str] = &[
    "http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequence",
    "http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequenceResponse",
    "http://schemas.xmlsoap.org/ws/2005/02/rm/TerminateSequence",
    "http://schemas.xmlsoap.org/ws/2005/02/rm/LastMessage",
    "http://schemas.xmlsoap.org/ws/2005/02/rm/SequenceAcknowledgement",
    "http://schemas.xmlsoap.org/ws/2005/02/rm/AckRequested",
    "http://schemas.xmlsoap.org/ws/2005/02/rm/fault",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/CreateSequence",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/CreateSequenceResponse",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/CloseSequence",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/CloseSequenceResponse",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/TerminateSequence",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/TerminateSequenceResponse",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/SequenceAcknowledgement",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/AckRequested",
    "http://docs.oasis-open.org/ws-rx/wsrm/200702/fault",
    "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Cancel",
    "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT/Cancel",
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT/Cancel",
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/SCT/Cancel",
];

const ISSUE_ACTIONS: &[(&str, &str)] = &[
    (
        "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT",
        "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT",
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Renew",
        "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT/Renew",
    ),
    (
        "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT",
        "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/SCT",
    ),
    (
        "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT/Renew",
        "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/SCT/Renew",
    ),
];

/// Actions of faults that the infrastructure makes; signed and encrypted like the contract's own.
const FAULT_ACTIONS: &[&str] = &[
    // Without addressing.
    "",
    "http://www.w3.org/2005/08/addressing/fault",
    "http://www.w3.org/2005/08/addressing/soap/fault",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault",
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher/fault",
    "http://schemas.microsoft.com/ws/2006/05/security/SecureConversationFault",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_address_are_signed_in_every_request() {
        let mut requirements = ProtectionRequirements::for_session();
        let header = HeaderProtection {
            namespace: "urn:t".into(),
            local: "Tenant".into(),
            level: ProtectionLevel::EncryptAndSign,
        };
        let own = MessageProtection { body: ProtectionLevel::None, headers: vec![header] };
        requirements.set(Direction::Request, "urn:own", own);
        requirements.operation("urn:op", Some("urn:reply"), ProtectionLevel::None);
        requirements.wildcard(Direction::Request, MessageProtection::body(ProtectionLevel::Sign));
        requirements.sign_in_requests([("urn:t", "Tenant"), ("", "Queue")]);
        let level = |direction, action: &str, header: (&str, &str)| {
            let found = requirements.find(direction, action).unwrap();
            (found.body, found.header(header.0, header.1))
        };
        use ProtectionLevel::{EncryptAndSign, None, Sign};
        let tenant = ("urn:t", "Tenant");
        assert_eq!(level(Direction::Request, "urn:op", tenant), (None, Sign));
        assert_eq!(level(Direction::Request, "urn:op", ("", "Queue")), (None, Sign));
        assert_eq!(level(Direction::Request, "urn:own", tenant), (None, EncryptAndSign));
        assert_eq!(level(Direction::Request, "urn:whatever", tenant), (Sign, Sign));
        assert_eq!(level(Direction::Request, SIGNED_ACTIONS[0], tenant), (Sign, Sign));
        assert_eq!(level(Direction::Reply, "urn:reply", tenant), (None, None));
    }
}
