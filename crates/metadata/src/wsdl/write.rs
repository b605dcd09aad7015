//! Writing WSDL 1.1 documents, with the elements and in the order that WCF's exporter has.

use std::collections::BTreeMap;

use waxwing_soap::SoapVersion;
use waxwing_xml::{Document, Name, NodeId};

use super::model::*;
use crate::name::QName;
use crate::name::namespaces::*;
use crate::policy::{self, Attached, Policy, PolicyVersion};
use crate::schema::Schema;

/// Prefixes that WCF declares on every document.
const PREFIXES: &[(&str, &str)] = &[
    ("wsdl", WSDL),
    ("wsaw", WSAW),
    ("soapenc", "http://schemas.xmlsoap.org/soap/encoding/"),
    ("soap12", WSDL_SOAP12),
    ("msc", MSC),
    ("xsd", XSD),
    ("wsx", MEX),
    ("wsa10", WSA10),
    ("wsap", "http://schemas.xmlsoap.org/ws/2004/08/addressing/policy"),
    ("wsa", WSA2004),
    ("wsam", WSAM),
    ("wsu", WSU),
    ("soap", WSDL_SOAP11),
];

/// Writes a document. `version` is that of policy references, and decides in which namespace actions are written: `wsaw` with
/// WS-Policy 1.2, `wsam` with 1.5, as WCF does. `schema` writes a schema as the last child of an element.
pub fn write(
    definitions: &Definitions,
    version: PolicyVersion,
    schema: &mut dyn FnMut(&mut Document, NodeId, &Schema),
) -> Document {
    let mut document = Document::new(Name::new("wsdl", "definitions", WSDL));
    let root = document.root().id();
    let writer = Writer { prefixes: prefixes(definitions), version };
    if let Some(name) = &definitions.name {
        document.set_attribute(root, Name::local("name"), name);
    }
    if !definitions.target_namespace.is_empty() {
        document.set_attribute(root, Name::local("targetNamespace"), &definitions.target_namespace);
    }
    document.declare_namespace(root, "wsp", version.namespace());
    for (prefix, namespace) in PREFIXES {
        document.declare_namespace(root, prefix, namespace);
    }
    for (namespace, prefix) in &writer.prefixes {
        document.declare_namespace(root, prefix, namespace);
    }
    writer.documentation(&mut document, root, definitions.documentation.as_deref());
    for policy in &definitions.policies {
        policy::write(&mut document, root, policy);
    }
    for import in &definitions.imports {
        let element = writer.element(&mut document, root, "import");
        document.set_attribute(element, Name::local("namespace"), &import.namespace);
        // WCF writes an empty one where it gives no place: it is required by WSDL 1.1 §2.1.1.
        let location = import.location.as_deref().unwrap_or_default();
        document.set_attribute(element, Name::local("location"), location);
    }
    let types = writer.element(&mut document, root, "types");
    for own in &definitions.schemas {
        schema(&mut document, types, own);
    }
    definitions.messages.iter().for_each(|m| writer.message(&mut document, root, m));
    definitions.port_types.iter().for_each(|p| writer.port_type(&mut document, root, p));
    definitions.bindings.iter().for_each(|b| writer.binding(&mut document, root, b));
    definitions.services.iter().for_each(|s| writer.service(&mut document, root, s));
    document
}

/// A prefix for each namespace that a name refers to: `tns` for the document's own, `i0`, `i1`, … for the others.
fn prefixes(definitions: &Definitions) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    found.insert(definitions.target_namespace.clone(), "tns".to_owned());
    let known = |namespace: &str| PREFIXES.iter().find(|(_, known)| *known == namespace);
    let mut add = |namespace: &str| {
        if namespace.is_empty() || found.contains_key(namespace) {
            return;
        }
        let number = found.values().filter(|prefix| prefix.starts_with('i')).count();
        let prefix = match known(namespace) {
            Some((prefix, _)) => (*prefix).to_owned(),
            None => format!("i{number}"),
        };
        found.insert(namespace.to_owned(), prefix);
    };
    definitions.imports.iter().for_each(|import| add(&import.namespace));
    for part in definitions.messages.iter().flat_map(|message| &message.parts) {
        if let PartContent::Element(name) | PartContent::Type(name) = &part.content {
            add(&name.namespace);
        }
    }
    for operation in definitions.port_types.iter().flat_map(|port_type| &port_type.operations) {
        let messages = operation.messages.iter().chain(&operation.faults);
        messages.for_each(|message| add(&message.message.namespace));
    }
    for binding in &definitions.bindings {
        add(&binding.port_type.namespace);
        for operation in &binding.operations {
            let messages = operation.input.iter().chain(&operation.output);
            let headers = messages.flat_map(|message| &message.headers);
            headers.for_each(|header| add(&header.message.namespace));
        }
    }
    for port in definitions.services.iter().flat_map(|service| &service.ports) {
        add(&port.binding.namespace);
    }
    found.remove("");
    found
}

struct Writer {
    prefixes: BTreeMap<String, String>,
    version: PolicyVersion,
}

impl Writer {
    fn element(&self, document: &mut Document, parent: NodeId, local: &str) -> NodeId {
        document.append_element(parent, Name::new("wsdl", local, WSDL))
    }

    fn attribute(&self, document: &mut Document, element: NodeId, local: &str, value: &str) {
        document.set_attribute(element, Name::local(local), value);
    }

    fn optional(&self, document: &mut Document, element: NodeId, local: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.attribute(document, element, local, value);
        }
    }

    /// A name as the value of an attribute.
    fn reference(&self, document: &mut Document, element: NodeId, local: &str, name: &QName) {
        let value = match self.prefixes.get(&*name.namespace) {
            Some(prefix) => format!("{prefix}:{}", name.local),
            None => name.local.to_string(),
        };
        self.attribute(document, element, local, &value);
    }

    fn documentation(&self, document: &mut Document, parent: NodeId, text: Option<&str>) {
        if let Some(text) = text {
            document.append_text_element(parent, Name::new("wsdl", "documentation", WSDL), text);
        }
    }

    fn policies(&self, document: &mut Document, parent: NodeId, attached: &Attached) {
        for reference in &attached.references {
            policy::write_reference(document, parent, self.version.namespace(), &reference.uri);
        }
        let embedded: &[Policy] = &attached.embedded;
        embedded.iter().for_each(|own| policy::write(document, parent, own));
    }

    fn extensions(&self, document: &mut Document, parent: NodeId, extensions: &[Extension]) {
        for extension in extensions {
            let copy = document.import(parent, extension.element.root());
            if extension.required {
                document.set_attribute(copy, Name::new("wsdl", "required", WSDL), "true");
            }
        }
    }

    fn message(&self, document: &mut Document, root: NodeId, message: &Message) {
        let element = self.element(document, root, "message");
        self.attribute(document, element, "name", &message.name.local);
        self.documentation(document, element, message.documentation.as_deref());
        self.policies(document, element, &message.policies);
        for part in &message.parts {
            let child = self.element(document, element, "part");
            self.attribute(document, child, "name", &part.name);
            match &part.content {
                PartContent::Element(name) => self.reference(document, child, "element", name),
                PartContent::Type(name) => self.reference(document, child, "type", name),
                PartContent::None => {}
            }
        }
    }

    fn port_type(&self, document: &mut Document, root: NodeId, port_type: &PortType) {
        let element = self.element(document, root, "portType");
        self.session(document, element, "usingSession", port_type.using_session);
        self.attribute(document, element, "name", &port_type.name.local);
        self.documentation(document, element, port_type.documentation.as_deref());
        self.policies(document, element, &port_type.policies);
        for operation in &port_type.operations {
            let child = self.element(document, element, "operation");
            self.session(document, child, "isInitiating", operation.is_initiating);
            self.session(document, child, "isTerminating", operation.is_terminating);
            self.attribute(document, child, "name", &operation.name);
            if !operation.parameter_order.is_empty() {
                let order = operation.parameter_order.join(" ");
                self.attribute(document, child, "parameterOrder", &order);
            }
            self.documentation(document, child, operation.documentation.as_deref());
            self.policies(document, child, &operation.policies);
            for message in operation.messages.iter().chain(&operation.faults) {
                self.operation_message(document, child, message);
            }
        }
    }

    fn session(&self, document: &mut Document, element: NodeId, local: &str, value: Option<bool>) {
        if let Some(value) = value {
            document.set_attribute(element, Name::new("msc", local, MSC), &value.to_string());
        }
    }

    fn operation_message(
        &self,
        document: &mut Document,
        parent: NodeId,
        message: &OperationMessage,
    ) {
        let local = match message.direction {
            Direction::Input => "input",
            Direction::Output => "output",
            Direction::Fault => "fault",
        };
        let element = self.element(document, parent, local);
        if let Some(action) = &message.action {
            let name = match self.version {
                PolicyVersion::Policy12 => Name::new("wsaw", "Action", WSAW),
                PolicyVersion::Policy15 | PolicyVersion::Draft => Name::new("wsam", "Action", WSAM),
            };
            document.set_attribute(element, name, action);
        }
        self.optional(document, element, "name", message.name.as_deref());
        self.reference(document, element, "message", &message.message);
        self.policies(document, element, &message.policies);
    }

    fn binding(&self, document: &mut Document, root: NodeId, binding: &Binding) {
        let element = self.element(document, root, "binding");
        self.attribute(document, element, "name", &binding.name.local);
        self.reference(document, element, "type", &binding.port_type);
        self.policies(document, element, &binding.policies);
        let BindingProtocol::Soap { version, transport, style } = &binding.protocol else {
            return self.extensions(document, element, &binding.extensions);
        };
        let soap = Soap::of(*version);
        let child = soap.element(document, element, "binding");
        self.attribute(document, child, "transport", transport);
        self.style(document, child, *style);
        self.extensions(document, element, &binding.extensions);
        for operation in &binding.operations {
            self.binding_operation(document, element, &soap, operation);
        }
    }

    fn style(&self, document: &mut Document, element: NodeId, style: Option<Style>) {
        let style = style.map(|style| match style {
            Style::Document => "document",
            Style::Rpc => "rpc",
        });
        self.optional(document, element, "style", style);
    }

    fn binding_operation(
        &self,
        document: &mut Document,
        parent: NodeId,
        soap: &Soap,
        operation: &BindingOperation,
    ) {
        let element = self.element(document, parent, "operation");
        self.attribute(document, element, "name", &operation.name);
        self.policies(document, element, &operation.policies);
        let child = soap.element(document, element, "operation");
        self.optional(document, child, "soapAction", operation.soap_action.as_deref());
        self.style(document, child, operation.style);
        self.extensions(document, element, &operation.extensions);
        for (local, message) in [("input", &operation.input), ("output", &operation.output)] {
            if let Some(message) = message {
                self.binding_message(document, element, soap, local, message);
            }
        }
        for fault in &operation.faults {
            let child = self.element(document, element, "fault");
            self.attribute(document, child, "name", &fault.name);
            self.policies(document, child, &fault.policies);
            let inner = soap.element(document, child, "fault");
            self.attribute(document, inner, "name", &fault.name);
            self.attribute(document, inner, "use", usage(fault.usage));
        }
    }

    fn binding_message(
        &self,
        document: &mut Document,
        parent: NodeId,
        soap: &Soap,
        local: &str,
        message: &BindingMessage,
    ) {
        let element = self.element(document, parent, local);
        self.optional(document, element, "name", message.name.as_deref());
        self.policies(document, element, &message.policies);
        for header in &message.headers {
            let child = soap.element(document, element, "header");
            self.reference(document, child, "message", &header.message);
            self.attribute(document, child, "part", &header.part);
            self.attribute(document, child, "use", usage(header.usage));
            self.optional(document, child, "namespace", header.namespace.as_deref());
        }
        if let Some(body) = &message.body {
            let child = soap.element(document, element, "body");
            let parts = body.parts.as_ref().map(|parts| parts.join(" "));
            self.optional(document, child, "parts", parts.as_deref());
            self.attribute(document, child, "use", usage(body.usage));
            self.optional(document, child, "encodingStyle", body.encoding_style.as_deref());
            self.optional(document, child, "namespace", body.namespace.as_deref());
        }
        self.extensions(document, element, &message.extensions);
    }

    fn service(&self, document: &mut Document, root: NodeId, service: &Service) {
        let element = self.element(document, root, "service");
        self.attribute(document, element, "name", &service.name.local);
        self.documentation(document, element, service.documentation.as_deref());
        self.policies(document, element, &service.policies);
        for port in &service.ports {
            let child = self.element(document, element, "port");
            self.attribute(document, child, "name", &port.name);
            self.reference(document, child, "binding", &port.binding);
            self.documentation(document, child, port.documentation.as_deref());
            self.policies(document, child, &port.policies);
            if let Some(address) = &port.address {
                let soap = Soap::of(port.soap_version.unwrap_or(SoapVersion::Soap11));
                let location = soap.element(document, child, "address");
                self.attribute(document, location, "location", address);
            }
            if let Some(reference) = &port.endpoint_reference {
                document.import(child, reference.root());
            }
            self.extensions(document, child, &port.extensions);
        }
    }
}

fn usage(usage: Use) -> &'static str {
    match usage {
        Use::Literal => "literal",
        Use::Encoded => "encoded",
    }
}

/// The namespace of SOAP extensions.
struct Soap {
    prefix: &'static str,
    namespace: &'static str,
}

impl Soap {
    fn of(version: SoapVersion) -> Self {
        match version {
            SoapVersion::Soap11 => Self { prefix: "soap", namespace: WSDL_SOAP11 },
            SoapVersion::Soap12 => Self { prefix: "soap12", namespace: WSDL_SOAP12 },
        }
    }

    fn element(&self, document: &mut Document, parent: NodeId, local: &str) -> NodeId {
        document.append_element(parent, Name::new(self.prefix, local, self.namespace))
    }
}
