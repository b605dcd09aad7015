//! Bindings (WSDL 1.1 §2.5, §3; WSDL 1.1 Binding Extension for SOAP 1.2).

use waxwing_soap::SoapVersion;
use waxwing_xml::Element;

use super::reader::Wsdl;
use crate::finding::{Finding, Severity};
use crate::name::namespaces::{WSDL, WSDL_SOAP11, WSDL_SOAP12};
use crate::policy::read::{attached, version_of};
use crate::wsdl::model::{
    Binding, BindingFault, BindingMessage, BindingOperation, BindingProtocol, SoapBody, SoapHeader,
    Style, Use,
};

/// `mime:` of WSDL 1.1 §5.
const MIME: &str = "http://schemas.xmlsoap.org/wsdl/mime/";

/// The version of SOAP that a namespace of WSDL's SOAP bindings stands for.
fn soap_version(element: Element<'_>) -> Option<SoapVersion> {
    match element.namespace() {
        WSDL_SOAP11 => Some(SoapVersion::Soap11),
        WSDL_SOAP12 => Some(SoapVersion::Soap12),
        _ => None,
    }
}

fn is_soap(element: Element<'_>, local: &str) -> bool {
    element.local_name() == local && soap_version(element).is_some()
}

/// Whether an element is an extension that is kept as it is: not WSDL's, SOAP's or of a policy.
fn is_extension(element: Element<'_>) -> bool {
    let namespace = element.namespace();
    namespace != WSDL && soap_version(element).is_none() && version_of(namespace).is_none()
}

pub(super) fn binding<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<Binding> {
    let name = wsdl.own_name(element)?;
    let port_type = wsdl.required_reference(element, "type")?;
    let mut protocol = BindingProtocol::NotSoap(String::new());
    let (mut operations, mut extensions) = (Vec::new(), Vec::new());
    for child in element.elements() {
        if is_soap(child, "binding") {
            protocol = soap_binding(wsdl, child);
        } else if child.local_name() == "binding" && child.namespace() != WSDL {
            protocol = BindingProtocol::NotSoap(child.namespace().to_owned());
        } else if child.is(WSDL, "operation") {
            operations.extend(operation(wsdl, child));
        } else if is_extension(child) {
            extensions.push(wsdl.extension(child));
        }
    }
    Some(Binding {
        name,
        port_type,
        protocol,
        operations,
        policies: attached(wsdl.reading, element),
        extensions,
        at: wsdl.reading.at(element),
    })
}

fn soap_binding<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> BindingProtocol {
    BindingProtocol::Soap {
        version: soap_version(element).unwrap_or(SoapVersion::Soap11),
        transport: element.attribute("transport").unwrap_or_default().trim().to_owned(),
        style: style(wsdl, element),
    }
}

fn style<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<Style> {
    match element.attribute("style")?.trim() {
        "document" => Some(Style::Document),
        "rpc" => Some(Style::Rpc),
        other => {
            invalid(wsdl, element, "style", other, "document or rpc");
            None
        }
    }
}

fn usage<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Use {
    match element.attribute("use").map(str::trim) {
        // What WSDL 1.1 §3.5 leaves open, everybody takes for literal.
        None | Some("literal") => Use::Literal,
        Some("encoded") => Use::Encoded,
        Some(other) => {
            invalid(wsdl, element, "use", other, "literal or encoded");
            Use::Literal
        }
    }
}

fn invalid(wsdl: &Wsdl<'_, '_>, element: Element<'_>, attribute: &str, value: &str, legal: &str) {
    let told = format!("'{value}' is no value of '{attribute}': it is {legal}");
    let found = Finding::new("invalid-value", Severity::Warning, told);
    wsdl.reading.found(found.at(wsdl.reading.at_value(element, attribute)));
}

fn operation<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<BindingOperation> {
    let name = wsdl.reading.required(element, "name")?.trim().to_owned();
    let mut found = BindingOperation {
        name,
        soap_action: None,
        style: None,
        input: None,
        output: None,
        faults: Vec::new(),
        policies: attached(wsdl.reading, element),
        extensions: Vec::new(),
        at: wsdl.reading.at(element),
    };
    for child in element.elements() {
        if is_soap(child, "operation") {
            found.soap_action = child.attribute("soapAction").map(|text| text.trim().to_owned());
            found.style = style(wsdl, child);
        } else if child.is(WSDL, "input") {
            found.input = Some(message(wsdl, child));
        } else if child.is(WSDL, "output") {
            found.output = Some(message(wsdl, child));
        } else if child.is(WSDL, "fault") {
            found.faults.extend(fault(wsdl, child));
        } else if is_extension(child) {
            found.extensions.push(wsdl.extension(child));
        }
    }
    Some(found)
}

fn message<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> BindingMessage {
    let mut found = BindingMessage {
        name: element.attribute("name").map(str::to_owned),
        body: None,
        headers: Vec::new(),
        policies: attached(wsdl.reading, element),
        extensions: Vec::new(),
        at: wsdl.reading.at(element),
    };
    for child in element.elements() {
        if is_extension(child) {
            found.extensions.push(wsdl.extension(child));
        }
        if child.is(MIME, "multipartRelated") {
            let parts = child.elements().filter(|part| part.is(MIME, "part"));
            parts.flat_map(|part| part.elements()).for_each(|c| soap(wsdl, c, &mut found));
        } else {
            soap(wsdl, child, &mut found);
        }
    }
    found
}

/// `soap:body` or `soap:header`.
fn soap<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>, found: &mut BindingMessage) {
    if is_soap(element, "body") && found.body.is_none() {
        found.body = Some(body(wsdl, element));
    } else if is_soap(element, "header") {
        found.headers.extend(header(wsdl, element));
    }
}

fn body<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> SoapBody {
    let parts = element.attribute("parts");
    SoapBody {
        usage: usage(wsdl, element),
        namespace: element.attribute("namespace").map(str::to_owned),
        parts: parts.map(|text| text.split_whitespace().map(str::to_owned).collect()),
        encoding_style: element.attribute("encodingStyle").map(str::to_owned),
        at: wsdl.reading.at(element),
    }
}

fn header<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<SoapHeader> {
    Some(SoapHeader {
        message: wsdl.required_reference(element, "message")?,
        part: wsdl.reading.required(element, "part")?.to_owned(),
        usage: usage(wsdl, element),
        namespace: element.attribute("namespace").map(str::to_owned),
        at: wsdl.reading.at(element),
    })
}

fn fault<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<BindingFault> {
    let soap = element.elements().find(|child| is_soap(*child, "fault"));
    // Some leave the name to soap:fault.
    let name = element.attribute("name").or_else(|| soap.and_then(|s| s.attribute("name")));
    if name.is_none() {
        wsdl.reading.missing(element, "name");
    }
    Some(BindingFault {
        name: name?.to_owned(),
        usage: soap.map(|soap| usage(wsdl, soap)).unwrap_or_default(),
        policies: attached(wsdl.reading, element),
        at: wsdl.reading.at(element),
    })
}
