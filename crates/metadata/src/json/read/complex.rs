//! Elements with attributes and content that become objects.

use waxwing_xml::{Element, XML_NAMESPACE};

use super::content::Cursor;
use super::{Reader, XSI, inner, outer};
use crate::contract::TypeId;
use crate::json::error::JsonError;
use crate::json::plan::{Content, Node, Plan};
use crate::json::value::Json;
use crate::name::namespaces;

impl Reader<'_> {
    /// An object of a class or structure; `xsi:type` says which of the types that extend it.
    pub(super) fn complex(self, declared: TypeId, element: Element<'_>) -> Result<Json, JsonError> {
        let mut out = Vec::new();
        let mut id = declared;
        if let Some(named) = self.named(element)
            && named != declared
            && self.codec.is_derived(named, declared)
        {
            id = named;
            let name = self.codec.type_name(id).unwrap_or_default();
            out.push(("@type".to_owned(), Json::String(name)));
        }
        let Some(plan) = self.codec.plans().get(id) else {
            return Err(JsonError::new("the type has no members"));
        };
        self.object(plan, element, &mut out)?;
        Ok(Json::Object(out))
    }

    /// The type that `xsi:type` names, among those of the contracts.
    pub(super) fn named(self, element: Element<'_>) -> Option<TypeId> {
        let (namespace, local) = element.resolve_qname(element.attribute_ns(XSI, "type")?)?;
        self.codec.type_by_qname(namespace, local)
    }

    fn object(
        self,
        plan: &Plan,
        element: Element<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        self.attributes(plan, element, out)?;
        match &plan.content {
            Content::Elements(nodes) => self.content(nodes, element, out)?,
            Content::Text(text) => {
                let value = self.simple(*text, &element.text(), element);
                let value = value.map_err(|error| error.at_member("#text"))?;
                out.push(("#text".to_owned(), value));
            }
            Content::Mixed => out.push(("#xml".to_owned(), Json::String(inner(element)))),
        }
        Ok(())
    }

    /// The elements in an element.
    pub(in crate::json) fn content(
        self,
        nodes: &[Node],
        element: Element<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        let mut cursor = Cursor::of(element);
        self.nodes(nodes, &mut cursor, out)?;
        self.rest(nodes, &mut cursor, out)
    }

    fn attributes(
        self,
        plan: &Plan,
        element: Element<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        for attribute in element.attributes() {
            let name = attribute.name();
            if name.namespace == XSI {
                continue;
            }
            if plan.is_reference && name.namespace == namespaces::SERIALIZATION {
                let key = if name.local == "Ref" { "@ref" } else { "@id" };
                out.push((key.to_owned(), Json::from(attribute.value())));
                continue;
            }
            let mut known = plan.attributes.iter();
            match known.find(|known| known.name.is(name.namespace, name.local)) {
                Some(known) => {
                    let value = self.simple(known.type_id, attribute.value(), element);
                    let value = value.map_err(|error| error.at_member(&known.key))?;
                    out.push((known.key.clone(), value));
                }
                None if name.namespace == namespaces::SERIALIZATION => {}
                None => {
                    let key = match name.namespace {
                        "" if name.local != "type" => format!("@{}", name.local),
                        namespace => format!("@{{{namespace}}}{}", name.local),
                    };
                    if name.namespace != XML_NAMESPACE || plan.any_attribute {
                        out.push((key, Json::from(attribute.value())));
                    }
                }
            }
        }
        Ok(())
    }

    /// Elements that the type does not have where they stand: those that it has elsewhere are taken all the same, since
    /// some services keep no order; the others are given as XML, so that nothing is lost.
    fn rest(
        self,
        nodes: &[Node],
        cursor: &mut Cursor<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        if cursor.peek().is_none() {
            return Ok(());
        }
        let fields = super::content::by_name(nodes);
        let mut unknown = Vec::new();
        while let Some(element) = cursor.next() {
            let name = (element.namespace(), element.local_name());
            match fields.get(&name) {
                Some(field) if out.iter().all(|(key, _)| *key != field.key) => {
                    let value = self.one(field, element).map_err(|e| e.at_member(&field.key))?;
                    let repeated = field.occurs.max != Some(1);
                    let value = if repeated { Json::Array(vec![value]) } else { value };
                    out.push((field.key.clone(), value));
                }
                _ => unknown.push(Json::String(outer(element))),
            }
        }
        if !unknown.is_empty() {
            out.push(("#unknown".to_owned(), Json::Array(unknown)));
        }
        Ok(())
    }
}
