//! Types as the codec walks them: base types put together, and a JSON name for each element and attribute.

use std::collections::HashMap;

use super::keys::Keys;
use super::limits::MAX_BASES;
use crate::contract::{Member, Occurs, Particle, Shape, Structure, TypeId, TypeTable};
use crate::name::QName;

/// A complex type.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) attributes: Vec<AttributePlan>,
    /// Whether attributes that are not among them may be there.
    pub(super) any_attribute: bool,
    pub(super) content: Content,
    /// Whether it may be referred to (`ser:Id`, `ser:Ref`).
    pub(super) is_reference: bool,
    /// Whether only types that extend it occur.
    pub(super) is_abstract: bool,
}

/// What is between the tags.
#[derive(Debug)]
pub(super) enum Content {
    Elements(Vec<Node>),
    Text(TypeId),
    /// Text and elements.
    Mixed,
}

/// An attribute.
#[derive(Debug)]
pub(super) struct AttributePlan {
    pub(super) key: String,
    pub(super) name: QName,
    pub(super) type_id: TypeId,
    pub(super) required: bool,
    pub(super) fixed: Option<String>,
    pub(super) documentation: Option<String>,
}

/// A piece of content.
#[derive(Debug)]
pub(super) enum Node {
    Element(Box<Field>),
    Group(Group),
    Any { key: String, occurs: Occurs },
}

/// An element.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) name: QName,
    pub(super) type_id: TypeId,
    pub(super) nillable: bool,
    pub(super) occurs: Occurs,
    pub(super) fixed: Option<String>,
    pub(super) documentation: Option<String>,
}

impl Field {
    /// That of an element by itself.
    pub(super) fn of(member: &Member) -> Self {
        Self {
            key: member.name.local.to_string(),
            name: member.name.clone(),
            type_id: member.type_id,
            nillable: member.nillable,
            occurs: Occurs { min: member.min_occurs, max: member.max_occurs },
            fixed: member.fixed.clone(),
            documentation: member.documentation.clone(),
        }
    }
}

/// Several pieces.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: GroupKind,
    pub(super) nodes: Vec<Node>,
    pub(super) occurs: Occurs,
    /// The list that its repetitions are in; none where it occurs once at most, and its elements are members of the object
    /// around it.
    pub(super) key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupKind {
    Sequence,
    Choice,
    All,
}

/// The plans of the complex types of a table.
#[derive(Debug)]
pub(super) struct Plans {
    plans: HashMap<TypeId, Plan>,
}

impl Plans {
    pub(super) fn of(types: &TypeTable) -> Self {
        let plans = types.iter().filter_map(|(id, _)| Some((id, plan(types, id)?)));
        Self { plans: plans.collect() }
    }

    /// That of a class or structure.
    pub(super) fn get(&self, id: TypeId) -> Option<&Plan> {
        self.plans.get(&id)
    }
}

/// The type itself and those that it extends, outermost first.
pub(super) fn bases(types: &TypeTable, id: TypeId) -> Vec<TypeId> {
    let base = |id: &TypeId| match &types.get(*id).shape {
        Shape::Class(class) => class.base,
        Shape::Structure(structure) => structure.base,
        _ => None,
    };
    let mut chain: Vec<_> = std::iter::successors(Some(id), base).take(MAX_BASES).collect();
    chain.reverse();
    chain
}

/// The elements of a message, as those of a type.
pub(super) fn nodes_of(members: &[Member]) -> Vec<Node> {
    let mut keys = Keys::default();
    members.iter().map(|member| element(member, &mut keys)).collect()
}

fn plan(types: &TypeTable, id: TypeId) -> Option<Plan> {
    let mut keys = Keys::default();
    match &types.get(id).shape {
        Shape::Class(class) => {
            let (mut nodes, mut is_reference) = (Vec::new(), class.is_reference);
            for base in bases(types, id) {
                if let Shape::Class(class) = &types.get(base).shape {
                    is_reference |= class.is_reference;
                    nodes.extend(class.members.iter().map(|member| element(member, &mut keys)));
                }
            }
            Some(Plan {
                attributes: Vec::new(),
                any_attribute: false,
                content: Content::Elements(nodes),
                is_reference,
                is_abstract: false,
            })
        }
        Shape::Structure(structure) => Some(of_structure(types, id, structure)),
        _ => None,
    }
}

fn of_structure(types: &TypeTable, id: TypeId, own: &Structure) -> Plan {
    let (mut keys, mut attribute_keys) = (Keys::default(), Keys::default());
    let (mut attributes, mut nodes) = (Vec::new(), Vec::new());
    let (mut any_attribute, mut text, mut mixed) = (false, None, false);
    for base in bases(types, id) {
        match &types.get(base).shape {
            Shape::Structure(structure) => {
                any_attribute |= structure.any_attribute;
                mixed |= structure.mixed;
                text = structure.text.or(text);
                for attribute in &structure.attributes {
                    // `@type` says which type it is.
                    let short = &*attribute.name.local != "type";
                    attributes.push(AttributePlan {
                        key: attribute_keys.take("@", &attribute.name, short),
                        name: attribute.name.clone(),
                        type_id: attribute.type_id,
                        required: attribute.required,
                        fixed: attribute.fixed.clone(),
                        documentation: attribute.documentation.clone(),
                    });
                }
                nodes.extend(structure.content.iter().map(|p| node(p, &mut keys)));
            }
            Shape::Class(class) => {
                nodes.extend(class.members.iter().map(|member| element(member, &mut keys)));
            }
            // Simple content that extends a simple type.
            _ => text = Some(base),
        }
    }
    let content = match text {
        _ if mixed => Content::Mixed,
        Some(text) => Content::Text(text),
        None => Content::Elements(nodes),
    };
    Plan { attributes, any_attribute, content, is_reference: false, is_abstract: own.is_abstract }
}

fn element(member: &Member, keys: &mut Keys) -> Node {
    let occurs = Occurs { min: member.min_occurs, max: member.max_occurs };
    let field = |name: &QName, type_id, occurs, keys: &mut Keys| Field {
        key: keys.take("", name, true),
        name: name.clone(),
        type_id,
        nillable: member.nillable,
        occurs,
        fixed: member.fixed.clone(),
        documentation: member.documentation.clone(),
    };
    if member.substitutes.is_empty() {
        return Node::Element(Box::new(field(&member.name, member.type_id, occurs, keys)));
    }
    // One of the elements that may stand in its place is a choice.
    let own = (!member.is_abstract).then_some((&member.name, member.type_id));
    let others = member.substitutes.iter().map(|(name, type_id)| (name, *type_id));
    let once = Occurs { min: 1, max: Some(1) };
    let repeated = occurs.max != Some(1);
    let mut inner = if repeated { Keys::default() } else { std::mem::take(keys) };
    let fields = own.into_iter().chain(others);
    let nodes = fields
        .map(|(name, type_id)| Node::Element(Box::new(field(name, type_id, once, &mut inner))))
        .collect();
    if !repeated {
        *keys = inner;
    }
    let key = repeated.then(|| keys.take("#", &member.name, true));
    Node::Group(Group { kind: GroupKind::Choice, nodes, occurs, key })
}

fn node(particle: &Particle, keys: &mut Keys) -> Node {
    match particle {
        Particle::Element(member) => element(member, keys),
        Particle::Sequence(particles, occurs) => {
            group(GroupKind::Sequence, particles, *occurs, keys)
        }
        Particle::Choice(particles, occurs) => group(GroupKind::Choice, particles, *occurs, keys),
        Particle::All(particles, occurs) => group(GroupKind::All, particles, *occurs, keys),
        Particle::Any { occurs, .. } => Node::Any { key: keys.list("#any"), occurs: *occurs },
    }
}

fn group(kind: GroupKind, particles: &[Particle], occurs: Occurs, keys: &mut Keys) -> Node {
    // A list of one element is a repeated element, and what stands alone is itself.
    if let [only] = particles {
        let mut only = only.clone();
        let inner = match &mut only {
            Particle::Element(member) if member.substitutes.is_empty() => {
                let inner = Occurs { min: member.min_occurs, max: member.max_occurs };
                together(inner, occurs).map(|both| {
                    (member.min_occurs, member.max_occurs) = (both.min, both.max);
                })
            }
            Particle::Sequence(_, inner)
            | Particle::Choice(_, inner)
            | Particle::Any { occurs: inner, .. } => {
                together(*inner, occurs).map(|both| *inner = both)
            }
            _ => None,
        };
        if inner.is_some() {
            return node(&only, keys);
        }
    }
    if occurs.max == Some(1) {
        let nodes = nodes(kind, particles, keys);
        return Node::Group(Group { kind, nodes, occurs, key: None });
    }
    let nodes = nodes(kind, particles, &mut Keys::default());
    Node::Group(Group { kind, nodes, occurs, key: Some(keys.list("#items")) })
}

fn nodes(kind: GroupKind, particles: &[Particle], keys: &mut Keys) -> Vec<Node> {
    if kind != GroupKind::Choice {
        return particles.iter().map(|particle| node(particle, keys)).collect();
    }
    // Only one of them occurs: the same element in two of them is one member.
    let mut choice = keys.choice();
    let node = |particle| {
        let node = node(particle, keys);
        keys.end_alternative(&mut choice);
        node
    };
    let nodes = particles.iter().map(node).collect();
    keys.end_choice(choice);
    nodes
}

/// How often an element occurs that occurs so often in a group that occurs so often, where that can be said in one range.
fn together(inner: Occurs, outer: Occurs) -> Option<Occurs> {
    let once = |occurs: Occurs| occurs == (Occurs { min: 1, max: Some(1) });
    match (inner, outer) {
        (inner, outer) if once(outer) => Some(inner),
        (inner, outer) if once(inner) => Some(outer),
        (inner, outer) if inner.min <= 1 && inner.max == Some(1) => {
            Some(Occurs { min: inner.min * outer.min, max: outer.max })
        }
        (inner, outer) if outer.min <= 1 && outer.max == Some(1) && inner.min <= 1 => {
            Some(Occurs { min: inner.min * outer.min, max: inner.max })
        }
        _ => None,
    }
}

impl Group {
    /// Whether one time of it may be nothing at all.
    pub(super) fn may_be_empty(&self) -> bool {
        match self.kind {
            GroupKind::Choice => self.nodes.is_empty() || self.nodes.iter().any(Node::is_optional),
            _ => self.nodes.iter().all(Node::is_optional),
        }
    }

    /// How often it leaves a trace in XML.
    pub(super) fn written(&self) -> Occurs {
        Occurs { min: if self.may_be_empty() { 0 } else { self.occurs.min }, ..self.occurs }
    }
}

impl Node {
    /// Every name of JSON that it may have in the object around it.
    pub(super) fn keys<'p>(&'p self, out: &mut Vec<&'p str>) {
        match self {
            Self::Element(field) => out.push(&field.key),
            Self::Any { key, .. } => out.push(key),
            Self::Group(Group { key: Some(key), .. }) => out.push(key),
            Self::Group(group) => group.nodes.iter().for_each(|node| node.keys(out)),
        }
    }

    /// Whether nothing of it has to be there.
    pub(super) fn is_optional(&self) -> bool {
        match self {
            Self::Element(field) => field.occurs.min == 0,
            Self::Any { occurs, .. } => occurs.min == 0,
            Self::Group(group) => group.occurs.min == 0 || group.may_be_empty(),
        }
    }

    /// Whether an element of this name may be its first.
    pub(super) fn may_begin(&self, namespace: &str, local: &str) -> bool {
        match self {
            Self::Element(field) => field.name.is(namespace, local),
            Self::Any { .. } => true,
            Self::Group(group) if group.kind == GroupKind::Sequence => {
                for node in &group.nodes {
                    if node.may_begin(namespace, local) {
                        return true;
                    }
                    if !node.is_optional() {
                        return false;
                    }
                }
                false
            }
            Self::Group(group) => group.nodes.iter().any(|node| node.may_begin(namespace, local)),
        }
    }
}
