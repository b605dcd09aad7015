//! JSON Schema (draft 2020-12) of what the codec takes and gives.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::Codec;
use super::plan::{AttributePlan, Content, Field, Group, GroupKind, Node, Plan, nodes_of};
use super::scalar::Scalar;
use super::schema_scalar::{facet, scalar};
use super::value::Json;
use crate::contract::{Body, Fault, Member, Message, Shape, TypeId};

/// The dialect.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

impl Codec {
    /// The JSON Schema of what [`Codec::write_body`] takes for a message. It stands alone: types are in `$defs`.
    pub fn request_schema(&self, message: &Message) -> Json {
        let mut schemas = Schemas::new(self, "#/$defs/", true);
        let body = schemas.message(message);
        schemas.alone(body)
    }

    /// The JSON Schema of what [`Codec::read_body`] gives for a message. Names that it does not have may be there: those of
    /// elements that the service adds one day.
    pub fn reply_schema(&self, message: &Message) -> Json {
        let mut schemas = Schemas::new(self, "#/$defs/", false);
        let body = schemas.result(message);
        schemas.alone(body)
    }

    /// The JSON Schema of an element by itself: a header.
    pub fn element_schema(&self, member: &Member) -> Json {
        let mut schemas = Schemas::new(self, "#/$defs/", true);
        let value = schemas.element(member);
        schemas.alone(value)
    }
}

/// Schemas that refer to each other.
pub(super) struct Schemas<'c> {
    codec: &'c Codec,
    /// What references begin with.
    prefix: &'static str,
    /// Whether names that a type does not have are refused.
    strict: bool,
    /// The names of types, each with a schema of its own.
    names: BTreeMap<TypeId, String>,
    taken: BTreeSet<String>,
    /// Types that were referred to, and have no schema yet.
    open: Vec<TypeId>,
    done: BTreeMap<String, Json>,
}

impl<'c> Schemas<'c> {
    pub(super) fn new(codec: &'c Codec, prefix: &'static str, strict: bool) -> Self {
        Self {
            codec,
            prefix,
            strict,
            names: BTreeMap::new(),
            taken: BTreeSet::new(),
            open: Vec::new(),
            done: BTreeMap::new(),
        }
    }

    /// A schema with the definitions that it needs.
    fn alone(mut self, schema: Json) -> Json {
        let definitions = self.definitions();
        let Json::Object(members) = schema else { return schema };
        let mut all = vec![("$schema".to_owned(), Json::from(DRAFT))];
        all.extend(members);
        if !definitions.is_empty() {
            all.push(("$defs".to_owned(), Json::Object(definitions)));
        }
        Json::Object(all)
    }

    /// Everything that was referred to, by name.
    pub(super) fn definitions(&mut self) -> Vec<(String, Json)> {
        while let Some(id) = self.open.pop() {
            let schema = self.definition(id);
            let name = self.names.get(&id).cloned().unwrap_or_default();
            self.done.insert(name, schema);
        }
        std::mem::take(&mut self.done).into_iter().collect()
    }

    /// What goes into a message.
    pub(super) fn message(&mut self, message: &Message) -> Json {
        match &message.body {
            Body::Empty => self.object(Vec::new(), &[], false),
            Body::Wrapped { parts, .. } => self.object(Vec::new(), &nodes_of(parts), false),
            Body::Bare(member) => self.one(&Field::of(member)),
            Body::Stream { .. } => scalar(Scalar::Base64),
            Body::Raw(_) => described(string(), "The content of the body, as XML"),
        }
    }

    /// What comes out of a reply.
    pub(super) fn result(&mut self, message: &Message) -> Json {
        match &message.body {
            Body::Empty => Json::object([("type", Json::from("null"))]),
            Body::Wrapped { parts, returns: true, .. } if parts.len() == 1 => {
                let nodes = nodes_of(parts);
                let [Node::Element(field)] = nodes.as_slice() else {
                    return self.object(Vec::new(), &nodes, false);
                };
                let value = self.field(field);
                if field.occurs.min == 0 { nullable(value) } else { value }
            }
            Body::Raw(_) => nullable(self.message(message)),
            _ => self.message(message),
        }
    }

    /// An element by itself: a header.
    pub(super) fn element(&mut self, member: &Member) -> Json {
        self.one(&Field::of(member))
    }

    /// The detail of a declared fault.
    pub(super) fn fault(&mut self, fault: &Fault) -> Json {
        let value = self.one(&Field::of(&fault.detail));
        described(value, &format!("The detail of {}", fault.name))
    }

    /// A reference to a type that has a schema of its own.
    fn reference(&mut self, id: TypeId) -> Json {
        if !self.names.contains_key(&id) {
            let title = &self.codec.types().get(id).title;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let plain: String = title.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
            let plain = if plain.is_empty() { "type".to_owned() } else { plain };
            let numbered = (2u32..).map(|number| format!("{plain}_{number}"));
            let mut candidates = std::iter::once(plain.clone()).chain(numbered);
            let name = candidates.find(|name| !self.taken.contains(name)).unwrap_or_default();
            self.taken.insert(name.clone());
            self.names.insert(id, name);
            self.open.push(id);
        }
        let name = self.names.get(&id).map_or("", String::as_str);
        Json::object([("$ref", Json::String(format!("{}{name}", self.prefix)))])
    }

    /// An element that occurs once.
    fn one(&mut self, field: &Field) -> Json {
        let value = self.value(field.type_id);
        if field.nillable { nullable(value) } else { value }
    }

    /// A member, as often as it occurs.
    fn field(&mut self, field: &Field) -> Json {
        let value = self.one(field);
        let value = match field.occurs.max {
            Some(1) => value,
            most => list(value, field.occurs.min, most),
        };
        match &field.documentation {
            Some(text) => described(value, text),
            None => value,
        }
    }

    fn value(&mut self, id: TypeId) -> Json {
        let codec = self.codec;
        match codec.shape(id) {
            Shape::Any => {
                described(Json::Object(Vec::new()), "Any value; objects say their type in @type")
            }
            Shape::Xml { .. } => xml(),
            Shape::Serializable { .. } => Json::object([("type", Json::from("object"))]),
            Shape::Class(_) | Shape::Structure(_) => self.with_derived(id),
            Shape::Collection(_) | Shape::Dictionary { .. } | Shape::Enumeration(_) => {
                self.reference(id)
            }
            _ => self.simple(id, 0),
        }
    }

    /// A type and those that may stand in its place.
    fn with_derived(&mut self, id: TypeId) -> Json {
        let codec = self.codec;
        let derived = codec.derived(id);
        if derived.is_empty() {
            return self.reference(id);
        }
        let is_concrete = |id: &TypeId| codec.plans().get(*id).is_some_and(|p| !p.is_abstract);
        let mut any = Vec::new();
        if is_concrete(&id) {
            any.push(self.reference(id));
        }
        for id in derived.into_iter().filter(is_concrete) {
            let Json::Object(mut members) = self.reference(id) else { continue };
            members.push(("required".to_owned(), Json::array(["@type"])));
            any.push(Json::Object(members));
        }
        Json::object([("anyOf", Json::Array(any))])
    }

    fn simple(&mut self, id: TypeId, depth: usize) -> Json {
        if depth > super::limits::MAX_BASES {
            return string();
        }
        match self.codec.shape(id) {
            Shape::BuiltIn(name) => scalar(Scalar::of(name)),
            Shape::Enumeration(_) => self.reference(id),
            Shape::Simple { base, facets } => {
                let mut schema = self.simple(*base, depth + 1);
                if let Json::Object(members) = &mut schema {
                    facet(members, facets);
                }
                schema
            }
            Shape::List(item) => {
                let item = self.simple(*item, depth + 1);
                list(item, 0, None)
            }
            Shape::Union(_) => {
                Json::object([("type", Json::array(["string", "number", "boolean"]))])
            }
            _ => string(),
        }
    }

    fn definition(&mut self, id: TypeId) -> Json {
        let codec = self.codec;
        let of = codec.types().get(id);
        let schema = match &of.shape {
            Shape::Enumeration(enumeration) => {
                let texts = enumeration.members.iter().map(|member| member.text.as_str());
                let names = Json::object([("enum", Json::array(texts))]);
                if enumeration.flags { list(names, 0, None) } else { names }
            }
            Shape::Collection(item) => {
                let field = Field::of(item);
                let item = self.one(&field);
                list(item, field.occurs.min, field.occurs.max)
            }
            Shape::Dictionary { key, value, .. } => {
                let (key, value) = (Field::of(key), Field::of(value));
                let entries = self.one(&value);
                let map = Json::object([
                    ("type", Json::from("object")),
                    ("additionalProperties", entries),
                ]);
                let entry = self.object(
                    Vec::new(),
                    &[Node::Element(Box::new(key)), Node::Element(Box::new(value))],
                    false,
                );
                Json::object([("anyOf", Json::Array(vec![map, list(entry, 0, None)]))])
            }
            _ => match codec.plans().get(id) {
                Some(plan) => self.complex(id, plan),
                None => Json::Object(Vec::new()),
            },
        };
        match &of.documentation {
            Some(text) => described(schema, text),
            None => schema,
        }
    }

    fn complex(&mut self, id: TypeId, plan: &Plan) -> Json {
        let mut properties = Vec::new();
        if let Some(name) = self.codec.type_name(id) {
            properties.push(("@type".to_owned(), Json::object([("const", Json::from(name))])));
        }
        if plan.is_reference {
            properties.push(("@id".to_owned(), string()));
            properties.push(("@ref".to_owned(), string()));
        }
        let mut required = Vec::new();
        for AttributePlan { key, type_id, required: is_required, fixed, documentation, .. } in
            &plan.attributes
        {
            let value = self.simple(*type_id, 0);
            let value = match documentation {
                Some(text) => described(value, text),
                None => value,
            };
            properties.push((key.clone(), value));
            if *is_required && fixed.is_none() {
                required.push(key.clone());
            }
        }
        let nodes: &[Node] = match &plan.content {
            Content::Elements(nodes) => nodes,
            Content::Text(text) => {
                let text = self.simple(*text, 0);
                properties.push(("#text".to_owned(), text));
                &[]
            }
            Content::Mixed => {
                properties.push(("#xml".to_owned(), xml_text()));
                &[]
            }
        };
        let schema = self.object(properties, nodes, plan.any_attribute);
        let Json::Object(mut members) = schema else { return schema };
        add_required(&mut members, required);
        if plan.is_reference {
            // A reference has no members.
            members.retain(|(key, _)| key != "required" && key != "allOf");
        }
        Json::Object(members)
    }

    /// An object with these members.
    fn object(
        &mut self,
        mut properties: Vec<(String, Json)>,
        nodes: &[Node],
        any_attribute: bool,
    ) -> Json {
        let mut rules = Rules::default();
        for node in nodes {
            self.properties(node, &mut properties);
            rules.add(node);
        }
        // The same member may be in several alternatives of a choice.
        let mut known = BTreeSet::new();
        properties.retain(|(key, _)| known.insert(key.clone()));
        let mut members = vec![("type".to_owned(), Json::from("object"))];
        if !properties.is_empty() {
            members.push(("properties".to_owned(), Json::Object(properties)));
        }
        if any_attribute {
            let attributes = Json::object([("^@", Json::Object(Vec::new()))]);
            members.push(("patternProperties".to_owned(), attributes));
        }
        if self.strict {
            members.push(("additionalProperties".to_owned(), Json::Bool(false)));
        }
        rules.write(&mut members);
        Json::Object(members)
    }

    fn properties(&mut self, node: &Node, out: &mut Vec<(String, Json)>) {
        match node {
            Node::Element(field) => {
                let value = self.field(field);
                // Who writes null for what may be absent leaves it out.
                let nothing = self.strict && field.occurs.min == 0 && !field.nillable;
                out.push((field.key.clone(), if nothing { nullable(value) } else { value }));
            }
            Node::Any { key, occurs } => {
                let value = match occurs.max {
                    Some(1) => xml_text(),
                    most => list(xml_text(), occurs.min, most),
                };
                out.push((key.clone(), value));
            }
            Node::Group(group @ Group { key: Some(key), nodes, kind, .. }) => {
                let once = Occurrence { nodes, kind: *kind };
                let (item, occurs) = (self.repetition(&once), group.written());
                out.push((key.clone(), list(item, occurs.min, occurs.max)));
            }
            Node::Group(group) => group.nodes.iter().for_each(|node| self.properties(node, out)),
        }
    }

    /// One time of a group that may occur several times.
    fn repetition(&mut self, once: &Occurrence<'_>) -> Json {
        let mut properties = Vec::new();
        once.nodes.iter().for_each(|node| self.properties(node, &mut properties));
        let mut known = BTreeSet::new();
        properties.retain(|(key, _)| known.insert(key.clone()));
        let mut members = vec![("type".to_owned(), Json::from("object"))];
        members.push(("properties".to_owned(), Json::Object(properties)));
        if self.strict {
            members.push(("additionalProperties".to_owned(), Json::Bool(false)));
        }
        let mut rules = Rules::default();
        match once.kind {
            GroupKind::Choice => rules.choice(once.nodes, once.nodes.iter().any(Node::is_optional)),
            _ => once.nodes.iter().for_each(|node| rules.add(node)),
        }
        rules.write(&mut members);
        Json::Object(members)
    }
}

struct Occurrence<'n> {
    nodes: &'n [Node],
    kind: GroupKind,
}

/// Which members have to be there together.
#[derive(Default)]
struct Rules {
    required: Vec<String>,
    all: Vec<Json>,
}

impl Rules {
    fn add(&mut self, node: &Node) {
        match node {
            Node::Element(field) if field.occurs.min > 0 && field.fixed.is_none() => {
                self.required.push(field.key.clone());
            }
            Node::Any { key, occurs } if occurs.min > 0 => self.required.push(key.clone()),
            Node::Element(_) | Node::Any { .. } => {}
            Node::Group(Group { key: Some(key), occurs, .. }) => {
                if occurs.min > 0 && !node.is_optional() {
                    self.required.push(key.clone());
                }
            }
            Node::Group(group) if group.kind == GroupKind::Choice => {
                self.choice(&group.nodes, node.is_optional());
            }
            Node::Group(group) if group.occurs.min > 0 => {
                group.nodes.iter().for_each(|node| self.add(node));
            }
            Node::Group(group) => self.optional(group),
        }
    }

    /// One of several, or none.
    fn choice(&mut self, nodes: &[Node], optional: bool) {
        let mut one: Vec<_> = nodes.iter().map(present).collect();
        if optional {
            let none =
                Json::object([("anyOf", Json::Array(nodes.iter().flat_map(each).collect()))]);
            one.push(Json::object([("not", none)]));
        }
        self.all.push(Json::object([("oneOf", Json::Array(one))]));
    }

    /// All that has to be there if any of it is.
    fn optional(&mut self, group: &Group) {
        let mut inner = Rules::default();
        group.nodes.iter().for_each(|node| inner.add(node));
        if inner.required.is_empty() {
            return;
        }
        let mut keys = Vec::new();
        group.nodes.iter().for_each(|node| node.keys(&mut keys));
        let needed = keys.iter().map(|key| (*key, Json::array(inner.required.clone())));
        self.all.push(Json::object([("dependentRequired", Json::object(needed))]));
    }

    fn write(self, members: &mut Vec<(String, Json)>) {
        add_required(members, self.required);
        if !self.all.is_empty() {
            members.push(("allOf".to_owned(), Json::Array(self.all)));
        }
    }
}

fn add_required(members: &mut Vec<(String, Json)>, more: Vec<String>) {
    if more.is_empty() {
        return;
    }
    match members.iter_mut().find(|(key, _)| key == "required") {
        Some((_, Json::Array(names))) => names.extend(more.into_iter().map(Json::from)),
        _ => members.push(("required".to_owned(), Json::array(more))),
    }
}

/// That an alternative is the one that is given.
fn present(node: &Node) -> Json {
    let mut rules = Rules::default();
    match node {
        Node::Group(group) if group.key.is_none() && group.kind == GroupKind::Choice => {
            let nested = group.nodes.iter().map(present).collect();
            return Json::object([("oneOf", Json::Array(nested))]);
        }
        Node::Group(group) if group.key.is_none() => {
            group.nodes.iter().for_each(|node| rules.add(node));
        }
        _ => {}
    }
    let mut members = Vec::new();
    let any = Json::Array(each(node));
    members.push(("anyOf".to_owned(), any));
    rules.write(&mut members);
    Json::Object(members)
}

/// For each member of a node, that it is there.
fn each(node: &Node) -> Vec<Json> {
    let mut keys = Vec::new();
    node.keys(&mut keys);
    keys.into_iter().map(|key| Json::object([("required", Json::array([key]))])).collect()
}

fn string() -> Json {
    Json::object([("type", Json::from("string"))])
}

fn xml_text() -> Json {
    Json::object([("type", Json::from("string")), ("contentMediaType", Json::from("text/xml"))])
}

fn xml() -> Json {
    let whole = Json::object([
        ("type", Json::from("object")),
        ("properties", Json::object([("#xml", xml_text())])),
        ("required", Json::array(["#xml"])),
    ]);
    Json::object([("anyOf", Json::Array(vec![xml_text(), whole]))])
}

fn list(item: Json, least: u32, most: Option<u32>) -> Json {
    let mut members = vec![("type".to_owned(), Json::from("array")), ("items".to_owned(), item)];
    if least > 0 {
        members.push(("minItems".to_owned(), Json::from(least)));
    }
    if let Some(most) = most {
        members.push(("maxItems".to_owned(), Json::from(most)));
    }
    Json::Object(members)
}

/// The same or null.
fn nullable(schema: Json) -> Json {
    match schema {
        Json::Object(mut members) => {
            if members.is_empty() {
                return Json::Object(members);
            }
            let has_enumeration = members.iter().any(|(key, _)| key == "enum" || key == "const");
            if let Some((_, of)) = members.iter_mut().find(|(key, _)| key == "type")
                && !has_enumeration
            {
                let null = Json::from("null");
                *of = match std::mem::take(of) {
                    Json::Array(mut types) => {
                        if !types.contains(&null) {
                            types.push(null);
                        }
                        Json::Array(types)
                    }
                    one => Json::Array(vec![one, null]),
                };
                return Json::Object(members);
            }
            let null = Json::object([("type", Json::from("null"))]);
            Json::object([("anyOf", Json::Array(vec![Json::Object(members), null]))])
        }
        other => other,
    }
}

/// The same with words for people.
pub(super) fn described(schema: Json, text: &str) -> Json {
    let Json::Object(mut members) = schema else { return schema };
    members.retain(|(key, _)| key != "description");
    members.push(("description".to_owned(), Json::from(text.trim())));
    Json::Object(members)
}
