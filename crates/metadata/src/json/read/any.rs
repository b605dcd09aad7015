//! Values whose type the schema leaves open.

use waxwing_xml::Element;

use super::{Reader, XSI, is_nil, outer, resolved, xml};
use crate::contract::Shape;
use crate::json::codec::built_in_name;
use crate::json::error::JsonError;
use crate::json::scalar::Scalar;
use crate::json::value::Json;
use crate::name::{QName, namespaces};

impl Reader<'_> {
    /// A value that says itself what it is.
    pub(super) fn any(self, element: Element<'_>) -> Result<Json, JsonError> {
        let Some(name) = self.type_name(element) else {
            let is_object = element.child_ids().next().is_none()
                && element.attributes().all(|attribute| attribute.name().namespace == XSI);
            return Ok(match is_object {
                true => Json::Object(Vec::new()),
                false => Json::object([("#xml", Json::String(outer(element)))]),
            });
        };
        if let Some(built_in) = built_in_name(&name) {
            return self.built_in(&name, built_in, element);
        }
        let Some(id) = self.named(element) else {
            return Ok(Json::object([("#xml", Json::String(outer(element)))]));
        };
        let value = self.value(id, element)?;
        let type_name = Json::String(self.codec.type_name(id).unwrap_or_default());
        let is_object = matches!(self.codec.shape(id), Shape::Class(_) | Shape::Structure(_));
        Ok(match value {
            Json::Object(members) if is_object => {
                let members = members.into_iter().filter(|(key, _)| key != "@type");
                Json::object(std::iter::once(("@type".to_owned(), type_name)).chain(members))
            }
            value => Json::object([("@type", type_name), ("#value", value)]),
        })
    }

    fn type_name(self, element: Element<'_>) -> Option<QName> {
        let text = element.attribute_ns(XSI, "type")?;
        let (namespace, local) = element.resolve_qname(text)?;
        Some(QName::new(namespace, local))
    }

    fn built_in(
        self,
        name: &QName,
        shown: String,
        element: Element<'_>,
    ) -> Result<Json, JsonError> {
        if *name.namespace == *namespaces::XSD && &*name.local == "anyType" {
            return Ok(xml(element));
        }
        let value = Scalar::of(name).to_json(&element.text(), &|name| resolved(element, name))?;
        // What JSON has itself needs no type.
        let says_itself = match (&*name.local, &value) {
            _ if *name.namespace != *namespaces::XSD => false,
            ("string" | "boolean" | "int", _) => true,
            ("double", Json::Number(text)) => text.contains(['.', 'e', 'E']),
            _ => false,
        };
        Ok(match says_itself {
            true => value,
            false => Json::object([("@type", Json::String(shown)), ("#value", value)]),
        })
    }

    /// A class that serializes itself: members of any type.
    pub(super) fn serializable(self, element: Element<'_>) -> Result<Json, JsonError> {
        let mut members = Vec::new();
        for child in element.elements() {
            let key = child.local_name();
            let value = match is_nil(child) {
                true => Json::Null,
                false => self.any(child).map_err(|error| error.at_member(key))?,
            };
            members.push((key.to_owned(), value));
        }
        Ok(Json::Object(members))
    }
}
