//! JSON to XML: values into elements, in the order that the schema demands.

mod any;
mod complex;
mod content;
mod members;

use waxwing_xml::{Document, Limits, Name, Node as XmlNode, NodeId, first_forbidden_character};

use super::codec::Codec;
use super::error::JsonError;
use super::limits::MAX_DEPTH;
use super::plan::Field;
use super::scalar::Scalar;
use super::value::Json;
use crate::contract::{Member, Shape, TypeId};
use crate::name::{QName, namespaces};

/// The namespace of `xsi:nil` and `xsi:type`.
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Writes values into a document.
pub(super) struct Writer<'c, 'd> {
    pub(super) codec: &'c Codec,
    pub(super) document: &'d mut Document,
    /// How deep values may still nest.
    left: usize,
}

impl Codec {
    /// Writes a value as an element of this name and type, into `parent`: a part, a header, the detail of a fault.
    ///
    /// # Errors
    /// The value is not of the type; the error says where and what is expected.
    pub fn write_element(
        &self,
        member: &Member,
        value: &Json,
        document: &mut Document,
        parent: NodeId,
    ) -> Result<(), JsonError> {
        let field = Field::of(member);
        Writer::new(self, document).one(parent, &field, value)
    }
}

impl<'c, 'd> Writer<'c, 'd> {
    pub(super) fn new(codec: &'c Codec, document: &'d mut Document) -> Self {
        Self { codec, document, left: MAX_DEPTH }
    }

    /// An element for a value. A schema may hold names that no element can have.
    pub(super) fn element(&mut self, parent: NodeId, name: &QName) -> Result<NodeId, JsonError> {
        let QName { namespace, local } = name;
        if !waxwing_xml::is_ncname(local) || !is_namespace(namespace) {
            return Err(JsonError::new(format!("{name} of the schema is no name of an element")));
        }
        Ok(self.document.append_element(parent, Name::new("", local, namespace)))
    }

    /// One element with one value, which may be null.
    pub(super) fn one(
        &mut self,
        parent: NodeId,
        field: &Field,
        value: &Json,
    ) -> Result<(), JsonError> {
        if *value == Json::Null {
            if !field.nillable {
                let expected = self.codec.words(field.type_id);
                return Err(JsonError::new(format!(
                    "expected {expected}, found null, which the schema does not allow here"
                )));
            }
            let element = self.element(parent, &field.name)?;
            self.document.set_attribute(element, Name::new("i", "nil", XSI), "true");
            return Ok(());
        }
        let element = self.element(parent, &field.name)?;
        self.value(element, field.type_id, value)
    }

    /// The content of an element.
    pub(super) fn value(
        &mut self,
        element: NodeId,
        id: TypeId,
        value: &Json,
    ) -> Result<(), JsonError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(JsonError::new(format!("values are nested deeper than {MAX_DEPTH}")));
        };
        self.left = left;
        let codec = self.codec;
        match codec.shape(id) {
            Shape::Any => self.any(element, value),
            Shape::Xml { .. } => self.xml(element, value),
            Shape::Class(_) | Shape::Structure(_) => self.complex(element, id, value),
            Shape::Collection(item) => self.items(element, &Field::of(item), value),
            Shape::Dictionary { entry, key, value: of } => {
                self.dictionary(element, entry, (&Field::of(key), &Field::of(of)), value)
            }
            Shape::Serializable { factory_type } => {
                self.serializable(element, factory_type.as_ref(), value)
            }
            _ => {
                let text = self.text_of(element, id, value)?;
                self.text(element, &text)
            }
        }?;
        self.left = left + 1;
        Ok(())
    }

    /// The text of a simple value; prefixes that it needs are declared on the element.
    pub(super) fn text_of(
        &mut self,
        element: NodeId,
        id: TypeId,
        value: &Json,
    ) -> Result<String, JsonError> {
        let mut declared = Vec::new();
        let simple = self.codec.simple();
        let text = simple.to_text(id, value, &mut |namespace| prefix(&mut declared, namespace))?;
        self.declare(element, &declared);
        Ok(text)
    }

    /// The same of a built-in type by its name.
    pub(super) fn scalar_of(
        &mut self,
        element: NodeId,
        name: &QName,
        value: &Json,
    ) -> Result<String, JsonError> {
        let mut declared = Vec::new();
        let text =
            Scalar::of(name).to_text(value, &mut |namespace| prefix(&mut declared, namespace))?;
        self.declare(element, &declared);
        Ok(text)
    }

    fn declare(&mut self, element: NodeId, namespaces: &[String]) {
        for (i, namespace) in namespaces.iter().enumerate() {
            self.document.declare_namespace(element, &format!("q{i}"), namespace);
        }
    }

    /// Appends text that XML can carry.
    pub(super) fn text(&mut self, element: NodeId, text: &str) -> Result<(), JsonError> {
        can_be_carried(text)?;
        self.document.append_text(element, text);
        Ok(())
    }

    /// `xsi:type` with the name of a type.
    pub(super) fn xsi_type(&mut self, element: NodeId, name: &QName) -> Result<(), JsonError> {
        if !waxwing_xml::is_ncname(&name.local) || !is_namespace(&name.namespace) {
            return Err(JsonError::new(format!("{name} of the schema is no name of a type")));
        }
        let text = match &*name.namespace {
            "" => name.local.to_string(),
            namespace => {
                let prefix = if namespace == namespaces::XSD { "xs" } else { "t" };
                self.document.declare_namespace(element, prefix, namespace);
                format!("{prefix}:{}", name.local)
            }
        };
        self.document.set_attribute(element, Name::new("i", "type", XSI), &text);
        Ok(())
    }

    /// Copies content that is given as XML: elements and text.
    pub(super) fn inner_xml(&mut self, element: NodeId, xml: &str) -> Result<(), JsonError> {
        let whole = format!("<x>{xml}</x>");
        let parsed = parse(&whole)?;
        for child in parsed.root().children() {
            match child {
                XmlNode::Element(child) => {
                    self.document.import(element, child);
                }
                XmlNode::Text(text) => self.document.append_text(element, text),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What writes the members of a body.
pub(super) type WriteMembers<'w> =
    dyn FnMut(&[super::plan::Node], &members::Members<'_>) -> Result<(), JsonError> + 'w;

/// The members of a body, all of which have to be known.
pub(super) fn members_of_body(
    members: &[(String, Json)],
    nodes: &[super::plan::Node],
    write: &mut WriteMembers<'_>,
) -> Result<(), JsonError> {
    let members = members::Members::of(members);
    // A misspelt name says more than that the right one is missing.
    members.check_names(nodes, &[])?;
    write(nodes, &members)?;
    members.finish(nodes, &[])
}

pub(super) fn parse(xml: &str) -> Result<Document, JsonError> {
    Document::parse(xml.as_bytes(), &Limits::SOAP)
        .map_err(|error| JsonError::new(format!("this is no XML: {error}")))
}

/// A prefix for a namespace: the place among those of one value.
fn prefix(declared: &mut Vec<String>, namespace: &str) -> String {
    let known = declared.iter().position(|known| known == namespace);
    let place = known.unwrap_or_else(|| {
        declared.push(namespace.to_owned());
        declared.len() - 1
    });
    format!("q{place}")
}

/// Whether XML can carry a text.
pub(super) fn can_be_carried(text: &str) -> Result<(), JsonError> {
    match first_forbidden_character(text) {
        None => Ok(()),
        Some((_, c)) => {
            let code = u32::from(c);
            Err(JsonError::new(format!("the text holds U+{code:04X}, which XML cannot carry")))
        }
    }
}

/// Whether names can be in a namespace.
pub(super) fn is_namespace(namespace: &str) -> bool {
    namespace != "http://www.w3.org/2000/xmlns/" && first_forbidden_character(namespace).is_none()
}
