//! WSDL 1.1 documents (WSDL 1.1 §2).

mod binding;
mod port_type;
mod service;

use std::sync::Arc;

use waxwing_xml::Element;

use self::binding::binding;
use self::port_type::{message, port_type};
use self::service::service;
use super::model::{Definitions, Extension, WsdlImport};
use crate::finding::{Finding, Severity};
use crate::name::QName;
use crate::name::namespaces::{WSDL, XSD};
use crate::policy::read::{is_policy, policy, version_of};
use crate::reading::{Reading, detached, documentation};
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
            "import" => found.imports.push(wsdl.import(child)),
            "types" => wsdl.types(child, &mut found),
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

/// A WSDL document while it is read.
struct Wsdl<'r, 'd> {
    reading: &'r Reading<'d>,
    target: Arc<str>,
}

impl<'d> Wsdl<'_, 'd> {
    /// The name of a thing of the target namespace; told when it has none.
    fn own_name(&self, element: Element<'d>) -> Option<QName> {
        let local = self.reading.required(element, "name")?.trim();
        Some(QName { namespace: self.target.clone(), local: local.into() })
    }

    /// A reference to a thing of WSDL. One without prefix where the default namespace is WSDL's own means the target
    /// namespace: nothing else can be meant.
    fn reference(&self, element: Element<'d>, attribute: &str) -> Option<QName> {
        let mut name = self.reading.qname(element, attribute)?;
        let no_prefix = !element.attribute(attribute).is_some_and(|text| text.contains(':'));
        if no_prefix && *name.namespace == *WSDL {
            name.namespace = self.target.clone();
        }
        Some(name)
    }

    fn required_reference(&self, element: Element<'d>, attribute: &str) -> Option<QName> {
        let found = self.reference(element, attribute);
        if found.is_none() {
            self.reading.missing(element, attribute);
        }
        found
    }

    fn documentation(&self, element: Element<'d>) -> Option<String> {
        let found = element.child(WSDL, "documentation")?;
        // Some write HTML inside.
        let text: String = match found.first_element() {
            None => found.text().into_owned(),
            Some(_) => found.descendants_and_self().map(|e| e.text().into_owned()).collect(),
        };
        documentation(&text)
    }

    fn extension(&self, element: Element<'d>) -> Extension {
        let required = self.reading.boolean(element, WSDL, "required").unwrap_or_default();
        Extension { element: detached(element), required, at: self.reading.at(element) }
    }

    /// An extension element where the model has no place for any.
    fn foreign(&self, element: Element<'d>) {
        if self.reading.boolean(element, WSDL, "required") == Some(true) {
            let told = format!(
                "The extension <{}> {{{}}} must be understood (wsdl:required), and is not known",
                element.qualified_name(),
                element.namespace()
            );
            let found = Finding::new("required-extension", Severity::Warning, told);
            self.reading.found(found.at(self.reading.at(element)).help("it is ignored"));
        }
    }

    fn import(&self, element: Element<'d>) -> WsdlImport {
        WsdlImport {
            namespace: element.attribute("namespace").unwrap_or_default().to_owned(),
            location: element.attribute("location").map(|text| text.trim().to_owned()),
            resolved: None,
            at: self.reading.at(element),
        }
    }

    fn types(&self, element: Element<'d>, found: &mut Definitions) {
        for child in element.elements() {
            if child.is(XSD, "schema") {
                found.schemas.push(schema(self.reading, child, None));
            } else if is_policy(child, "Policy") {
                found.policies.push(policy(self.reading, child));
            } else if child.is(WSDL, "import") {
                // Not where WSDL has it, but written by some.
                found.imports.push(self.import(child));
            } else if child.namespace() != WSDL {
                self.foreign(child);
            }
        }
    }
}
