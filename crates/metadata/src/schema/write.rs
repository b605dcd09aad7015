//! Writing schema documents (XML Schema 1.0 Part 1), with the attributes in the order that .NET has.
//!
//! Prefixes are `xs`, `tns` for the target namespace, `ser` for the serialization schema, and `q1`, `q2`, … for others in the
//! order in which they are met. The writer goes as deep as the model does, whose depth its reader has limited.

use std::collections::BTreeMap;

use waxwing_xml::{Document, Name, NodeId};

use super::model::*;
use crate::name::QName;
use crate::name::namespaces::{SERIALIZATION, XSD};

/// Writes a schema as a document of its own.
pub fn write(schema: &Schema) -> Document {
    let mut document = Document::new(Name::new("xs", "schema", XSD));
    let root = document.root().id();
    fill(&mut document, root, schema);
    document
}

/// Writes a schema as the last child of an element: of `wsdl:types`, say.
pub fn write_into(document: &mut Document, parent: NodeId, schema: &Schema) {
    let root = document.append_element(parent, Name::new("xs", "schema", XSD));
    fill(document, root, schema);
}

fn fill(document: &mut Document, root: NodeId, schema: &Schema) {
    let mut writer = Writer { document, root, schema, prefixes: BTreeMap::new() };
    writer.flag(root, "attributeFormDefault", schema.attributes_qualified.then_some("qualified"));
    writer.flag(root, "elementFormDefault", schema.elements_qualified.then_some("qualified"));
    if !schema.target_namespace.is_empty() {
        writer.attribute(root, "targetNamespace", &schema.target_namespace);
        writer.prefix(&schema.target_namespace);
    }
    writer.annotation(root, &schema.annotation);
    schema.imports.iter().for_each(|import| writer.import(import));
    schema.elements.iter().for_each(|element| {
        writer.element(root, element, true);
    });
    schema.types.iter().for_each(|definition| writer.type_definition(root, definition));
    schema.groups.iter().for_each(|group| writer.group(group));
    schema.attributes.iter().for_each(|attribute| {
        writer.attribute_declaration(root, attribute, true);
    });
    schema.attribute_groups.iter().for_each(|group| writer.attribute_group(group));
}

struct Writer<'w> {
    document: &'w mut Document,
    root: NodeId,
    schema: &'w Schema,
    prefixes: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn append(&mut self, parent: NodeId, local: &str) -> NodeId {
        self.document.append_element(parent, Name::new("xs", local, XSD))
    }

    fn attribute(&mut self, element: NodeId, name: &str, value: &str) {
        self.document.set_attribute(element, Name::local(name), value);
    }

    fn flag(&mut self, element: NodeId, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.attribute(element, name, value);
        }
    }

    /// The prefix of a namespace that is not empty, declared on the schema.
    fn prefix(&mut self, namespace: &str) -> String {
        if let Some(known) = self.prefixes.get(namespace) {
            return known.clone();
        }
        let others = self.prefixes.values().filter(|prefix| prefix.starts_with('q')).count();
        let prefix = match namespace {
            XSD => "xs".to_owned(),
            "http://www.w3.org/XML/1998/namespace" => "xml".to_owned(),
            own if own == self.schema.target_namespace => "tns".to_owned(),
            SERIALIZATION => "ser".to_owned(),
            _ => format!("q{}", others + 1),
        };
        self.document.declare_namespace(self.root, &prefix, namespace);
        self.prefixes.insert(namespace.to_owned(), prefix.clone());
        prefix
    }

    fn name(&mut self, name: &QName) -> String {
        match &*name.namespace {
            "" => name.local.to_string(),
            namespace => format!("{}:{}", self.prefix(namespace), name.local),
        }
    }

    fn reference(&mut self, element: NodeId, attribute: &str, name: &QName) {
        let text = self.name(name);
        self.attribute(element, attribute, &text);
    }

    fn import(&mut self, import: &SchemaImport) {
        let kind = match import.kind {
            SchemaImportKind::Import => "import",
            SchemaImportKind::Include => "include",
            SchemaImportKind::Redefine => "redefine",
            SchemaImportKind::Override => "override",
        };
        let element = self.append(self.root, kind);
        self.flag(element, "schemaLocation", import.schema_location.as_deref());
        if import.kind == SchemaImportKind::Import && !import.namespace.is_empty() {
            self.attribute(element, "namespace", &import.namespace);
        }
    }

    fn annotation(&mut self, parent: NodeId, annotation: &Annotation) {
        let Annotation { documentation, application_information } = annotation;
        if documentation.is_none() && application_information.is_empty() {
            return;
        }
        let element = self.append(parent, "annotation");
        // WCF looks into the first `xs:appinfo`, wherever it is.
        for information in application_information {
            self.document.import(element, information.root());
        }
        if let Some(text) = documentation {
            let documentation = self.append(element, "documentation");
            self.document.append_text(documentation, text);
        }
    }

    /// A global element, or a local one.
    fn element(
        &mut self,
        parent: NodeId,
        declaration: &ElementDeclaration,
        global: bool,
    ) -> NodeId {
        let element = self.append(parent, "element");
        self.declared(element, declaration, global);
        element
    }

    /// What an element has whose occurrences are written.
    fn declared(&mut self, element: NodeId, declaration: &ElementDeclaration, global: bool) {
        if !global {
            let qualified = !declaration.name.namespace.is_empty();
            self.form(element, qualified, self.schema.elements_qualified);
        }
        self.flag(element, "abstract", declaration.is_abstract.then_some("true"));
        self.attribute(element, "name", &declaration.name.local);
        self.flag(element, "nillable", declaration.nillable.then_some("true"));
        if let Some(head) = &declaration.substitution_group {
            self.reference(element, "substitutionGroup", head);
        }
        self.flag(element, "default", declaration.default.as_deref());
        self.flag(element, "fixed", declaration.fixed.as_deref());
        if let (true, TypeReference::Named(name)) =
            (declaration.type_written, &declaration.type_reference)
        {
            self.reference(element, "type", name);
        }
        self.annotation(element, &declaration.annotation);
        if let TypeReference::Anonymous(definition) = &declaration.type_reference {
            self.type_definition(element, definition);
        }
    }

    fn form(&mut self, element: NodeId, qualified: bool, default: bool) {
        // Without a target namespace both forms are one.
        if qualified != default && !self.schema.target_namespace.is_empty() {
            let form = if qualified { "qualified" } else { "unqualified" };
            self.attribute(element, "form", form);
        }
    }

    fn type_definition(&mut self, parent: NodeId, definition: &TypeDefinition) {
        let kind = match &definition.kind {
            TypeKind::Simple(_) => "simpleType",
            TypeKind::Complex(_) => "complexType",
        };
        let element = self.append(parent, kind);
        if let TypeKind::Complex(complex) = &definition.kind {
            self.flag(element, "abstract", complex.is_abstract.then_some("true"));
            let mixed = complex.mixed && matches!(complex.content, Content::Particle(_));
            self.flag(element, "mixed", mixed.then_some("true"));
        }
        self.flag(element, "name", definition.name.as_ref().map(|name| &*name.local));
        self.annotation(element, &definition.annotation);
        match &definition.kind {
            TypeKind::Simple(simple) => self.simple(element, simple),
            TypeKind::Complex(complex) => self.complex(element, complex),
        }
    }

    fn simple(&mut self, parent: NodeId, simple: &SimpleType) {
        match simple {
            SimpleType::Restriction { base, facets } => {
                let element = self.append(parent, "restriction");
                self.type_reference(element, "base", base);
                self.facets(element, facets);
            }
            SimpleType::List { item } => {
                let element = self.append(parent, "list");
                self.type_reference(element, "itemType", item);
            }
            SimpleType::Union { members } => {
                let element = self.append(parent, "union");
                let mut names = Vec::new();
                for member in members {
                    match member {
                        TypeReference::Named(name) => names.push(self.name(name)),
                        TypeReference::Anonymous(own) => self.type_definition(element, own),
                    }
                }
                self.flag(
                    element,
                    "memberTypes",
                    (!names.is_empty()).then(|| names.join(" ")).as_deref(),
                );
            }
        }
    }

    fn type_reference(&mut self, element: NodeId, attribute: &str, reference: &TypeReference) {
        match reference {
            TypeReference::Named(name) => self.reference(element, attribute, name),
            TypeReference::Anonymous(definition) => self.type_definition(element, definition),
        }
    }

    fn facets(&mut self, parent: NodeId, facets: &[Facet]) {
        for facet in facets {
            let element = self.append(parent, &facet.name);
            self.attribute(element, "value", &facet.value);
            self.annotation(element, &facet.annotation);
        }
    }

    fn complex(&mut self, element: NodeId, complex: &ComplexType) {
        let derived = |derivation: &Derivation| match derivation {
            Derivation::Extension => "extension",
            Derivation::Restriction => "restriction",
        };
        let inner = match &complex.content {
            Content::Particle(particle) => {
                particle.iter().for_each(|particle| self.particle(element, particle));
                element
            }
            Content::Complex { derivation, base, particle } => {
                let content = self.append(element, "complexContent");
                self.attribute(content, "mixed", if complex.mixed { "true" } else { "false" });
                let inner = self.append(content, derived(derivation));
                self.reference(inner, "base", base);
                particle.iter().for_each(|particle| self.particle(inner, particle));
                inner
            }
            Content::Simple { derivation, base, facets } => {
                let content = self.append(element, "simpleContent");
                let inner = self.append(content, derived(derivation));
                self.reference(inner, "base", base);
                self.facets(inner, facets);
                inner
            }
        };
        self.attribute_uses(inner, &complex.attributes, &complex.attribute_groups);
        if let Some(wildcard) = &complex.any_attribute {
            self.wildcard(inner, "anyAttribute", wildcard);
        }
    }

    fn occurs(&mut self, element: NodeId, particle: &Particle) {
        if particle.min_occurs != 1 {
            self.attribute(element, "minOccurs", &particle.min_occurs.to_string());
        }
        match particle.max_occurs {
            Some(1) => {}
            Some(most) => self.attribute(element, "maxOccurs", &most.to_string()),
            None => self.attribute(element, "maxOccurs", "unbounded"),
        }
    }

    fn particle(&mut self, parent: NodeId, particle: &Particle) {
        let name = match &particle.term {
            Term::Element(_) | Term::ElementReference(_) => "element",
            Term::Sequence(_) => "sequence",
            Term::Choice(_) => "choice",
            Term::All(_) => "all",
            Term::GroupReference(_) => "group",
            Term::Any(_) => "any",
        };
        let element = self.append(parent, name);
        self.occurs(element, particle);
        match &particle.term {
            Term::Element(declaration) => self.declared(element, declaration, false),
            Term::ElementReference(name) | Term::GroupReference(name) => {
                self.reference(element, "ref", name);
            }
            Term::Sequence(inner) | Term::Choice(inner) | Term::All(inner) => {
                inner.iter().for_each(|inner| self.particle(element, inner));
            }
            Term::Any(wildcard) => self.wildcard_attributes(element, wildcard),
        }
    }

    fn wildcard(&mut self, parent: NodeId, name: &str, wildcard: &Wildcard) {
        let element = self.append(parent, name);
        self.wildcard_attributes(element, wildcard);
    }

    fn wildcard_attributes(&mut self, element: NodeId, wildcard: &Wildcard) {
        self.flag(element, "namespace", wildcard.namespace_written.then_some(&wildcard.namespace));
        let process = &wildcard.process_contents;
        self.flag(element, "processContents", (process != "strict").then_some(process));
    }

    fn attribute_declaration(
        &mut self,
        parent: NodeId,
        declaration: &AttributeDeclaration,
        global: bool,
    ) -> NodeId {
        let element = self.append(parent, "attribute");
        if !global {
            let qualified = !declaration.name.namespace.is_empty();
            self.form(element, qualified, self.schema.attributes_qualified);
        }
        self.attribute(element, "name", &declaration.name.local);
        self.flag(element, "default", declaration.default.as_deref());
        self.flag(element, "fixed", declaration.fixed.as_deref());
        self.annotation(element, &declaration.annotation);
        self.type_reference(element, "type", &declaration.type_reference);
        element
    }

    fn attribute_uses(&mut self, parent: NodeId, uses: &[AttributeUse], groups: &[QName]) {
        for own in uses {
            let element = match &own.attribute {
                AttributeTerm::Local(declaration) => {
                    self.attribute_declaration(parent, declaration, false)
                }
                AttributeTerm::Reference(name) => {
                    let element = self.append(parent, "attribute");
                    self.reference(element, "ref", name);
                    self.flag(element, "default", own.default.as_deref());
                    self.flag(element, "fixed", own.fixed.as_deref());
                    element
                }
            };
            let usage = match own.usage {
                AttributeUsage::Optional => None,
                AttributeUsage::Required => Some("required"),
                AttributeUsage::Prohibited => Some("prohibited"),
            };
            self.flag(element, "use", usage);
            for (name, value) in &own.foreign {
                let prefix = self.prefix(&name.namespace);
                let name = Name::new(&prefix, &name.local, &name.namespace);
                self.document.set_attribute(element, name, value);
            }
        }
        for group in groups {
            let element = self.append(parent, "attributeGroup");
            self.reference(element, "ref", group);
        }
    }

    fn group(&mut self, group: &ModelGroup) {
        let element = self.append(self.root, "group");
        self.attribute(element, "name", &group.name.local);
        self.annotation(element, &group.annotation);
        group.particle.iter().for_each(|particle| self.particle(element, particle));
    }

    fn attribute_group(&mut self, group: &AttributeGroup) {
        let element = self.append(self.root, "attributeGroup");
        self.attribute(element, "name", &group.name.local);
        self.annotation(element, &group.annotation);
        self.attribute_uses(element, &group.attributes, &group.attribute_groups);
        if let Some(wildcard) = &group.any_attribute {
            self.wildcard(element, "anyAttribute", wildcard);
        }
    }
}
