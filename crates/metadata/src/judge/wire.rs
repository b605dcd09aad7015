//! What WSDL itself says of how messages go: transports, SOAP encoding, attachments, callbacks (WSDL 1.1 §3, §5).

use waxwing_soap::SoapVersion;

use super::class::Class;
use super::verdict::Obstacle;
use crate::location::At;
use crate::name::namespaces::{MESSAGE, WSAM, WSAW};
use crate::set::MetadataSet;
use crate::wsdl::{
    Binding, BindingMessage, BindingOperation, BindingProtocol, Direction, Extension, PartContent,
    PortType, PortTypeOperation, Style, Use,
};

/// A transport, by the URI that `soap:binding` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Http,
    Tcp,
    Pipe,
    Queue,
    WebSocket,
    Other(String),
}

/// Every URI that is known, and what it is.
const TRANSPORTS: &[(&str, Wire)] = &[
    ("http://schemas.xmlsoap.org/soap/http", Wire::Http),
    ("https://schemas.xmlsoap.org/soap/http", Wire::Http),
    ("http://schemas.xmlsoap.org/soap/https", Wire::Http),
    ("http://www.w3.org/2003/05/soap/bindings/HTTP", Wire::Http),
    ("http://www.w3.org/2006/01/soap11/bindings/HTTP", Wire::Http),
    ("http://schemas.microsoft.com/soap/tcp", Wire::Tcp),
    ("http://schemas.microsoft.com/soap/named-pipe", Wire::Pipe),
    ("http://schemas.microsoft.com/soap/msmq", Wire::Queue),
    ("http://schemas.microsoft.com/soap/websocket", Wire::WebSocket),
];

/// SOAP version and transport of a binding; None where it is not SOAP.
pub(super) fn protocol(binding: &Binding) -> Option<(SoapVersion, Wire)> {
    let BindingProtocol::Soap { version, transport, .. } = &binding.protocol else { return None };
    let uri = transport.trim().trim_end_matches('/');
    let known = TRANSPORTS.iter().find(|(known, _)| *known == uri);
    Some((*version, known.map_or_else(|| Wire::Other(transport.clone()), |(_, wire)| wire.clone())))
}

impl Wire {
    /// For people and programs.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Wire::Http => "http",
            Wire::Tcp => "tcp",
            Wire::Pipe => "named-pipe",
            Wire::Queue => "msmq",
            Wire::WebSocket => "websocket",
            Wire::Other(uri) => uri,
        }
    }
}

/// What extensions of the binding say of WS-Addressing: Axis2, CXF and Metro put `wsaw:UsingAddressing` there.
pub(super) fn addressing(extensions: &[Extension]) -> bool {
    extensions.iter().any(|extension| {
        let root = extension.element.root();
        root.is(WSAW, "UsingAddressing") || root.is(WSAM, "Addressing")
    })
}

/// Extensions that must be understood, and are not.
pub(super) fn required(extensions: &[Extension], found: &mut Vec<Obstacle>) {
    for extension in extensions.iter().filter(|extension| extension.required) {
        let root = extension.element.root();
        let known = root.is(WSAW, "UsingAddressing")
            || root.is(WSAW, "Anonymous")
            || root.is(WSAM, "Addressing");
        if !known {
            found.push(Obstacle {
                class: Class::Unknown,
                text: format!("{{{}}}{} must be understood (wsdl:required)", root.namespace(), root.local_name()),
                fix: "ask the vendor what it means; WCF's services (binding=\"wsHttpBinding\") write none".to_owned(),
                at: Some(extension.at.clone()),
            });
        }
    }
}

/// Whether the service calls the client.
pub(super) fn has_callbacks(port_type: &PortType) -> bool {
    let is_callback = |operation: &PortTypeOperation| {
        operation.messages.first().is_some_and(|first| first.direction == Direction::Output)
    };
    port_type.operations.iter().any(is_callback)
}

/// What keeps one operation from being called, policies left out.
pub(super) fn operation(
    set: &MetadataSet,
    binding: &Binding,
    operation: &BindingOperation,
    described: Option<&PortTypeOperation>,
) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let Some(described) = described else {
        let text = format!("the port type has no operation {}", operation.name);
        found.push(contract(text, &operation.at));
        return found;
    };
    for extension in &operation.extensions {
        let root = extension.element.root();
        if root.is(WSAW, "Anonymous") && root.text().trim() == "prohibited" {
            found.push(Obstacle {
                class: Class::Addressing,
                text: "answers go to an address where the client listens; Waxwing's clients do not listen".to_owned(),
                fix: "add an endpoint with wsHttpBinding, whose answers come over the client's own connection".to_owned(),
                at: Some(extension.at.clone()),
            });
        }
    }
    required(&operation.extensions, &mut found);
    for message in operation.input.iter().chain(&operation.output) {
        encoded(message, &mut found);
        attachments(message, &mut found);
    }
    let style = operation.style.or(match &binding.protocol {
        BindingProtocol::Soap { style, .. } => *style,
        BindingProtocol::NotSoap(_) => None,
    });
    for message in &described.messages {
        let Some(parts) = set.message(&message.message) else {
            found.push(contract(
                format!("the message {} is not there", message.message),
                &message.at,
            ));
            continue;
        };
        let bound = match message.direction {
            Direction::Input => operation.input.as_ref(),
            _ => operation.output.as_ref(),
        };
        if style != Some(Style::Rpc) {
            several_parts(parts, bound, &mut found);
        }
    }
    found
}

fn contract(text: String, at: &At) -> Obstacle {
    let fix =
        "mend the description; WCF's own has no such mistake (httpGetEnabled=\"true\" shows it)"
            .to_owned();
    Obstacle { class: Class::Contract, text, fix, at: Some(at.clone()) }
}

fn encoded(message: &BindingMessage, found: &mut Vec<Obstacle>) {
    let body = message.body.as_ref().filter(|body| body.usage == Use::Encoded).map(|b| &b.at);
    let header = message.headers.iter().find(|h| h.usage == Use::Encoded).map(|h| &h.at);
    if let Some(at) = body.or(header)
        && !found.iter().any(|obstacle| obstacle.class == Class::Encoded)
    {
        found.push(Obstacle {
            class: Class::Encoded,
            text: "SOAP encoding (rpc/encoded): values have types and references in the message".to_owned(),
            fix: "write use=\"literal\": at a service of WCF [XmlSerializerFormat(Use = OperationFormatUse.Literal)]".to_owned(),
            at: Some(at.clone()),
        });
    }
}

/// MIME parts beside the message. `mime:multipartRelated` around `soap:body` alone is plain SOAP.
fn attachments(message: &BindingMessage, found: &mut Vec<Obstacle>) {
    const MIME: &str = "http://schemas.xmlsoap.org/wsdl/mime/";
    for extension in &message.extensions {
        let root = extension.element.root();
        let content = |element: waxwing_xml::Element<'_>| element.is(MIME, "content");
        if root.namespace() == MIME && root.descendants_and_self().any(content) {
            found.push(Obstacle {
                class: Class::Attachments,
                text: "mime:multipartRelated: parts of the message go as attachments (SwA)"
                    .to_owned(),
                fix: "send the octets inside the message with messageEncoding=\"Mtom\"".to_owned(),
                at: Some(extension.at.clone()),
            });
            return;
        }
    }
}

/// In document style one element stands in the body (WS-I Basic Profile 1.1, R2201).
fn several_parts(
    message: &crate::wsdl::Message,
    bound: Option<&BindingMessage>,
    found: &mut Vec<Obstacle>,
) {
    let listed = bound.and_then(|b| b.body.as_ref()).and_then(|body| body.parts.as_ref());
    let headers = bound.map(|bound| bound.headers.as_slice()).unwrap_or_default();
    let is_header =
        |name: &str| headers.iter().any(|h| h.message == message.name && h.part == name);
    let attached = |name: &str| bound.is_some_and(|bound| is_attached(bound, name));
    let in_body = |part: &&crate::wsdl::Part| match listed {
        Some(listed) => listed.contains(&part.name),
        None => !is_header(&part.name) && !attached(&part.name),
    };
    let body: Vec<&crate::wsdl::Part> = message.parts.iter().filter(in_body).collect();
    if let [first, second, ..] = body.as_slice() {
        let text = format!(
            "part {}, part {}: only one element may be in the body of a document",
            first.name, second.name
        );
        found.push(contract(text, &message.at));
    } else if let [only] = body.as_slice()
        && let PartContent::Type(name) = &only.content
        // WCF's untyped messages and streams.
        && *name.namespace != *MESSAGE
    {
        let text = format!("part {} has a type and no element, which a document needs", only.name);
        found.push(contract(text, &only.at));
    }
}

fn is_attached(message: &BindingMessage, name: &str) -> bool {
    message.extensions.iter().any(|extension| {
        let mut all = extension.element.root().descendants_and_self();
        all.any(|e| e.local_name() == "content" && e.attribute("part") == Some(name))
    })
}
