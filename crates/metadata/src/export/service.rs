//! What the exporter is told of a service.

use std::sync::Arc;

use waxwing_binding::{ProtectionLevel, Stack};
use waxwing_xml::Document;

use super::policy::MessageParts;
use crate::name::QName;
use crate::policy::PolicyVersion;
use crate::schema::Schema;
use crate::wsdl::Part;

/// A service.
#[derive(Clone, Debug)]
pub struct ServiceExport {
    /// The name of `wsdl:service`.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Documentation of the service.
    pub documentation: Option<String>,
    /// Its endpoints, in order; those of metadata are not among them.
    pub endpoints: Vec<EndpointExport>,
    /// The schemas of all messages, one for each namespace, in the order in which they are numbered.
    pub schemas: Vec<Schema>,
    /// In which version policies are written.
    pub version: PolicyVersion,
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct EndpointExport {
    /// The name of the port, and of its binding: `WSHttpBinding_ICalculator`. Names that are there already get a number.
    pub name: String,
    /// The namespace of the binding (`Binding.Namespace`), `http://tempuri.org/` when nobody says otherwise.
    pub binding_namespace: String,
    /// Where clients find it (URI).
    pub address: String,
    /// Elements that every message to it has as headers (WS-Addressing 1.0 §2.1, reference parameters), each a document.
    pub reference_parameters: Vec<Document>,
    /// Who it is.
    pub identity: Option<IdentityExport>,
    /// Headers that every message must sign, although no contract has them.
    pub signed_headers: Vec<QName>,
    /// What its binding builds.
    pub stack: Stack,
    /// Its contract.
    pub contract: Arc<ContractExport>,
}

/// Who a service is, as clients are to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityExport {
    /// A name of the Domain Name System.
    Dns(String),
    /// A user principal name.
    Upn(String),
    /// A service principal name.
    Spn(String),
    /// Certificates in DER; the first is the service's.
    Certificates(Vec<Vec<u8>>),
    /// A public key of RSA: modulus and exponent, in base64.
    Rsa(String, String),
}

/// A contract.
#[derive(Clone, Debug)]
pub struct ContractExport {
    /// The name of the port type, in the contract's namespace.
    pub name: QName,
    /// `SessionMode`: true for Required, false for NotAllowed.
    pub using_session: Option<bool>,
    /// Operations, in order.
    pub operations: Vec<OperationExport>,
    /// Documentation of the contract.
    pub documentation: Option<String>,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct OperationExport {
    /// Its name.
    pub name: String,
    /// Whether the service calls its client.
    pub is_callback: bool,
    /// What is sent first.
    pub request: MessageExport,
    /// What is answered; none of an operation that nothing answers.
    pub reply: Option<MessageExport>,
    /// Faults, in order.
    pub faults: Vec<FaultExport>,
    /// Whether it may be the first of a session; told where the contract requires one.
    pub is_initiating: bool,
    /// Whether it is the last of its session.
    pub is_terminating: bool,
    /// Documentation of the operation.
    pub documentation: Option<String>,
}

/// A message.
#[derive(Clone, Debug)]
pub struct MessageExport {
    /// The name of a message contract; others are called after their operation.
    pub name: Option<String>,
    /// The action; none when it is another one each time.
    pub action: Option<String>,
    /// Parts of the body.
    pub parts: Vec<Part>,
    /// Headers, in order.
    pub headers: Vec<HeaderExport>,
    /// How the body is protected where the binding protects messages.
    pub level: ProtectionLevel,
}

/// A header of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderExport {
    /// The global element.
    pub element: QName,
    /// How it is protected.
    pub level: ProtectionLevel,
}

/// A fault that an operation declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultExport {
    /// Its name: that of the detail's type with `Fault` (`MathFaultFault`).
    pub name: String,
    /// The action.
    pub action: String,
    /// The global element of the detail.
    pub element: QName,
    /// How its body is protected.
    pub level: ProtectionLevel,
}

impl ContractExport {
    /// Whether any message of it is to be encrypted in part.
    pub fn encrypts(&self) -> bool {
        self.operations.iter().any(|operation| {
            let messages = std::iter::once(&operation.request).chain(&operation.reply);
            let faults = operation.faults.iter().map(|fault| fault.level);
            messages.into_iter().any(|message| message.protection().encrypts())
                || faults.into_iter().any(|level| level == ProtectionLevel::EncryptAndSign)
        })
    }
}

impl MessageExport {
    /// How its parts are protected.
    pub fn protection(&self) -> MessageParts {
        let headers = self.headers.iter().map(|header| (header.element.clone(), header.level));
        MessageParts { body: self.level, headers: headers.collect() }
    }
}
