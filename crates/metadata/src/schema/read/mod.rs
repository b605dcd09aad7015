//! Schema documents (XML Schema 1.0 Part 1 §3; `override` of 1.1).

mod annotation;
mod attributes;
mod complex;
mod elements;
mod particles;
mod redefine;
mod simple;

use std::sync::Arc;

use waxwing_xml::Element;

use self::annotation::annotation;
use self::attributes::{attribute_group, global_attribute};
use self::complex::complex_type;
use self::elements::global_element;
use self::particles::group;
use self::redefine::redefine;
use self::simple::simple_type;
use super::model::{
    Schema, SchemaImport, SchemaImportKind, TypeDefinition, TypeKind, TypeReference,
};
use crate::location::At;
use crate::name::QName;
use crate::name::namespaces::XSD;
use crate::reading::Reading;

/// An `xs:schema`. One without target namespace that is included has that of its includer (§4.2.1, "chameleon").
pub(crate) fn schema<'d>(
    reading: &Reading<'d>,
    element: Element<'d>,
    includer: Option<&Arc<str>>,
) -> Schema {
    let own = element.attribute("targetNamespace").filter(|text| !text.is_empty());
    let chameleon = own.is_none().then_some(includer).flatten();
    let target = match (own, chameleon) {
        (Some(own), _) => reading.namespace(own),
        (None, Some(includer)) => includer.clone(),
        (None, None) => "".into(),
    };
    let qualified = |attribute| element.attribute(attribute).map(str::trim) == Some("qualified");
    let xsd = Xsd {
        reading,
        target: target.clone(),
        is_chameleon: chameleon.is_some(),
        elements_qualified: qualified("elementFormDefault"),
        attributes_qualified: qualified("attributeFormDefault"),
    };
    let mut found = Schema {
        at: reading.at(element),
        target_namespace: target.to_string(),
        elements_qualified: xsd.elements_qualified,
        attributes_qualified: xsd.attributes_qualified,
        imports: Vec::new(),
        elements: Vec::new(),
        attributes: Vec::new(),
        types: Vec::new(),
        groups: Vec::new(),
        attribute_groups: Vec::new(),
        annotation: annotation(&xsd, element),
    };
    for child in element.elements().filter(|child| child.namespace() == XSD) {
        xsd.top(child, &mut found);
    }
    found
}

/// A schema while it is read.
struct Xsd<'r, 'd> {
    reading: &'r Reading<'d>,
    target: Arc<str>,
    is_chameleon: bool,
    elements_qualified: bool,
    attributes_qualified: bool,
}

impl<'d> Xsd<'_, 'd> {
    /// A child of `xs:schema`.
    fn top(&self, child: Element<'d>, found: &mut Schema) {
        match child.local_name() {
            "import" => found.imports.push(self.import(child, SchemaImportKind::Import)),
            "include" => found.imports.push(self.import(child, SchemaImportKind::Include)),
            "redefine" => {
                found.imports.push(self.import(child, SchemaImportKind::Redefine));
                redefine(self, child, found);
            }
            "override" => {
                found.imports.push(self.import(child, SchemaImportKind::Override));
                redefine(self, child, found);
            }
            "annotation" | "notation" | "defaultOpenContent" => {}
            _ => self.component(child, found),
        }
    }

    /// A global component.
    fn component(&self, child: Element<'d>, found: &mut Schema) {
        match child.local_name() {
            "element" => found.elements.extend(global_element(self, child)),
            "attribute" => found.attributes.extend(global_attribute(self, child)),
            "simpleType" | "complexType" => {
                if let Some(name) = self.own_name(child) {
                    found.types.push(self.type_definition(child, Some(name)));
                }
            }
            "group" => found.groups.extend(group(self, child)),
            "attributeGroup" => found.attribute_groups.extend(attribute_group(self, child)),
            _ => self.reading.misplaced(child, "<schema>"),
        }
    }

    fn import(&self, element: Element<'d>, kind: SchemaImportKind) -> SchemaImport {
        let location = element.attribute("schemaLocation").map(str::trim);
        SchemaImport {
            kind,
            namespace: element.attribute("namespace").unwrap_or_default().to_owned(),
            // Some tools write an empty one for none.
            schema_location: location.filter(|text| !text.is_empty()).map(str::to_owned),
            resolved: None,
            at: self.reading.at(element),
        }
    }

    /// The name of a global component; told when it has none.
    fn own_name(&self, element: Element<'d>) -> Option<QName> {
        let local = self.reading.required(element, "name")?.trim();
        Some(QName { namespace: self.target.clone(), local: local.into() })
    }

    /// The name of a local element or attribute on the wire.
    fn local_name(&self, element: Element<'d>, qualified: bool) -> Option<QName> {
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
    fn reference(&self, element: Element<'d>, attribute: &str) -> Option<QName> {
        let text = element.attribute(attribute)?;
        Some(self.reference_of(element, attribute, text))
    }

    fn reference_of(&self, element: Element<'d>, attribute: &str, text: &str) -> QName {
        let mut name = self.reading.qname_of(element, attribute, text);
        if self.is_chameleon && name.namespace.is_empty() {
            name.namespace = self.target.clone();
        }
        name
    }

    /// `xs:simpleType` or `xs:complexType`.
    fn type_definition(&self, element: Element<'d>, name: Option<QName>) -> TypeDefinition {
        let kind = match element.local_name() {
            "simpleType" => TypeKind::Simple(simple_type(self, element)),
            _ => TypeKind::Complex(complex_type(self, element)),
        };
        let annotation = annotation(self, element);
        TypeDefinition { name, at: self.at(element), annotation, kind }
    }

    /// The anonymous type inside an element or attribute.
    fn anonymous(&self, element: Element<'d>) -> Option<TypeReference> {
        let is_type = |child: &Element<'_>| {
            child.namespace() == XSD && matches!(child.local_name(), "simpleType" | "complexType")
        };
        let found = element.elements().find(is_type)?;
        Some(TypeReference::Anonymous(Box::new(self.type_definition(found, None))))
    }

    fn flag(&self, element: Element<'d>, attribute: &str) -> bool {
        self.reading.boolean(element, "", attribute).unwrap_or_default()
    }

    fn at(&self, element: Element<'_>) -> At {
        self.reading.at(element)
    }
}

/// A type of XML Schema's own.
fn built_in(local: &str) -> TypeReference {
    TypeReference::Named(QName::new(XSD, local))
}

fn owned(element: Element<'_>, attribute: &str) -> Option<String> {
    element.attribute(attribute).map(str::to_owned)
}
