//! One document: what models it gives, and what it refers to.

use std::sync::Arc;

use waxwing_xml::{Document, Element};

use super::disco::discovery;
use super::fingerprint;
use super::kind::{WSDL20, kind};
use super::reference::{Reference, ReferenceKind};
use super::service_map::service_map;
use crate::finding::{Finding, Severity};
use crate::location::{At, Location};
use crate::mex::how_wcf_publishes;
use crate::mex::read::{self as mex, MEX11};
use crate::name::namespaces::{MEX, WSA10, WSA2004, WSDL, XSD};
use crate::policy::Policy;
use crate::policy::read::{is_policy, policy};
use crate::reading::{Reading, Replaced, detached};
use crate::schema::read::schema;
use crate::schema::{Schema, SchemaImportKind};
use crate::set::{DocumentKind, EndpointReference, Fingerprints};
use crate::wsdl::Definitions;
use crate::wsdl::read::definitions;

/// What was read of a document.
pub(super) struct Read {
    pub(super) kind: DocumentKind,
    pub(super) definitions: Vec<Definitions>,
    pub(super) schemas: Vec<Schema>,
    pub(super) policies: Vec<Policy>,
    pub(super) endpoint_references: Vec<EndpointReference>,
    pub(super) references: Vec<Reference>,
    pub(super) fingerprints: Fingerprints,
    pub(super) findings: Vec<Finding>,
    pub(super) replaced: Vec<Replaced>,
}

/// Reads a document. A schema without target namespace gets that of its includer.
pub(super) fn read(document: &Document, location: &Location, includer: Option<&Arc<str>>) -> Read {
    let reading = Reading::new(document, location.clone());
    let root = document.root();
    let mut read = Read {
        kind: kind(root),
        definitions: Vec::new(),
        schemas: Vec::new(),
        policies: Vec::new(),
        endpoint_references: Vec::new(),
        references: Vec::new(),
        fingerprints: Fingerprints::new(),
        findings: Vec::new(),
        replaced: Vec::new(),
    };
    match read.kind {
        DocumentKind::Metadata => metadata(&reading, root, &mut read),
        DocumentKind::EndpointReference => endpoint_reference(&reading, root, &mut read),
        DocumentKind::Discovery => read.references = discovery(&reading, root),
        DocumentKind::ServiceMap => read.references = service_map(&reading, root),
        DocumentKind::Html => reading.found(html_page(location)),
        _ => part(&reading, root, includer, &mut read),
    }
    let policies = reading.policy_documents().into_iter().map(|(written, at)| {
        let (kind, namespace) = (ReferenceKind::Policy, String::new());
        Reference { kind, written, namespace, at }
    });
    read.references.extend(policies);
    (read.findings, read.replaced) = reading.finish();
    read
}

/// WSDL, a schema or a policy: a document, or a section of an answer.
fn part<'d>(
    reading: &Reading<'d>,
    element: Element<'d>,
    includer: Option<&Arc<str>>,
    read: &mut Read,
) {
    if element.is(WSDL, "definitions") {
        let found = definitions(reading, element);
        fingerprint::of_definitions(reading, element, &mut read.fingerprints);
        read.references.extend(imports_of(&found));
        read.definitions.push(found);
    } else if element.is(XSD, "schema") {
        let found = schema(reading, element, includer);
        fingerprint::of_schema(reading, element, &mut read.fingerprints);
        read.references.extend(schema_imports(&found));
        read.schemas.push(found);
    } else if is_policy(element, "Policy") {
        read.policies.push(policy(reading, element));
    } else {
        not_metadata(reading, element);
    }
}

fn not_metadata(reading: &Reading<'_>, element: Element<'_>) {
    let at = reading.at(element);
    if WSDL20.contains(&element.namespace()) {
        let told = "This is WSDL 2.0, and only WSDL 1.1 is read";
        let found = Finding::new("wsdl-20", Severity::Error, told).at(at);
        reading.found(found.help("ask the service for WSDL 1.1: Axis2 and CXF serve it at ?wsdl"));
        return;
    }
    let told = format!("<{}> {{{}}} is no metadata", element.qualified_name(), element.namespace());
    let found = Finding::new("not-metadata", Severity::Error, told).at(at);
    reading.found(found.help(
        "expected: WSDL 1.1, a schema, a policy, an answer of a metadata exchange, an endpoint reference or a discovery document",
    ));
}

/// A page for people where metadata were expected.
pub(super) fn html_page(location: &Location) -> Finding {
    let told = "This is a page for people, no metadata";
    let at = At { location: location.clone(), line: 1, column: 1 };
    let found = Finding::new("html-page", Severity::Error, told).at(at);
    found.help("a service's help page names the address of its WSDL: try ?wsdl or ?singleWsdl")
}

fn imports_of(definitions: &Definitions) -> impl Iterator<Item = Reference> {
    let own = definitions.imports.iter().filter_map(|import| {
        Some(Reference {
            kind: ReferenceKind::WsdlImport,
            written: import.location.clone().filter(|text| !text.is_empty())?,
            namespace: import.namespace.clone(),
            at: import.at.clone(),
        })
    });
    own.chain(definitions.schemas.iter().flat_map(schema_imports))
}

fn schema_imports(schema: &Schema) -> impl Iterator<Item = Reference> {
    let target: Arc<str> = schema.target_namespace.as_str().into();
    schema.imports.iter().filter_map(move |import| {
        let is_import = import.kind == SchemaImportKind::Import;
        Some(Reference {
            kind: match is_import {
                true => ReferenceKind::Import,
                false => ReferenceKind::Include(target.clone()),
            },
            written: import.schema_location.clone()?,
            namespace: if is_import { import.namespace.clone() } else { target.to_string() },
            at: import.at.clone(),
        })
    })
}

/// An answer of a metadata exchange.
fn metadata<'d>(reading: &Reading<'d>, root: Element<'d>, read: &mut Read) {
    match mex::metadata(root) {
        Ok(metadata) => sections(reading, metadata, read),
        Err(mex::NoMetadata::Fault(fault)) => {
            let told = format!("The service answered with a fault: {}", fault.reason);
            let found = Finding::new("mex-fault", Severity::Error, told);
            let at = reading.at(fault.element);
            let how = how_wcf_publishes(at.location.as_str());
            let help = format!("the service serves no metadata there; WCF does {how}");
            reading.found(found.at(at).help(help));
        }
        Err(mex::NoMetadata::Other(element)) => not_metadata(reading, element),
        Err(mex::NoMetadata::Nothing) => {
            let told = "The envelope has no metadata in its body";
            let found = Finding::new("not-metadata", Severity::Error, told);
            reading.found(found.at(reading.at(root)));
        }
    }
}

fn sections<'d>(reading: &Reading<'d>, metadata: Element<'d>, read: &mut Read) {
    for section in mex::sections(metadata) {
        match section.content {
            mex::Content::Element(element) => part(reading, element, None, read),
            mex::Content::Location(element) => read.references.push(Reference {
                kind: ReferenceKind::Location,
                written: element.text().trim().to_owned(),
                namespace: section.identifier.unwrap_or_default().to_owned(),
                at: reading.at(element),
            }),
            mex::Content::Reference(element) => {
                read.references.extend(exchange(reading, element));
            }
            mex::Content::Nothing => {}
        }
    }
}

/// The address of an endpoint reference, to be asked for metadata.
fn exchange<'d>(reading: &Reading<'d>, element: Element<'d>) -> Option<Reference> {
    let address = address(element)?;
    let at = reading.at(element);
    Some(Reference {
        kind: ReferenceKind::Exchange,
        written: address,
        namespace: String::new(),
        at,
    })
}

fn address(element: Element<'_>) -> Option<String> {
    let inside = [WSA10, WSA2004].iter().find_map(|ns| element.child(ns, "Address"))?;
    Some(inside.text().trim().to_owned()).filter(|text| !text.is_empty())
}

fn endpoint_reference<'d>(reading: &Reading<'d>, root: Element<'d>, read: &mut Read) {
    let at = reading.at(root);
    let Some(address) = address(root) else {
        let told = "The endpoint reference has no address";
        reading.found(Finding::new("no-address", Severity::Error, told).at(at));
        return;
    };
    let inside = root.elements().find(|e| e.local_name() == "Metadata");
    let metadata = inside.and_then(|holder| {
        holder.elements().find(|e| e.is(MEX, "Metadata") || e.is(MEX11, "Metadata"))
    });
    read.endpoint_references.push(EndpointReference { address, element: detached(root), at });
    match metadata {
        // It says itself where its metadata are, or has them with it.
        Some(metadata) => sections(reading, metadata, read),
        None => read.references.extend(exchange(reading, root)),
    }
}
