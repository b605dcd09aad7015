//! The two protocol versions and their names (WS-ReliableMessaging February 2005; OASIS WS-ReliableMessaging 1.1/1.2).

use waxwing_soap::AddressingVersion;

/// A version of WS-ReliableMessaging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReliableMessagingVersion {
    /// WS-ReliableMessaging of February 2005, WCF's default ("1.0").
    February2005,
    /// WS-ReliableMessaging 1.1 (OASIS, namespace 200702), `ws2007HttpBinding`'s.
    V11,
}

/// The namespace of WCF's flow-control extension, the same for both versions.
pub const NETRM_NAMESPACE: &str = "http://schemas.microsoft.com/ws/2006/05/rm";

/// Local names of the protocol's actions. The action is the namespace, `/` and the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// `CreateSequence`.
    CreateSequence,
    /// `CreateSequenceResponse`.
    CreateSequenceResponse,
    /// `SequenceAcknowledgement`, alone with an empty body.
    SequenceAcknowledgement,
    /// `AckRequested`, alone with an empty body.
    AckRequested,
    /// `LastMessage` (2005): the empty sequence message that ends a sequence.
    LastMessage,
    /// `CloseSequence` (1.1).
    CloseSequence,
    /// `CloseSequenceResponse` (1.1).
    CloseSequenceResponse,
    /// `TerminateSequence`.
    TerminateSequence,
    /// `TerminateSequenceResponse` (1.1).
    TerminateSequenceResponse,
}

impl Action {
    const ALL: [Self; 9] = [
        Self::CreateSequence,
        Self::CreateSequenceResponse,
        Self::SequenceAcknowledgement,
        Self::AckRequested,
        Self::LastMessage,
        Self::CloseSequence,
        Self::CloseSequenceResponse,
        Self::TerminateSequence,
        Self::TerminateSequenceResponse,
    ];

    /// The last segment of the action URI.
    pub const fn local_name(self) -> &'static str {
        match self {
            Self::CreateSequence => "CreateSequence",
            Self::CreateSequenceResponse => "CreateSequenceResponse",
            Self::SequenceAcknowledgement => "SequenceAcknowledgement",
            Self::AckRequested => "AckRequested",
            Self::LastMessage => "LastMessage",
            Self::CloseSequence => "CloseSequence",
            Self::CloseSequenceResponse => "CloseSequenceResponse",
            Self::TerminateSequence => "TerminateSequence",
            Self::TerminateSequenceResponse => "TerminateSequenceResponse",
        }
    }

    /// The whole URI.
    pub fn uri(self, version: ReliableMessagingVersion) -> String {
        [version.namespace(), "/", self.local_name()].concat()
    }

    /// The action of a URI. None when it is none of this version's.
    pub fn of(uri: &str, version: ReliableMessagingVersion) -> Option<Self> {
        let local = uri.strip_prefix(version.namespace())?.strip_prefix('/')?;
        Self::ALL.into_iter().find(|a| a.local_name() == local && a.exists_in(version))
    }

    /// Whether the version has it.
    pub const fn exists_in(self, version: ReliableMessagingVersion) -> bool {
        match self {
            Self::LastMessage => matches!(version, ReliableMessagingVersion::February2005),
            Self::CloseSequence | Self::CloseSequenceResponse | Self::TerminateSequenceResponse => {
                matches!(version, ReliableMessagingVersion::V11)
            }
            _ => true,
        }
    }
}

impl ReliableMessagingVersion {
    /// The namespace of headers and bodies.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::February2005 => "http://schemas.xmlsoap.org/ws/2005/02/rm",
            Self::V11 => "http://docs.oasis-open.org/ws-rx/wsrm/200702",
        }
    }

    /// The action of the version's faults: 2005 uses the default of WS-Addressing, 1.1 has its own.
    pub const fn fault_action(self, addressing: AddressingVersion) -> &'static str {
        match self {
            Self::February2005 => addressing.default_fault_action(),
            Self::V11 => "http://docs.oasis-open.org/ws-rx/wsrm/200702/fault",
        }
    }

    /// Whether an action belongs to the version: WCF's test, a plain prefix comparison.
    pub fn owns_action(self, action: &str) -> bool {
        action.starts_with(self.namespace())
    }
}
