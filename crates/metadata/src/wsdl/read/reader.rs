//! What all parts of a WSDL document are read with: names, references, extensions.

use std::sync::Arc;

use waxwing_xml::Element;

use crate::finding::{Finding, Severity};
use crate::name::QName;
use crate::name::namespaces::WSDL;
use crate::reading::{Reading, detached, documentation};
use crate::wsdl::model::Extension;

/// A WSDL document while it is read.
pub(super) struct Wsdl<'r, 'd> {
    pub(super) reading: &'r Reading<'d>,
    pub(super) target: Arc<str>,
}

impl<'d> Wsdl<'_, 'd> {
    /// The name of a thing of the target namespace; told when it has none.
    pub(super) fn own_name(&self, element: Element<'d>) -> Option<QName> {
        let local = self.reading.required(element, "name")?.trim();
        Some(QName { namespace: self.target.clone(), local: local.into() })
    }

    /// A reference to a thing of WSDL. One without prefix where the default namespace is WSDL's own means the target
    /// namespace: nothing else can be meant.
    pub(super) fn reference(&self, element: Element<'d>, attribute: &str) -> Option<QName> {
        let mut name = self.reading.qname(element, attribute)?;
        let no_prefix = !element.attribute(attribute).is_some_and(|text| text.contains(':'));
        if no_prefix && *name.namespace == *WSDL {
            name.namespace = self.target.clone();
        }
        Some(name)
    }

    pub(super) fn required_reference(
        &self,
        element: Element<'d>,
        attribute: &str,
    ) -> Option<QName> {
        let found = self.reference(element, attribute);
        if found.is_none() {
            self.reading.missing(element, attribute);
        }
        found
    }

    pub(super) fn documentation(&self, element: Element<'d>) -> Option<String> {
        let found = element.child(WSDL, "documentation")?;
        // Some write HTML inside.
        let text: String = match found.first_element() {
            None => found.text().into_owned(),
            Some(_) => found.descendants_and_self().map(|e| e.text().into_owned()).collect(),
        };
        documentation(&text)
    }

    pub(super) fn extension(&self, element: Element<'d>) -> Extension {
        let required = self.reading.boolean(element, WSDL, "required").unwrap_or_default();
        Extension { element: detached(element), required, at: self.reading.at(element) }
    }

    /// An extension element where the model has no place for any.
    pub(super) fn foreign(&self, element: Element<'d>) {
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
}
