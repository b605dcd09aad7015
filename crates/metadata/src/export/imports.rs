//! Schemas that only import others.

use waxwing_xml::{Document, Name, NodeId};

use crate::name::namespaces::XSD;
use crate::schema::Schema;

pub(super) fn write(document: &mut Document, parent: NodeId, schema: &Schema) {
    let element = document.append_element(parent, Name::new("xsd", "schema", XSD));
    fill(document, element, schema);
}

pub(super) fn document(schema: &Schema) -> Document {
    let mut document = Document::new(Name::new("xs", "schema", XSD));
    let root = document.root().id();
    fill(&mut document, root, schema);
    document
}

fn fill(document: &mut Document, element: NodeId, schema: &Schema) {
    document.set_attribute(element, Name::local("targetNamespace"), &schema.target_namespace);
    for import in &schema.imports {
        let child = document.append_element(element, Name::new("xsd", "import", XSD));
        if let Some(location) = &import.schema_location {
            document.set_attribute(child, Name::local("schemaLocation"), location);
        }
        document.set_attribute(child, Name::local("namespace"), &import.namespace);
    }
}
