//! The model of WSDL 1.1 documents (WSDL 1.1 §2, SOAP bindings §3), the same for reading and writing.

use waxwing_xml::Document;

use crate::location::{At, Location};
use crate::name::QName;
use crate::policy::{Attached, Policy};
use crate::schema::Schema;

/// `wsdl:definitions`.
#[derive(Clone, Debug)]
pub struct Definitions {
    /// Where: the document and its root.
    pub at: At,
    /// `name`.
    pub name: Option<String>,
    /// `targetNamespace`; empty for none.
    pub target_namespace: String,
    /// Policies that are children of the document.
    pub policies: Vec<Policy>,
    /// `wsdl:import`, in order.
    pub imports: Vec<WsdlImport>,
    /// Schemas of `wsdl:types`, in order.
    pub schemas: Vec<Schema>,
    /// Messages, in order.
    pub messages: Vec<Message>,
    /// Port types, in order.
    pub port_types: Vec<PortType>,
    /// Bindings, in order.
    pub bindings: Vec<Binding>,
    /// Services, in order.
    pub services: Vec<Service>,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
}

/// `wsdl:import`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WsdlImport {
    /// `namespace`.
    pub namespace: String,
    /// `location` as written.
    pub location: Option<String>,
    /// The absolute location that it was resolved to, when it was loaded.
    pub resolved: Option<Location>,
    /// Where.
    pub at: At,
}

/// `wsdl:message`.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its name in the target namespace.
    pub name: QName,
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// Policies.
    pub policies: Attached,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// `wsdl:part`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// `element` or `type`.
    pub content: PartContent,
    /// Where.
    pub at: At,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartContent {
    /// A global element.
    Element(QName),
    /// A type.
    Type(QName),
    /// Neither is written.
    None,
}

/// `wsdl:portType`.
#[derive(Clone, Debug)]
pub struct PortType {
    /// Its name in the target namespace.
    pub name: QName,
    /// Operations, in order.
    pub operations: Vec<PortTypeOperation>,
    /// `msc:usingSession`.
    pub using_session: Option<bool>,
    /// Policies.
    pub policies: Attached,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// An operation of a port type.
#[derive(Clone, Debug)]
pub struct PortTypeOperation {
    /// Its name.
    pub name: String,
    /// The messages, in document order: input then output is request-response, output then input is solicit-response.
    pub messages: Vec<OperationMessage>,
    /// Faults, in order.
    pub faults: Vec<OperationMessage>,
    /// `parameterOrder`.
    pub parameter_order: Vec<String>,
    /// `msc:isInitiating`.
    pub is_initiating: Option<bool>,
    /// `msc:isTerminating`.
    pub is_terminating: Option<bool>,
    /// Policies.
    pub policies: Attached,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// Which way a message goes, as the service sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `wsdl:input`: to the service.
    Input,
    /// `wsdl:output`: from the service.
    Output,
    /// `wsdl:fault`.
    Fault,
}

/// `wsdl:input`, `wsdl:output` or `wsdl:fault` of an operation of a port type.
#[derive(Clone, Debug)]
pub struct OperationMessage {
    /// Which of them.
    pub direction: Direction,
    /// `name`, as written.
    pub name: Option<String>,
    /// `message`.
    pub message: QName,
    /// `Action` of WS-Addressing, in any of its namespaces.
    pub action: Option<String>,
    /// Policies.
    pub policies: Attached,
    /// Where.
    pub at: At,
}

/// `wsdl:binding`.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its name in the target namespace.
    pub name: QName,
    /// `type`: the port type.
    pub port_type: QName,
    /// Which protocol.
    pub protocol: BindingProtocol,
    /// Operations, in order.
    pub operations: Vec<BindingOperation>,
    /// Policies.
    pub policies: Attached,
    /// Other extension elements.
    pub extensions: Vec<Extension>,
    /// Where.
    pub at: At,
}

/// What a binding is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindingProtocol {
    /// `soap:binding` or `soap12:binding`.
    Soap {
        /// SOAP 1.1 or 1.2, by the namespace.
        version: waxwing_soap::SoapVersion,
        /// `transport` as written.
        transport: String,
        /// `style`, when written.
        style: Option<Style>,
    },
    /// `http:binding`, or nothing that is known: not SOAP.
    NotSoap(String),
}

/// `style` of SOAP bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// `document`.
    Document,
    /// `rpc`.
    Rpc,
}

/// `use` of SOAP bodies and headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Use {
    /// `literal`.
    #[default]
    Literal,
    /// `encoded`.
    Encoded,
}

/// An operation of a binding.
#[derive(Clone, Debug)]
pub struct BindingOperation {
    /// Its name.
    pub name: String,
    /// `soapAction`, when written.
    pub soap_action: Option<String>,
    /// `style` of the operation, when written.
    pub style: Option<Style>,
    /// `wsdl:input`.
    pub input: Option<BindingMessage>,
    /// `wsdl:output`.
    pub output: Option<BindingMessage>,
    /// Faults.
    pub faults: Vec<BindingFault>,
    /// Policies.
    pub policies: Attached,
    /// Other extension elements.
    pub extensions: Vec<Extension>,
    /// Where.
    pub at: At,
}

/// `wsdl:input` or `wsdl:output` of a binding.
#[derive(Clone, Debug)]
pub struct BindingMessage {
    /// `name`, as written.
    pub name: Option<String>,
    /// `soap:body`; also inside `mime:multipartRelated`.
    pub body: Option<SoapBody>,
    /// `soap:header`, in order.
    pub headers: Vec<SoapHeader>,
    /// Policies.
    pub policies: Attached,
    /// Other extension elements, as parts of MIME.
    pub extensions: Vec<Extension>,
    /// Where.
    pub at: At,
}

/// `soap:body`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapBody {
    /// `use`.
    pub usage: Use,
    /// `namespace`, of the wrapper of rpc.
    pub namespace: Option<String>,
    /// `parts`, when written.
    pub parts: Option<Vec<String>>,
    /// `encodingStyle`.
    pub encoding_style: Option<String>,
    /// Where.
    pub at: At,
}

/// `soap:header`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapHeader {
    /// `message`.
    pub message: QName,
    /// `part`.
    pub part: String,
    /// `use`.
    pub usage: Use,
    /// `namespace`.
    pub namespace: Option<String>,
    /// Where.
    pub at: At,
}

/// `wsdl:fault` of a binding.
#[derive(Clone, Debug)]
pub struct BindingFault {
    /// `name`.
    pub name: String,
    /// `use` of `soap:fault`.
    pub usage: Use,
    /// Policies.
    pub policies: Attached,
    /// Where.
    pub at: At,
}

/// `wsdl:service`.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name in the target namespace.
    pub name: QName,
    /// Ports, in order.
    pub ports: Vec<Port>,
    /// Policies.
    pub policies: Attached,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// `wsdl:port`.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// `binding`.
    pub binding: QName,
    /// `location` of `soap:address`.
    pub address: Option<String>,
    /// SOAP 1.1 or 1.2, by the namespace of `soap:address`.
    pub soap_version: Option<waxwing_soap::SoapVersion>,
    /// `wsa:EndpointReference` in the port, of WS-Addressing 1.0 or of August 2004, a document of its own.
    pub endpoint_reference: Option<Document>,
    /// Policies.
    pub policies: Attached,
    /// Other extension elements.
    pub extensions: Vec<Extension>,
    /// `wsdl:documentation`.
    pub documentation: Option<String>,
    /// Where.
    pub at: At,
}

/// An extension element that the model has no field for.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The element with all that is inside.
    pub element: Document,
    /// `wsdl:required="true"`.
    pub required: bool,
    /// Where.
    pub at: At,
}
