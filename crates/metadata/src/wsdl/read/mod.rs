//! WSDL 1.1 documents (WSDL 1.1 §2).

mod binding;
mod port_type;
mod reader;
mod service;

use waxwing_xml::Element;

use self::binding::binding;
use self::port_type::{message, port_type};
use self::reader::Wsdl;
use self::service::service;
use super::model::{Definitions, WsdlImport};
use crate::name::namespaces::{WSDL, XSD};
use crate::policy::read::{is_policy, policy, version_of};
use crate::reading::Reading;
use crate::schema::read::schema;

/// A `wsdl:definitions`.
pub(crate) fn definitions<'d>(reading: &Reading<'d>, element: Element<'d>) -> Definitions {
    let target = element.attribute("targetNamespace").unwrap_or_default();
    let wsdl = Wsdl { reading, target: reading.namespace(target) };
    let mut found = Definitions {
        at: reading.at(element),
        name: element.attribute("name").map(str::to_owned),
        target_namespace: target.to_owned(),
        policies: Vec::new(),
        imports: Vec::new(),
        schemas: Vec::new(),
        messages: Vec::new(),
        port_types: Vec::new(),
        bindings: Vec::new(),
        services: Vec::new(),
        documentation: wsdl.documentation(element),
    };
    for child in element.elements() {
        if child.namespace() != WSDL {
            if is_policy(child, "Policy") {
                found.policies.push(policy(reading, child));
            } else if version_of(child.namespace()).is_none() {
                wsdl.foreign(child);
            }
            continue;
        }
        match child.local_name() {
            "import" => found.imports.push(import(&wsdl, child)),
            "types" => types(&wsdl, child, &mut found),
            "message" => found.messages.extend(message(&wsdl, child)),
            "portType" => found.port_types.extend(port_type(&wsdl, child)),
            "binding" => found.bindings.extend(binding(&wsdl, child)),
            "service" => found.services.extend(service(&wsdl, child)),
            "documentation" => {}
            _ => reading.misplaced(child, "<definitions>"),
        }
    }
    found
}

fn import<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> WsdlImport {
    WsdlImport {
        namespace: element.attribute("namespace").unwrap_or_default().to_owned(),
        location: element.attribute("location").map(|text| text.trim().to_owned()),
        resolved: None,
        at: wsdl.reading.at(element),
    }
}

fn types<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>, found: &mut Definitions) {
    for child in element.elements() {
        if child.is(XSD, "schema") {
            found.schemas.push(schema(wsdl.reading, child, None));
        } else if is_policy(child, "Policy") {
            found.policies.push(policy(wsdl.reading, child));
        } else if child.is(WSDL, "import") {
            // Not where WSDL has it, but written by some.
            found.imports.push(import(wsdl, child));
        } else if child.namespace() != WSDL {
            wsdl.foreign(child);
        }
    }
}
