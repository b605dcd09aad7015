//! Schema documents (XML Schema 1.0 Part 1 §3; `override` of 1.1).

mod annotation;
mod attributes;
mod complex;
mod component;
mod elements;
mod particles;
mod reader;
mod redefine;
mod simple;

use std::sync::Arc;

use waxwing_xml::Element;

use self::annotation::annotation;
use self::component::{component, type_definition};
use self::reader::Xsd;
use self::redefine::redefine;
use super::model::{Schema, SchemaImport, SchemaImportKind};
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
        define: type_definition,
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
        top(&xsd, child, &mut found);
    }
    found
}

/// A child of `xs:schema`.
fn top<'d>(xsd: &Xsd<'_, 'd>, child: Element<'d>, found: &mut Schema) {
    match child.local_name() {
        "import" => found.imports.push(import(xsd, child, SchemaImportKind::Import)),
        "include" => found.imports.push(import(xsd, child, SchemaImportKind::Include)),
        "redefine" => {
            found.imports.push(import(xsd, child, SchemaImportKind::Redefine));
            redefine(xsd, child, found);
        }
        "override" => {
            found.imports.push(import(xsd, child, SchemaImportKind::Override));
            redefine(xsd, child, found);
        }
        "annotation" | "notation" | "defaultOpenContent" => {}
        _ => component(xsd, child, found),
    }
}

fn import(xsd: &Xsd<'_, '_>, element: Element<'_>, kind: SchemaImportKind) -> SchemaImport {
    let location = element.attribute("schemaLocation").map(str::trim);
    SchemaImport {
        kind,
        namespace: element.attribute("namespace").unwrap_or_default().to_owned(),
        // Some tools write an empty one for none.
        schema_location: location.filter(|text| !text.is_empty()).map(str::to_owned),
        resolved: None,
        at: xsd.reading.at(element),
    }
}
