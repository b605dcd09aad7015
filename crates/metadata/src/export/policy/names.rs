//! Namespaces of assertions, and the dialect that a stack speaks.

use waxwing_binding::{BindingElement, SecurityBindingElement, Stack};
use waxwing_binding::{MessageVersion, TransactionProtocol, TrustVersion};
use waxwing_soap::AddressingVersion;

use crate::location::At;
use crate::name::namespaces::{SP11, SP12, WSA10, WSA2004};
use crate::policy::{Assertion, Policy, PolicyItem, PolicyVersion};

pub(super) const DUPLEX: &str = "http://schemas.microsoft.com/net/2006/06/duplex";
pub(super) const ROUTING: &str = "http://schemas.microsoft.com/ws/2005/05/routing/policy";
pub(super) const MTOM: &str =
    "http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization";
pub(super) const BINARY: &str = "http://schemas.microsoft.com/ws/06/2004/mspolicy/netbinary1";
pub(super) const FRAMING: &str = "http://schemas.microsoft.com/ws/2006/05/framing/policy";
pub(super) const HTTP: &str = "http://schemas.microsoft.com/ws/06/2004/policy/http";
pub(super) const WSAP: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/policy";
pub(super) const RM10_POLICY: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm/policy";
pub(super) const RM11_POLICY: &str = "http://docs.oasis-open.org/ws-rx/wsrmp/200702";
pub(super) const RM11_MICROSOFT: &str = "http://schemas.microsoft.com/ws-rx/wsrmp/200702";
pub(super) const RM10: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm";
pub(super) const RM11: &str = "http://docs.oasis-open.org/ws-rx/wsrm/200702";
/// The namespace of the header that ties both directions of `wsDualHttpBinding` together.
pub(super) const CHANNEL: &str = "http://schemas.microsoft.com/ws/2005/02/duplex";

/// Which versions of WS-Policy and WS-SecurityPolicy are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) policy: PolicyVersion,
    /// Whether it is WS-SecurityPolicy 1.2.
    pub(super) is_sp12: bool,
    /// Writes the policy under which a security context is agreed on: a token holds a whole binding there.
    pub(super) bootstrap: fn(&Dialect, &Stack, &SecurityBindingElement) -> Assertion,
}

impl Dialect {
    /// Message security says the version. Where there is none, the transport element has a version of its own, which
    /// `ws2007HttpBinding` sets: its stack is known by its transactions.
    pub(super) fn of(
        stack: &Stack,
        policy: PolicyVersion,
        bootstrap: fn(&Dialect, &Stack, &SecurityBindingElement) -> Assertion,
    ) -> Self {
        let is_sp12 = match stack.security() {
            Some(element) => element.message_security_version.trust() == TrustVersion::Trust13,
            None => stack.elements.iter().any(|element| match element {
                BindingElement::TransactionFlow(flow) => {
                    flow.transaction_protocol == TransactionProtocol::WsAtomicTransaction11
                }
                _ => false,
            }),
        };
        Self { policy, is_sp12, bootstrap }
    }

    pub(super) fn namespace(self) -> &'static str {
        if self.is_sp12 { SP12 } else { SP11 }
    }

    /// An empty assertion of WS-SecurityPolicy.
    pub(super) fn sp(self, local: &str) -> Assertion {
        Assertion::new("sp", self.namespace(), local)
    }

    /// An assertion of WS-SecurityPolicy with a nested policy of these.
    pub(super) fn with(self, local: &str, nested: Vec<Assertion>) -> Assertion {
        self.nested(self.sp(local), nested)
    }

    /// The assertion with a nested policy, as WCF nests: without operators.
    pub(super) fn nested(self, mut assertion: Assertion, nested: Vec<Assertion>) -> Assertion {
        assertion.policy = Some(nested_policy(self.policy, nested));
        assertion
    }
}

/// A policy inside an assertion.
pub(super) fn nested_policy(version: PolicyVersion, nested: Vec<Assertion>) -> Policy {
    Policy {
        version,
        id: None,
        name: None,
        items: nested.into_iter().map(PolicyItem::Assertion).collect(),
        at: At::nowhere(),
    }
}

/// Whether the element says how the transport is secured (`ITransportTokenAssertionProvider`).
pub(super) fn has_transport_token(element: &BindingElement) -> bool {
    matches!(
        element,
        BindingElement::HttpsTransport(_)
            | BindingElement::SslStreamSecurity(_)
            | BindingElement::WindowsStreamSecurity(_)
    )
}

/// The namespace of the addressing headers; none without them.
pub(super) fn addressing_namespace(version: MessageVersion) -> Option<&'static str> {
    match version.versions()?.addressing {
        AddressingVersion::Addressing10 => Some(WSA10),
        AddressingVersion::August2004 => Some(WSA2004),
        AddressingVersion::None => None,
    }
}
