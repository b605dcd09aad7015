//! Values whose type the schema leaves open: `xs:anyType`, XML, classes that serialize themselves.

use waxwing_xml::{Name, NodeId};

use super::{Writer, parse};
use crate::json::codec::built_in;
use crate::json::error::JsonError;
use crate::json::value::Json;
use crate::name::{QName, namespaces};

impl Writer<'_, '_> {
    /// A value of any type, which says itself what it is (`xsi:type`).
    pub(super) fn any(&mut self, element: NodeId, value: &Json) -> Result<(), JsonError> {
        let (name, text) = match value {
            Json::Bool(value) => ("boolean", value.to_string()),
            Json::String(text) => ("string", text.clone()),
            Json::Number(text) => (number_type(text), text.to_string()),
            Json::Object(members) => return self.any_object(element, members, value),
            Json::Array(_) => {
                let text =
                    "a list of any type has to say which: { \"@type\": \"…\", \"#value\": […] }";
                return Err(JsonError::new(text));
            }
            Json::Null => return Err(JsonError::new("null is not allowed here")),
        };
        let name = QName::new(namespaces::XSD, name);
        self.xsi_type(element, &name)?;
        self.text(element, &text)
    }

    fn any_object(
        &mut self,
        element: NodeId,
        members: &[(String, Json)],
        value: &Json,
    ) -> Result<(), JsonError> {
        if let Some(Json::String(xml)) = value.get("#xml") {
            return self.outer_xml(element, xml).map_err(|error| error.at_member("#xml"));
        }
        let Some(name) = value.get("@type") else {
            return match members {
                [] => Ok(()),
                _ => Err(JsonError::new("the value can be of any type: say which, as \"@type\"")),
            };
        };
        let inner = value.get("#value");
        if let Some(name) = name.as_str().and_then(built_in) {
            let inner = inner.ok_or_else(|| JsonError::new("\"#value\" is missing"))?;
            self.xsi_type(element, &name)?;
            let text = self.scalar_of(element, &name, inner).map_err(|e| e.at_member("#value"))?;
            return self.text(element, &text);
        }
        let id = self.named(name).map_err(|error| error.at_member("@type"))?;
        if let Some(name) = self.codec.types().get(id).name.clone() {
            self.xsi_type(element, &name)?;
        }
        match inner {
            Some(inner) => self.value(element, id, inner).map_err(|e| e.at_member("#value")),
            None => self.value(element, id, value),
        }
    }

    /// Content that is given as XML in a string.
    pub(super) fn xml(&mut self, element: NodeId, value: &Json) -> Result<(), JsonError> {
        match value {
            Json::String(xml) => self.inner_xml(element, xml),
            Json::Object(_) => match value.get("#xml") {
                Some(Json::String(xml)) => {
                    self.outer_xml(element, xml).map_err(|error| error.at_member("#xml"))
                }
                _ => Err(JsonError::new("expected XML in a string, or { \"#xml\": \"…\" }")),
            },
            other => {
                let found = other.kind();
                Err(JsonError::new(format!("expected XML in a string, found {found}")))
            }
        }
    }

    /// Attributes and content of an element that is given as XML, whatever it is called.
    fn outer_xml(&mut self, element: NodeId, xml: &str) -> Result<(), JsonError> {
        let parsed = parse(xml)?;
        let given = parsed.root();
        // Before the attributes: what text refers to keeps its prefix.
        for (prefix, namespace) in given.namespace_declarations() {
            if !prefix.is_empty() {
                self.document.declare_namespace(element, prefix, namespace);
            }
        }
        for attribute in given.attributes() {
            self.document.set_attribute(element, attribute.name(), attribute.value());
        }
        for child in given.children() {
            match child {
                waxwing_xml::Node::Element(child) => {
                    self.document.import(element, child);
                }
                waxwing_xml::Node::Text(text) => self.document.append_text(element, text),
                _ => {}
            }
        }
        Ok(())
    }

    /// A class that serializes itself: members of any type, without namespace.
    pub(super) fn serializable(
        &mut self,
        element: NodeId,
        factory_type: Option<&QName>,
        value: &Json,
    ) -> Result<(), JsonError> {
        let Json::Object(members) = value else {
            let found = value.kind();
            return Err(JsonError::new(format!("expected an object, found {found}")));
        };
        if let Some(name) = factory_type
            && super::is_namespace(&name.namespace)
            && waxwing_xml::is_ncname(&name.local)
        {
            self.document.declare_namespace(element, "f", &name.namespace);
            let attribute = Name::new("z", "FactoryType", namespaces::SERIALIZATION);
            self.document.set_attribute(element, attribute, &format!("f:{}", name.local));
        }
        for (key, value) in members {
            if !waxwing_xml::is_ncname(key) {
                return Err(JsonError::new("this is no name of an element").at_member(key));
            }
            let child = self.element(element, &QName::new("", key.as_str()))?;
            if *value == Json::Null {
                self.document.set_attribute(child, Name::new("i", "nil", super::XSI), "true");
                continue;
            }
            self.any(child, value).map_err(|error| error.at_member(key))?;
        }
        Ok(())
    }
}

/// The type of a number whose type nobody says.
fn number_type(text: &str) -> &'static str {
    if text.contains(['.', 'e', 'E']) {
        return "double";
    }
    match text.parse::<i64>() {
        Ok(value) if i32::try_from(value).is_ok() => "int",
        Ok(_) => "long",
        Err(_) => "decimal",
    }
}
