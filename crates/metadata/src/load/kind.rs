//! What a document is.

use waxwing_xml::{Document, Element};

use super::decode::decode;
use super::options::LoadOptions;
use crate::mex::read::MEX11;
use crate::name::namespaces::{MEX, WSA10, WSA2004, WSDL, XSD};
use crate::policy::read::is_policy;
use crate::set::DocumentKind;

/// Roots of WSDL 2.0 and its drafts.
pub(super) const WSDL20: [&str; 3] = [
    "http://www.w3.org/ns/wsdl",
    "http://www.w3.org/2004/03/wsdl",
    "http://www.w3.org/2006/01/wsdl",
];
const DISCO: &str = "http://schemas.xmlsoap.org/disco/";
const SERVICE_MAP: &str = "urn:schemas-microsoft-com:xml-wcfservicemap";
const SOAP: [&str; 2] =
    ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"];

pub(super) fn kind(root: Element<'_>) -> DocumentKind {
    match (root.namespace(), root.local_name()) {
        (WSDL, "definitions") => DocumentKind::Wsdl,
        (XSD, "schema") => DocumentKind::Schema,
        (MEX | MEX11, "Metadata") => DocumentKind::Metadata,
        (WSA10 | WSA2004, "EndpointReference") => DocumentKind::EndpointReference,
        (DISCO, "discovery") => DocumentKind::Discovery,
        (SERVICE_MAP, "ReferenceGroup") => DocumentKind::ServiceMap,
        (namespace, "Envelope") if SOAP.contains(&namespace) => DocumentKind::Metadata,
        (_, local) if local.eq_ignore_ascii_case("html") => DocumentKind::Html,
        _ if is_policy(root, "Policy") => DocumentKind::Policy,
        _ => DocumentKind::Other,
    }
}

/// Whether text that is no XML is a page for people.
pub(super) fn is_html(text: &str) -> bool {
    let begin: String = text.trim_start().chars().take(512).collect();
    let begin = begin.to_ascii_lowercase();
    begin.starts_with("<!doctype html") || begin.starts_with("<html") || begin.contains("<html")
}

/// What octets are, by their root element.
pub fn kind_of(octets: &[u8]) -> DocumentKind {
    let Ok(text) = decode(octets) else { return DocumentKind::Unreadable };
    match Document::parse(text.as_str(), &LoadOptions::default().xml()) {
        Ok(document) => kind(document.root()),
        Err(_) if is_html(&text) => DocumentKind::Html,
        Err(_) => DocumentKind::Unreadable,
    }
}
