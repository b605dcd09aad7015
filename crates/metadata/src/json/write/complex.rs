//! Objects that become elements with attributes and content.

use waxwing_xml::{Name, NodeId};

use super::members::Members;
use super::{Writer, can_be_carried, is_namespace};
use crate::contract::TypeId;
use crate::json::error::JsonError;
use crate::json::plan::{AttributePlan, Content, Field, Node, Plan};
use crate::json::scalar::clark;
use crate::json::value::Json;
use crate::json::words::listed;
use crate::name::{QName, namespaces};

impl Writer<'_, '_> {
    /// An object of a class or structure; `@type` says which of the types that extend it.
    pub(super) fn complex(
        &mut self,
        element: NodeId,
        declared: TypeId,
        value: &Json,
    ) -> Result<(), JsonError> {
        let id = match value.get("@type") {
            Some(name) => {
                let id = self.named(name).and_then(|id| self.extending(id, declared));
                id.map_err(|error| error.at_member("@type"))?
            }
            None => declared,
        };
        let codec = self.codec;
        let Some(plan) = codec.plans().get(id) else {
            return Err(JsonError::new("the type has no members"));
        };
        if plan.is_abstract {
            let others = codec.derived(declared);
            let others: Vec<_> = others.into_iter().filter_map(|id| codec.type_name(id)).collect();
            let others = listed(others.iter().map(String::as_str));
            return Err(JsonError::new(format!("\"@type\" is missing: one of {others}")));
        }
        if id != declared
            && let Some(name) = codec.types().get(id).name.clone()
        {
            self.xsi_type(element, &name)?;
        }
        self.object(element, id, plan, value)
    }

    /// The type that `@type` names.
    pub(super) fn named(&self, name: &Json) -> Result<TypeId, JsonError> {
        let Json::String(name) = name else {
            return Err(JsonError::new("expected the name of a type"));
        };
        self.codec.type_by_name(name).ok_or_else(|| {
            let text = format!(
                "the schema has no type \"{name}\", or several: write \"{{namespace}}name\""
            );
            JsonError::new(text)
        })
    }

    fn extending(&self, id: TypeId, declared: TypeId) -> Result<TypeId, JsonError> {
        if self.codec.is_derived(id, declared) {
            return Ok(id);
        }
        let others = self.codec.derived(declared).into_iter().chain([declared]);
        let others: Vec<_> = others.filter_map(|id| self.codec.type_name(id)).collect();
        let others = listed(others.iter().map(String::as_str));
        Err(JsonError::new(format!("this type cannot stand here; expected is one of {others}")))
    }

    fn object(
        &mut self,
        element: NodeId,
        id: TypeId,
        plan: &Plan,
        value: &Json,
    ) -> Result<(), JsonError> {
        let scalar;
        let members = match (value, &plan.content) {
            (Json::Object(members), _) => members.as_slice(),
            (
                Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_),
                Content::Text(_),
            ) => {
                scalar = [("#text".to_owned(), value.clone())];
                &scalar
            }
            _ => {
                let (expected, found) = (self.codec.words(id), value.kind());
                return Err(JsonError::new(format!("expected {expected}, found {found}")));
            }
        };
        let members = Members::of(members);
        members.take("@type");
        if plan.is_reference && self.reference(element, &members)? {
            return members.finish(&[], &["@ref"]);
        }
        let (nodes, more) = expected(plan);
        if !plan.any_attribute {
            members.check_names(nodes, &more)?;
        }
        self.attributes(element, plan, &members)?;
        match &plan.content {
            Content::Elements(nodes) => self.nodes(element, nodes, &members)?,
            Content::Text(text) => {
                let value = members.take("#text").cloned().unwrap_or_else(|| Json::from(""));
                let text = self.text_of(element, *text, &value);
                let text = text.map_err(|error| error.at_member("#text"))?;
                self.text(element, &text)?;
            }
            Content::Mixed => {
                match members.take("#xml") {
                    Some(Json::String(xml)) => self.inner_xml(element, xml),
                    Some(other) => {
                        let found = other.kind();
                        Err(JsonError::new(format!("expected XML in a string, found {found}")))
                    }
                    None => Ok(()),
                }
                .map_err(|error| error.at_member("#xml"))?;
            }
        }
        members.finish(nodes, &more)
    }

    /// `ser:Id` and `ser:Ref`. Gives whether it is a reference, which has no members.
    fn reference(&mut self, element: NodeId, members: &Members<'_>) -> Result<bool, JsonError> {
        for (key, local) in [("@id", "Id"), ("@ref", "Ref")] {
            let Some(value) = members.take(key) else { continue };
            let name = value.as_str().filter(|name| waxwing_xml::is_ncname(name));
            let Some(name) = name else {
                return Err(JsonError::new("expected a name like \"i1\"").at_member(key));
            };
            let attribute = Name::new("z", local, namespaces::SERIALIZATION);
            self.document.set_attribute(element, attribute, name);
            if key == "@ref" {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn attributes(
        &mut self,
        element: NodeId,
        plan: &Plan,
        members: &Members<'_>,
    ) -> Result<(), JsonError> {
        for attribute in &plan.attributes {
            let AttributePlan { key, type_id, required, fixed, .. } = attribute;
            let text = match (members.take(key), fixed) {
                (None | Some(Json::Null), _) if !required => continue,
                (None, Some(fixed)) => fixed.clone(),
                (None, None) => {
                    let expected = self.codec.words(*type_id);
                    return Err(JsonError::new(format!("\"{key}\" is missing: {expected}")));
                }
                (Some(value), _) => {
                    self.text_of(element, *type_id, value).map_err(|error| error.at_member(key))?
                }
            };
            self.attribute(element, &attribute.name, &text).map_err(|e| e.at_member(key))?;
        }
        if !plan.any_attribute {
            return Ok(());
        }
        let others = members.unused("@");
        for (key, value) in others {
            members.take(key);
            let (Some((namespace, local)), Json::String(text)) = (clark(&key[1..]), value) else {
                return Err(JsonError::new("expected the text of an attribute").at_member(key));
            };
            let name = QName::new(namespace, local);
            self.attribute(element, &name, text).map_err(|error| error.at_member(key))?;
        }
        Ok(())
    }

    fn attribute(&mut self, element: NodeId, name: &QName, text: &str) -> Result<(), JsonError> {
        let QName { namespace, local } = name;
        let is_name = waxwing_xml::is_ncname(local) && is_namespace(namespace);
        if !is_name || &**local == "xmlns" && namespace.is_empty() {
            return Err(JsonError::new(format!("{name} is no name of an attribute")));
        }
        can_be_carried(text)?;
        let prefix = match &**namespace {
            "" => "",
            waxwing_xml::XML_NAMESPACE => "xml",
            _ => "a",
        };
        self.document.set_attribute(element, Name::new(prefix, local, namespace), text);
        Ok(())
    }

    /// Entries: an object by the texts of the keys, or a list of objects with key and value.
    pub(super) fn dictionary(
        &mut self,
        element: NodeId,
        entry: &QName,
        (key, of): (&Field, &Field),
        value: &Json,
    ) -> Result<(), JsonError> {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    let item = self.element(element, entry)?;
                    self.one(item, key, &Json::from(name.as_str()))
                        .and_then(|()| self.one(item, of, value))
                        .map_err(|error| error.at_member(name))?;
                }
                Ok(())
            }
            Json::Array(items) => {
                for (i, value) in items.iter().enumerate() {
                    let item = self.element(element, entry)?;
                    let written = self.entry(item, key, of, value);
                    written.map_err(|error| error.at_index(i))?;
                }
                Ok(())
            }
            other => {
                let found = other.kind();
                let (key, of) = (&key.key, &of.key);
                Err(JsonError::new(format!(
                    "expected an object by keys, or a list of {{ \"{key}\", \"{of}\" }}, found {found}"
                )))
            }
        }
    }

    fn entry(
        &mut self,
        item: NodeId,
        key: &Field,
        of: &Field,
        value: &Json,
    ) -> Result<(), JsonError> {
        let Json::Object(members) = value else {
            let found = value.kind();
            return Err(JsonError::new(format!("expected an object, found {found}")));
        };
        let members = Members::of(members);
        for field in [key, of] {
            let Some(value) = members.take(&field.key) else {
                return Err(JsonError::new(format!("\"{}\" is missing", field.key)));
            };
            self.one(item, field, value).map_err(|error| error.at_member(&field.key))?;
        }
        members.finish(&[], &[&key.key, &of.key])
    }
}

/// The pieces of content and the other names that an object may have.
fn expected(plan: &Plan) -> (&[Node], Vec<&str>) {
    let attributes = plan.attributes.iter().map(|attribute| attribute.key.as_str());
    let (nodes, content): (&[Node], _) = match &plan.content {
        Content::Elements(nodes) => (nodes, None),
        Content::Text(_) => (&[], Some("#text")),
        Content::Mixed => (&[], Some("#xml")),
    };
    let reference: &[&str] = if plan.is_reference { &["@id", "@ref"] } else { &[] };
    let more = ["@type"].into_iter().chain(reference.iter().copied());
    (nodes, more.chain(attributes).chain(content).collect())
}
