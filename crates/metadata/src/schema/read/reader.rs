//! What all components of a schema are read with: names, references, anonymous types.

use std::sync::Arc;

use waxwing_xml::Element;

use crate::location::At;
use crate::name::QName;
use crate::name::namespaces::XSD;
use crate::reading::Reading;
use crate::schema::model::{TypeDefinition, TypeReference};

/// Reads an `xs:simpleType` or `xs:complexType`, with its name where it is global.
pub(super) type Define =
    for<'d> fn(&Xsd<'_, 'd>, element: Element<'d>, name: Option<QName>) -> TypeDefinition;

/// A schema while it is read.
pub(super) struct Xsd<'r, 'd> {
    pub(super) reading: &'r Reading<'d>,
    pub(super) target: Arc<str>,
    pub(super) is_chameleon: bool,
    pub(super) elements_qualified: bool,
    pub(super) attributes_qualified: bool,
    /// What reads a type: types stand in elements, which stand in types.
    pub(super) define: Define,
}

impl<'d> Xsd<'_, 'd> {
    /// The name of a global component; told when it has none.
    pub(super) fn own_name(&self, element: Element<'d>) -> Option<QName> {
        let local = self.reading.required(element, "name")?.trim();
        Some(QName { namespace: self.target.clone(), local: local.into() })
    }

    /// The name of a local element or attribute on the wire.
    pub(super) fn local_name(&self, element: Element<'d>, qualified: bool) -> Option<QName> {
        let local = self.reading.required(element, "name")?.trim();
        let qualified = match element.attribute("form").map(str::trim) {
            Some("qualified") => true,
            Some("unqualified") => false,
            _ => qualified,
        };
        // targetNamespace of a local declaration is of XML Schema 1.1.
        let namespace = match element.attribute("targetNamespace") {
            Some(own) => self.reading.namespace(own),
            None if qualified => self.target.clone(),
            None => "".into(),
        };
        Some(QName { namespace, local: local.into() })
    }

    /// A reference to a component. In a chameleon schema what has no namespace is of the includer's.
    pub(super) fn reference(&self, element: Element<'d>, attribute: &str) -> Option<QName> {
        let text = element.attribute(attribute)?;
        Some(self.reference_of(element, attribute, text))
    }

    pub(super) fn reference_of(&self, element: Element<'d>, attribute: &str, text: &str) -> QName {
        let mut name = self.reading.qname_of(element, attribute, text);
        if self.is_chameleon && name.namespace.is_empty() {
            name.namespace = self.target.clone();
        }
        name
    }

    /// The anonymous type inside an element or attribute.
    pub(super) fn anonymous(&self, element: Element<'d>) -> Option<TypeReference> {
        let is_type = |child: &Element<'_>| {
            child.namespace() == XSD && matches!(child.local_name(), "simpleType" | "complexType")
        };
        let found = element.elements().find(is_type)?;
        Some(TypeReference::Anonymous(Box::new((self.define)(self, found, None))))
    }

    pub(super) fn flag(&self, element: Element<'d>, attribute: &str) -> bool {
        self.reading.boolean(element, "", attribute).unwrap_or_default()
    }

    pub(super) fn at(&self, element: Element<'_>) -> At {
        self.reading.at(element)
    }
}

/// A type of XML Schema's own.
pub(super) fn built_in(local: &str) -> TypeReference {
    TypeReference::Named(QName::new(XSD, local))
}

pub(super) fn owned(element: Element<'_>, attribute: &str) -> Option<String> {
    element.attribute(attribute).map(str::to_owned)
}
