//! Messages: requests of JSON, results and faults as JSON.

use waxwing_xml::{Document, Element, Limits, NodeId};

use super::codec::Codec;
use super::error::JsonError;
use super::plan::{Field, Node, nodes_of};
use super::read::Reader;
use super::scalar::Scalar;
use super::value::Json;
use super::words::listed;
use super::write::{Writer, members_of_body, parse};
use crate::contract::{Body, Fault, Member, Message, Operation};
use crate::name::QName;

impl Codec {
    /// Writes what goes into the body of a message: `value` is an object of the parts by their names, or for a message
    /// whose body is one element the value of that. A message without parts takes null and an empty object.
    ///
    /// # Errors
    /// The value is not what the message holds.
    pub fn write_body(
        &self,
        message: &Message,
        value: &Json,
        document: &mut Document,
        body: NodeId,
    ) -> Result<(), JsonError> {
        let mut writer = Writer::new(self, document);
        match &message.body {
            Body::Empty => match value {
                Json::Null => Ok(()),
                Json::Object(members) => members_of_body(members, &[], &mut |_, _| Ok(())),
                other => Err(JsonError::new(format!("expected nothing, found {}", other.kind()))),
            },
            Body::Wrapped { wrapper, parts, .. } => {
                let parent = writer.element(body, wrapper)?;
                let nodes = nodes_of(parts);
                let none = Vec::new();
                let members = match value {
                    Json::Object(members) => members,
                    Json::Null => &none,
                    other => {
                        let (names, found) = (names_of(parts), other.kind());
                        return Err(JsonError::new(format!(
                            "expected an object with the parameters{names}, found {found}"
                        )));
                    }
                };
                members_of_body(members, &nodes, &mut |nodes, members| {
                    writer.nodes(parent, nodes, members)
                })
            }
            Body::Bare(member) => writer.one(body, &Field::of(member), value),
            Body::Stream { wrapper, element } => {
                let text = Scalar::Base64.to_text(value, &mut |_| String::new())?;
                let parent = match wrapper {
                    Some(wrapper) => writer.element(body, wrapper)?,
                    None => body,
                };
                let stream = writer.element(parent, element)?;
                writer.text(stream, &text)
            }
            Body::Raw(_) => self.write_raw(value, document, body),
        }
    }

    /// A body that is given as XML.
    fn write_raw(
        &self,
        value: &Json,
        document: &mut Document,
        body: NodeId,
    ) -> Result<(), JsonError> {
        let xml = match value {
            Json::Null => return Ok(()),
            Json::String(xml) if xml.trim().is_empty() => return Ok(()),
            Json::String(xml) => xml,
            Json::Object(_) => match value.get("#xml") {
                Some(Json::String(xml)) => xml,
                _ => {
                    return Err(JsonError::new(
                        "expected the XML of the body, as { \"#xml\": \"<…>\" }",
                    ));
                }
            },
            other => {
                let found = other.kind();
                return Err(JsonError::new(format!(
                    "expected the XML of the body in a string, found {found}"
                )));
            }
        };
        let parsed = parse(xml)?;
        document.import(body, parsed.root());
        Ok(())
    }

    /// What the body of a message holds: of a reply with one result the result itself, of one with several (and of a
    /// request) an object by names; null of an empty one.
    ///
    /// # Errors
    /// The body is not what the contract says.
    pub fn read_body(&self, message: &Message, body: Element<'_>) -> Result<Json, JsonError> {
        let reader = Reader::new(self);
        match &message.body {
            Body::Empty => Ok(Json::Null),
            Body::Wrapped { wrapper, parts, returns, .. } => {
                let wrapper = expected(body, wrapper)?;
                let nodes = nodes_of(parts);
                let value = reader.members(&nodes, wrapper)?;
                Ok(match (*returns, parts.as_slice(), nodes.as_slice(), value) {
                    (true, [_], [Node::Element(field)], Json::Object(members)) => {
                        bare(members, &field.key)
                    }
                    (.., value) => value,
                })
            }
            Body::Bare(member) => {
                let element = expected(body, &member.name)?;
                reader.one(&Field::of(member), element)
            }
            Body::Stream { wrapper, element } => {
                let parent = match wrapper {
                    Some(wrapper) => expected(body, wrapper)?,
                    None => body,
                };
                let stream = expected(parent, element)?;
                Scalar::Base64.to_json(&stream.text(), &|_| None)
            }
            Body::Raw(_) => Ok(match body.first_element() {
                Some(element) => Json::String(super::read::outer(element)),
                None => Json::Null,
            }),
        }
    }

    /// Writes the header of this name into `parent`.
    ///
    /// # Errors
    /// The message has no such header, or the value is not of its type.
    pub fn write_header(
        &self,
        message: &Message,
        name: &str,
        value: &Json,
        document: &mut Document,
        parent: NodeId,
    ) -> Result<(), JsonError> {
        let headers = || message.headers.iter();
        let found = headers().find(|h| *h.name.local == *name || h.name.to_string() == *name);
        let Some(member) = found else {
            let names = headers().map(|header| &*header.name.local);
            let error = JsonError::new(format!("the operation has no header \"{name}\""));
            return Err(match waxwing_binding::nearest(name, names.clone()) {
                Some(near) => error.help(format!("did you mean \"{near}\"?")),
                None if message.headers.is_empty() => error.help("it has none at all"),
                None => error.help(format!("it has {}", listed(names))),
            });
        };
        self.write_element(member, value, document, parent).map_err(|e| e.at_member(name))
    }

    /// The detail of a fault: the value of a declared one with its name as `@type`, what nobody declares as XML.
    ///
    /// `detail` is what is inside `soap:Detail` as stand-alone XML.
    pub fn fault_detail(&self, operation: &Operation, detail: &str) -> Json {
        let raw = || Json::object([("#xml", Json::from(detail))]);
        let Ok(document) = Document::parse(detail.as_bytes(), &Limits::SOAP) else { return raw() };
        let root = document.root();
        let declared =
            operation.faults.iter().find(|f| f.detail.name.is(root.namespace(), root.local_name()));
        let Some(Fault { detail: member, .. }) = declared else { return raw() };
        let name = Json::from(root.local_name());
        match self.read_element(member, root) {
            Ok(Json::Object(members)) => {
                let typed = members.iter().any(|(key, _)| key == "@type");
                let own = (!typed).then(|| ("@type".to_owned(), name));
                Json::Object(own.into_iter().chain(members).collect())
            }
            Ok(value) => Json::object([("@type", name), ("#value", value)]),
            Err(_) => raw(),
        }
    }
}

impl Reader<'_> {
    /// The children of an element, as an object.
    fn members(self, nodes: &[Node], element: Element<'_>) -> Result<Json, JsonError> {
        let mut out = Vec::new();
        self.content(nodes, element, &mut out)?;
        Ok(Json::Object(out))
    }
}

/// The only result, by itself.
fn bare(members: Vec<(String, Json)>, key: &str) -> Json {
    match members.as_slice() {
        [] => Json::Null,
        [(only, _)] if only == key => {
            members.into_iter().map(|(_, v)| v).next().unwrap_or_default()
        }
        _ => Json::Object(members),
    }
}

fn names_of(parts: &[Member]) -> String {
    match parts {
        [] => String::new(),
        parts => format!(" {}", listed(parts.iter().map(|part| &*part.name.local))),
    }
}

/// The element in a body.
fn expected<'a>(parent: Element<'a>, name: &QName) -> Result<Element<'a>, JsonError> {
    let found = parent.first_element();
    if let Some(found) = found.filter(|found| name.is(found.namespace(), found.local_name())) {
        return Ok(found);
    }
    let found = match found {
        Some(other) => QName::new(other.namespace(), other.local_name()).to_string(),
        None => "nothing".to_owned(),
    };
    let text = format!("the service sent {found} in the body, where the contract says {name}");
    Err(JsonError::new(text))
}
