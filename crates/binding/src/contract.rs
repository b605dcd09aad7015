//! What a contract demands of the binding that it is offered over.
//!
//! A configuration file names contracts only; what they demand is known to the program. The
//! checks are those that WCF makes when the service host or channel factory opens.

use crate::SessionMode;
use crate::bindings::Binding;
use crate::effective::{EffectiveEndpoint, short_name};
use crate::refusal::{Refusal, refusal};
use crate::stack::BindingElement;

/// What a contract demands of its binding: the properties of `[ServiceContract]` and
/// `[DeliveryRequirements]` that WCF checks when an endpoint opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractRequirements {
    /// Name of the contract; texts quote it without its namespace.
    pub name: String,
    /// Whether the contract needs a session.
    pub session_mode: SessionMode,
    /// Whether the contract has a callback contract.
    pub duplex: bool,
    /// Whether messages must arrive in the order in which they were sent.
    pub ordered: bool,
}

impl ContractRequirements {
    /// A contract that demands nothing.
    pub fn named(name: impl Into<String>) -> ContractRequirements {
        ContractRequirements {
            name: name.into(),
            session_mode: SessionMode::Allowed,
            duplex: false,
            ordered: false,
        }
    }

    /// Sets whether the contract needs a session.
    #[must_use]
    pub fn session_mode(mut self, mode: SessionMode) -> ContractRequirements {
        self.session_mode = mode;
        self
    }

    /// Sets whether the contract has a callback contract.
    #[must_use]
    pub fn duplex(mut self, duplex: bool) -> ContractRequirements {
        self.duplex = duplex;
        self
    }

    /// Sets whether messages must arrive in order.
    #[must_use]
    pub fn ordered(mut self, ordered: bool) -> ContractRequirements {
        self.ordered = ordered;
        self
    }
}

impl EffectiveEndpoint {
    /// Whether the binding carries calls in both directions.
    pub fn is_duplex(&self) -> bool {
        self.channel_shape(true).is_duplex() || self.transport.scheme == "net.pipe"
    }

    /// Whether the binding delivers messages in the order in which they were sent.
    pub fn is_ordered(&self) -> bool {
        let reliable = self.reliable_session.as_ref();
        reliable.map_or_else(|| self.is_stream(), |session| session.ordered)
    }

    fn is_stream(&self) -> bool {
        self.stack.elements.iter().any(|e| matches!(e, BindingElement::TcpTransport(_)))
            || self.transport.scheme == "net.pipe"
    }

    /// What WCF would refuse about this endpoint because of its contract; empty for a good one.
    pub fn contract_refusals(&self, contract: &ContractRequirements) -> Vec<Refusal> {
        let mut found = Vec::new();
        let name = short_name(&contract.name);
        let binding = self.binding_type();
        let unsupported = |what: &str| {
            format!(
                "Contract requires {what}, but Binding '{binding}' doesn't support it or isn't \
                 configured properly to support it."
            )
        };
        if contract.duplex && !self.is_duplex() {
            found.push(refusal(
                "contract-needs-duplex",
                "",
                format!(
                    "{name} has a callback contract, but {} only answers calls",
                    self.section()
                ),
                unsupported("Duplex"),
                "use wsDualHttpBinding, netTcpBinding or netHttpBinding",
            ));
        }
        let sessionful = self.is_sessionful() || self.has_connection_session(contract.duplex);
        if contract.session_mode == SessionMode::Required && !sessionful {
            found.push(refusal(
                "contract-needs-session",
                "",
                format!(
                    "{name} needs a session, but this {} has neither a reliable session nor a \
                     secure conversation",
                    self.section()
                ),
                unsupported("Session"),
                "write <reliableSession enabled=\"true\" />, or mode=\"Message\" with \
                 establishSecurityContext=\"true\"",
            ));
        }
        if contract.ordered && !self.is_ordered() {
            found.push(refusal(
                "contract-needs-order",
                "reliableSession/@ordered",
                format!("{name} needs ordered delivery, but this {} gives none", self.section()),
                format!(
                    "The DeliveryRequirementsAttribute on contract '{name}' specifies a \
                     QueuedDeliveryRequirements value of NotAllowed.  However, the configured \
                     binding for this contract specifies that it does support queued delivery.  A \
                     queued binding may not be used with this contract."
                ),
                "write <reliableSession enabled=\"true\" ordered=\"true\" />",
            ));
        }
        found
    }

    fn section(&self) -> &str {
        &self.binding_section
    }

    fn binding_type(&self) -> &'static str {
        Binding::default_of(&self.binding_section).map_or("Binding", |b| b.type_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientCredentials, NetTcpBinding, SecurityMode, WsDualHttpBinding, WsHttpBinding};

    fn codes(binding: impl Into<Binding>, contract: &ContractRequirements) -> Vec<&'static str> {
        let credentials = ClientCredentials::default();
        let endpoint =
            EffectiveEndpoint::client(&binding.into(), "A.IDuplex", "http://h/", None, credentials)
                .expect("a good binding");
        endpoint.contract_refusals(contract).iter().map(|r| r.code).collect()
    }

    #[test]
    fn callbacks_need_a_way_back() {
        let contract = ContractRequirements::named("A.IDuplex").duplex(true);
        assert_eq!(codes(WsHttpBinding::default(), &contract), ["contract-needs-duplex"]);
        assert_eq!(codes(WsDualHttpBinding::default(), &contract), [""; 0]);
        assert_eq!(codes(NetTcpBinding::default(), &contract), [""; 0]);
    }

    /// Without a reliable session a connection of TCP is one; streams are not, and call nobody back.
    #[test]
    fn a_connection_is_a_session_unless_it_streams() {
        let contract = ContractRequirements::named("A.IDuplex")
            .duplex(true)
            .session_mode(SessionMode::Required);
        let tcp = NetTcpBinding::new(SecurityMode::None, false);
        assert_eq!(codes(tcp.clone(), &contract), [""; 0]);
        let streamed = tcp.transfer_mode(crate::TransferMode::Streamed);
        assert_eq!(codes(streamed, &contract), ["contract-needs-duplex", "contract-needs-session"]);
        // A contract with callbacks brings the WebSocket about.
        assert_eq!(codes(crate::NetHttpBinding::default(), &contract), [""; 0]);
        let plain = ContractRequirements::named("A.I").session_mode(SessionMode::Required);
        assert_eq!(codes(crate::NetHttpBinding::default(), &plain), ["contract-needs-session"]);
    }

    #[test]
    fn order_and_session_come_from_the_reliable_session() {
        let contract =
            ContractRequirements::named("A.I").session_mode(SessionMode::Required).ordered(true);
        let plain = WsHttpBinding::new(SecurityMode::None, false);
        assert_eq!(codes(plain, &contract), ["contract-needs-session", "contract-needs-order"]);
        assert_eq!(codes(WsHttpBinding::new(SecurityMode::None, true), &contract), [""; 0]);
        assert_eq!(codes(NetTcpBinding::default(), &contract), [""; 0]);
    }
}
