//! Templates: a request as somebody would begin to write it.

use super::codec::Codec;
use super::plan::{Content, Field, Group, GroupKind, Node, Plan, nodes_of};
use super::scalar::Scalar;
use super::value::Json;
use crate::contract::{Body, Message, Shape, TypeId};

/// About how many values a template has at most; what is optional is left out then.
const MOST_VALUES: usize = 400;
/// How deep optional values are shown.
const MOST_OPTIONAL: usize = 8;
/// How many items of a list of alternatives are shown.
const MOST_ITEMS: usize = 4;

impl Codec {
    /// The request of an operation with a value at each place, as [`Codec::write_body`] takes it: zeros and empty strings,
    /// the first of enumerations and choices, one item in each list. Recursive types are shown once.
    ///
    /// A type whose values need a pattern, a length or a range may need other values than those.
    pub fn template(&self, message: &Message) -> Json {
        let mut template = Template { codec: self, left: MOST_VALUES, open: Vec::new() };
        match &message.body {
            Body::Empty => Json::Object(Vec::new()),
            Body::Wrapped { parts, .. } => {
                let mut members = Vec::new();
                template.nodes(&nodes_of(parts), &mut members);
                Json::Object(members)
            }
            Body::Bare(member) => template.value(member.type_id),
            Body::Stream { .. } => Json::from(""),
            Body::Raw(name) => Json::String(match name {
                Some(name) => format!("<{} xmlns=\"{}\"/>", name.local, name.namespace),
                None => String::new(),
            }),
        }
    }

    /// The header of this name in a message, with a value at each place.
    pub fn header_template(&self, message: &Message, name: &str) -> Option<Json> {
        let header = message.headers.iter().find(|header| *header.name.local == *name)?;
        let mut template = Template { codec: self, left: MOST_VALUES, open: Vec::new() };
        Some(template.value(header.type_id))
    }
}

struct Template<'c> {
    codec: &'c Codec,
    left: usize,
    /// The complex types that values are shown of at the moment.
    open: Vec<TypeId>,
}

impl Template<'_> {
    /// Whether one more optional value is shown.
    fn has_room(&self) -> bool {
        self.left > 0 && self.open.len() < MOST_OPTIONAL
    }

    fn nodes(&mut self, nodes: &[Node], out: &mut Vec<(String, Json)>) {
        for node in nodes {
            self.node(node, out);
        }
    }

    fn node(&mut self, node: &Node, out: &mut Vec<(String, Json)>) {
        match node {
            Node::Element(field) => self.field(field, out),
            Node::Any { occurs, .. } if occurs.min == 0 => {}
            Node::Any { key, occurs } => {
                let any = Json::from("<any xmlns=\"urn:example\"/>");
                let count = usize::try_from(occurs.min).unwrap_or_default().min(MOST_ITEMS);
                let value = match occurs.max {
                    Some(1) => any,
                    _ => Json::Array(vec![any; count]),
                };
                out.push((key.clone(), value));
            }
            Node::Group(group) => match &group.key {
                Some(key) if group.occurs.min > 0 || self.has_room() => {
                    let items = self.items(group);
                    if !items.is_empty() {
                        out.push((key.clone(), Json::Array(items)));
                    }
                }
                Some(_) => {}
                None if group.occurs.min == 0 && !self.has_room() => {}
                None => self.once(group, out),
            },
        }
    }

    fn once(&mut self, group: &Group, out: &mut Vec<(String, Json)>) {
        match group.kind {
            GroupKind::Choice => {
                // The first that does not lead back to itself.
                let is_new =
                    |node: &&Node| !matches!(node, Node::Element(f) if self.is_open(f.type_id));
                let chosen = group.nodes.iter().find(is_new).or(group.nodes.first());
                if let Some(node) = chosen {
                    self.node(node, out);
                }
            }
            _ => self.nodes(&group.nodes, out),
        }
    }

    /// One item for each alternative, or one.
    fn items(&mut self, group: &Group) -> Vec<Json> {
        let least = usize::try_from(group.occurs.min).unwrap_or_default().max(1);
        let most = group.occurs.max.and_then(|most| usize::try_from(most).ok());
        let shown = match group.kind {
            GroupKind::Choice => group.nodes.len().min(MOST_ITEMS),
            _ => 1,
        };
        let count = shown.max(least).min(most.unwrap_or(usize::MAX)).min(MOST_ITEMS.max(least));
        let mut items = Vec::new();
        for i in 0..count {
            let mut members = Vec::new();
            match (group.kind, group.nodes.get(i % group.nodes.len().max(1))) {
                (GroupKind::Choice, Some(node)) => self.node(node, &mut members),
                _ => self.nodes(&group.nodes, &mut members),
            }
            if !members.is_empty() || !group.may_be_empty() {
                items.push(Json::Object(members));
            }
        }
        items
    }

    fn is_open(&self, id: TypeId) -> bool {
        self.open.contains(&id)
    }

    fn field(&mut self, field: &Field, out: &mut Vec<(String, Json)>) {
        let optional = field.occurs.min == 0;
        if optional && (!self.has_room() || self.is_open(field.type_id)) || field.fixed.is_some() {
            return;
        }
        self.left = self.left.saturating_sub(1);
        let value = match self.is_open(field.type_id) && field.nillable {
            true => Json::Null,
            false => self.value(field.type_id),
        };
        let count = usize::try_from(field.occurs.min).unwrap_or_default().clamp(1, MOST_ITEMS);
        let value = match field.occurs.max {
            Some(1) => value,
            Some(0) => return,
            _ => Json::Array(vec![value; count]),
        };
        out.push((field.key.clone(), value));
    }

    fn value(&mut self, id: TypeId) -> Json {
        let codec = self.codec;
        match codec.shape(id) {
            Shape::Class(_) | Shape::Structure(_) => self.object(id),
            Shape::Collection(item) => {
                let mut members = Vec::new();
                if !self.is_open(id) && self.has_room() {
                    self.open.push(id);
                    let mut field = Field::of(item);
                    field.fixed = None;
                    self.field(&field, &mut members);
                    self.open.pop();
                }
                match members.pop() {
                    Some((_, Json::Array(items))) => Json::Array(items),
                    Some((_, value)) => Json::Array(vec![value]),
                    None => Json::Array(Vec::new()),
                }
            }
            Shape::Dictionary { key, value, .. } => {
                if self.is_open(id) || !self.has_room() {
                    return Json::Object(Vec::new());
                }
                self.open.push(id);
                let (k, v) = (self.value(key.type_id), self.value(value.type_id));
                self.open.pop();
                match k {
                    Json::String(text) => Json::object([(text, v)]),
                    Json::Number(text) => Json::object([(String::from(text), v)]),
                    k => {
                        let entry =
                            [(key.name.local.to_string(), k), (value.name.local.to_string(), v)];
                        Json::Array(vec![Json::object(entry)])
                    }
                }
            }
            Shape::Any | Shape::Serializable { .. } => Json::Object(Vec::new()),
            Shape::Xml { .. } => Json::from(""),
            _ => self.simple(id, 0),
        }
    }

    fn object(&mut self, declared: TypeId) -> Json {
        let codec = self.codec;
        let mut members = Vec::new();
        let mut id = declared;
        if codec.plans().get(id).is_some_and(|plan| plan.is_abstract) {
            let concrete = |id: &TypeId| codec.plans().get(*id).is_some_and(|p| !p.is_abstract);
            if let Some(derived) = codec.derived(id).into_iter().find(concrete) {
                id = derived;
                let name = codec.type_name(id).unwrap_or_default();
                members.push(("@type".to_owned(), Json::String(name)));
            }
        }
        let Some(plan) = codec.plans().get(id) else { return Json::Object(members) };
        if self.open.len() >= super::limits::MAX_DEPTH {
            return Json::Object(members);
        }
        self.open.extend([declared, id]);
        self.members(plan, &mut members);
        self.open.truncate(self.open.len() - 2);
        Json::Object(members)
    }

    fn members(&mut self, plan: &Plan, members: &mut Vec<(String, Json)>) {
        for attribute in &plan.attributes {
            let shown = attribute.required || self.has_room();
            if shown && attribute.fixed.is_none() {
                self.left = self.left.saturating_sub(1);
                members.push((attribute.key.clone(), self.value(attribute.type_id)));
            }
        }
        match &plan.content {
            Content::Elements(nodes) => self.nodes(nodes, members),
            Content::Text(text) => members.push(("#text".to_owned(), self.value(*text))),
            Content::Mixed => members.push(("#xml".to_owned(), Json::from(""))),
        }
    }

    fn simple(&self, id: TypeId, depth: usize) -> Json {
        let next = |id| match depth < super::limits::MAX_BASES {
            true => self.simple(id, depth + 1),
            false => Json::from(""),
        };
        match self.codec.shape(id) {
            // Of these an empty text is none.
            Shape::BuiltIn(name) => match &*name.local {
                "language" => Json::from("en"),
                "Name" | "NCName" | "NMTOKEN" | "ID" | "IDREF" | "ENTITY" => Json::from("x"),
                _ => scalar(Scalar::of(name)),
            },
            Shape::Enumeration(of) => {
                let first = of.members.first().map_or("", |member| member.text.as_str());
                if of.flags { Json::array([first]) } else { Json::from(first) }
            }
            Shape::Simple { base, facets } => with_facets(next(*base), facets),
            Shape::List(item) => match next(*item) {
                // Nothing cannot be an item of a list.
                Json::String(text) if text.is_empty() => Json::Array(Vec::new()),
                item => Json::Array(vec![item]),
            },
            Shape::Union(members) => match members.first().map(|first| next(*first)) {
                Some(Json::Number(text)) => Json::String(text.into()),
                Some(Json::Bool(value)) => Json::String(value.to_string()),
                Some(value) => value,
                None => Json::from(""),
            },
            _ => Json::from(""),
        }
    }
}

fn scalar(of: Scalar) -> Json {
    let number = |value: i64| Json::from(value);
    match of {
        Scalar::Boolean => Json::Bool(false),
        Scalar::Small(least, most) => number(0.clamp(least, most)),
        Scalar::Large(least, most) => Json::String(0.clamp(least, most).to_string()),
        Scalar::Decimal => Json::from("0"),
        Scalar::Float | Scalar::Double => number(0),
        Scalar::Time(form) => Json::from(form.example()),
        Scalar::Guid => Json::from("00000000-0000-0000-0000-000000000000"),
        Scalar::Char => Json::from("a"),
        Scalar::QName => Json::from("{urn:example}name"),
        Scalar::Base64 | Scalar::Hex | Scalar::Text | Scalar::Token => Json::from(""),
    }
}

/// The value with the facets that say which it can be.
fn with_facets(value: Json, facets: &[(String, String)]) -> Json {
    let facet =
        |wanted: &str| facets.iter().find(|(name, _)| name == wanted).map(|(_, v)| v.as_str());
    let same_kind = |text: &str| match value {
        Json::Number(_) => super::number::json_number(text).map(|text| Json::Number(text.into())),
        _ => Some(Json::from(text)),
    };
    if let Some(known) = facet("enumeration").and_then(same_kind) {
        return known;
    }
    let least = facet("minInclusive").filter(|least| !least.starts_with('-') && *least != "0");
    if let Some(least) = least.and_then(same_kind) {
        return least;
    }
    let length = facet("minLength").or(facet("length")).and_then(|text| text.parse::<usize>().ok());
    match (&value, length) {
        (Json::String(text), Some(length)) if text.is_empty() && length <= MOST_VALUES => {
            Json::String("x".repeat(length))
        }
        _ => value,
    }
}
