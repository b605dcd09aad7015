//! What the tests have in common.

use std::sync::Arc;

use waxwing_metadata::contract::{ContractSet, Member, Shape, Type, TypeId};
use waxwing_metadata::json::{Codec, Json, JsonError};
use waxwing_metadata::{QName, namespaces};
use waxwing_xml::{Document, Limits, Name};

/// A set of contracts that only has types.
#[derive(Default)]
pub(crate) struct Types(pub(crate) ContractSet);

impl Types {
    /// `xs:…`, and `ser:guid`, `ser:char`.
    pub(crate) fn built_in(&mut self, local: &str) -> TypeId {
        let namespace = match local {
            "guid" | "char" => namespaces::SERIALIZATION,
            _ => namespaces::XSD,
        };
        let name = QName::new(namespace, local);
        match self.0.types.find(&name) {
            Some(id) => id,
            None => self.0.types.add(Type::new(name.clone(), Shape::BuiltIn(name))),
        }
    }

    pub(crate) fn add(&mut self, local: &str, shape: Shape) -> TypeId {
        self.0.types.add(Type::new(QName::new("urn:t", local), shape))
    }

    pub(crate) fn codec(self) -> Codec {
        Codec::new(Arc::new(self.0))
    }
}

pub(crate) fn member(local: &str, id: TypeId) -> Member {
    Member::new(QName::new("urn:m", local), id)
}

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The XML of a value as an element, without the one around it.
pub(crate) fn write(codec: &Codec, member: &Member, value: &Json) -> Result<String, JsonError> {
    let mut document = Document::new(Name::new("", "root", ""));
    let root = document.root().id();
    codec.write_element(member, value, &mut document, root)?;
    let mut out = Vec::new();
    document.write_children_to(root, &mut out);
    Ok(String::from_utf8(out).expect("UTF-8"))
}

pub(crate) fn read(codec: &Codec, member: &Member, xml: &str) -> Result<Json, JsonError> {
    let document = Document::parse(xml.as_bytes(), &Limits::SOAP);
    let document = document.unwrap_or_else(|error| panic!("{xml}: {error}"));
    codec.read_element(member, document.root())
}
