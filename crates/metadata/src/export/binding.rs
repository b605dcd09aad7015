//! Bindings with their policies (`WsdlExporter.ExportEndpoint`).

use waxwing_binding::{BindingElement, ProtectionLevel, Stack, WebSocketTransportUsage};
use waxwing_soap::SoapVersion;

use super::policy::{MessageParts, binding_policy, message_policy};
use super::port_type::{Role, direction, headers_name, message_name, messages};
use super::service::{ContractExport, MessageExport, OperationExport};
use crate::location::At;
use crate::name::QName;
use crate::policy::{Attached, Policy, PolicyReference, PolicyVersion};
use crate::wsdl::{
    Binding, BindingFault, BindingMessage, BindingOperation, BindingProtocol, Direction, SoapBody,
    SoapHeader, Style, Use,
};

/// The binding of a contract, and the policies that it refers to.
pub(super) struct Exporter<'a> {
    pub(super) name: QName,
    pub(super) contract: &'a ContractExport,
    pub(super) stack: &'a Stack,
    pub(super) version: PolicyVersion,
    /// Headers that every message must sign, although no contract has them.
    pub(super) signed_headers: &'a [QName],
    /// In the order in which WCF writes them.
    pub(super) policies: Vec<Policy>,
}

impl Exporter<'_> {
    pub(super) fn export(&mut self) -> Binding {
        let id = format!("{}_policy", self.name.local);
        let encrypts = self.contract.encrypts();
        let of_binding = binding_policy(self.stack, self.version, &id, encrypts);
        let policies = self.attach(of_binding);
        let operations = self.contract.operations.iter().map(|o| self.operation(o)).collect();
        Binding {
            name: self.name.clone(),
            port_type: self.contract.name.clone(),
            protocol: BindingProtocol::Soap {
                version: soap_version(self.stack),
                transport: transport_uri(self.stack).to_owned(),
                style: None,
            },
            operations,
            policies,
            extensions: Vec::new(),
            at: At::nowhere(),
        }
    }

    fn attach(&mut self, policy: Option<Policy>) -> Attached {
        let mut attached = Attached::default();
        if let Some(policy) = policy {
            let uri = format!("#{}", policy.id.as_deref().unwrap_or_default());
            attached.references.push(PolicyReference { uri, at: At::nowhere() });
            self.policies.push(policy);
        }
        attached
    }

    fn operation(&mut self, operation: &OperationExport) -> BindingOperation {
        let (mut input, mut output) = (None, None);
        for (role, message) in messages(operation) {
            let written = self.message(operation, role, message);
            match direction(operation, role) {
                Direction::Input => input = Some(written),
                _ => output = Some(written),
            }
        }
        let faults = operation.faults.iter().map(|fault| {
            let id = format!("{}_{}_{}_Fault", self.name.local, operation.name, fault.name);
            let parts = MessageParts::body(fault.level);
            let policy = message_policy(self.stack, self.version, &id, &parts);
            BindingFault {
                name: fault.name.clone(),
                usage: Use::Literal,
                policies: self.attach(policy),
                at: At::nowhere(),
            }
        });
        let faults = faults.collect();
        BindingOperation {
            name: operation.name.clone(),
            soap_action: operation.request.action.clone(),
            style: Some(Style::Document),
            input,
            output,
            faults,
            policies: Attached::default(),
            extensions: Vec::new(),
            at: At::nowhere(),
        }
    }

    fn protection(&self, message: &MessageExport) -> MessageParts {
        let mut parts = message.protection();
        let own = |name: &QName| message.headers.iter().any(|header| header.element == *name);
        let further = self.signed_headers.iter().filter(|name| !own(name));
        parts.headers.extend(further.map(|name| (name.clone(), ProtectionLevel::Sign)));
        parts
    }

    fn message(
        &mut self,
        operation: &OperationExport,
        role: Role,
        message: &MessageExport,
    ) -> BindingMessage {
        // WCF writes a capital letter here and none there.
        let part = match direction(operation, role) {
            Direction::Input => "Input",
            _ => "output",
        };
        let id = format!("{}_{}_{part}_policy", self.name.local, operation.name);
        let policy = message_policy(self.stack, self.version, &id, &self.protection(message));
        let name = message_name(self.contract, operation, role, message);
        let headers = message.headers.iter().map(|header| SoapHeader {
            message: headers_name(&name),
            part: header.element.local.to_string(),
            usage: Use::Literal,
            namespace: None,
            at: At::nowhere(),
        });
        BindingMessage {
            name: message.name.clone(),
            body: Some(SoapBody {
                usage: Use::Literal,
                namespace: None,
                parts: None,
                encoding_style: None,
                at: At::nowhere(),
            }),
            headers: headers.collect(),
            policies: self.attach(policy),
            extensions: Vec::new(),
            at: At::nowhere(),
        }
    }
}

pub(super) fn soap_version(stack: &Stack) -> SoapVersion {
    stack.message_version().versions().map_or(SoapVersion::Soap11, |versions| versions.soap)
}

/// `transport` of the binding.
fn transport_uri(stack: &Stack) -> &'static str {
    let sockets = stack.http().is_some_and(|http| {
        http.web_socket_settings.transport_usage == WebSocketTransportUsage::Always
    });
    if sockets {
        return "http://schemas.microsoft.com/soap/websocket";
    }
    let tcp = |element: &BindingElement| matches!(element, BindingElement::TcpTransport(_));
    match stack.scheme() {
        _ if stack.elements.iter().any(tcp) => "http://schemas.microsoft.com/soap/tcp",
        "net.pipe" => "http://schemas.microsoft.com/soap/named-pipe",
        "net.msmq" => "http://schemas.microsoft.com/soap/msmq",
        _ => "http://schemas.xmlsoap.org/soap/http",
    }
}
