//! What the struct of an XML type holds: fields, and the enums and structs of its choices and groups.

use std::collections::BTreeMap;

use waxwing_metadata::QName;
use waxwing_metadata::contract::{Attribute, Member, Occurs, Particle, Shape, Structure, TypeId};

use super::mapping::Mapping;
use super::place::Place;
use super::rust_type::Rust;
use super::xml_values::{is_value, plain, simple};

/// The fields of a type, and what belongs to it.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) fields: Vec<Field>,
    pub(super) parts: Vec<Part>,
}

/// A choice or a group of a type.
pub(super) struct Part {
    /// What its name has behind that of the type.
    pub(super) suffix: &'static str,
    pub(super) kind: PartKind,
    /// Filled when names are given.
    pub(super) place: Place,
}

/// What a part is.
pub(super) enum PartKind {
    /// An enum of these.
    Choice(Vec<Field>),
    /// A struct of these.
    Group(Vec<Field>),
}

impl Part {
    pub(super) fn fields(&self) -> &[Field] {
        match &self.kind {
            PartKind::Choice(fields) | PartKind::Group(fields) => fields,
        }
    }
}

/// A field, or a variant of a choice.
pub(super) struct Field {
    /// What its name is made of.
    pub(super) title: String,
    /// The name in the document, of an element or an attribute.
    pub(super) wire: Option<QName>,
    pub(super) role: Role,
    pub(super) rust: Rust,
    pub(super) absent: Absent,
    pub(super) documentation: Option<String>,
}

/// What a field is in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Element,
    /// An element whose text is a list.
    List,
    /// An element around elements of this name.
    Array(QName),
    Attribute,
    Text,
    Choice,
    Group,
    Base,
    Any,
    AnyAttribute,
}

/// What an absent element or attribute means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    Type,
    Default(String),
    Fixed(String),
}

/// The enums of elements that others may stand in for.
#[derive(Default)]
pub(super) struct Heads {
    pub(super) all: Vec<Head>,
    by_name: BTreeMap<QName, usize>,
}

/// An element that others may stand in for.
pub(super) struct Head {
    pub(super) name: QName,
    /// Those that occur, itself first if it does.
    pub(super) members: Vec<(QName, TypeId)>,
    /// Filled when names are given.
    pub(super) place: Place,
}

impl Heads {
    fn of(&mut self, member: &Member) -> usize {
        if let Some(known) = self.by_name.get(&member.name) {
            return *known;
        }
        let own = (!member.is_abstract).then(|| (member.name.clone(), member.type_id));
        let members = own.into_iter().chain(member.substitutes.iter().cloned()).collect();
        self.all.push(Head { name: member.name.clone(), members, place: Place::default() });
        self.by_name.insert(member.name.clone(), self.all.len() - 1);
        self.all.len() - 1
    }
}

/// The layout of a complex type.
pub(super) fn layout(
    mapping: Mapping<'_>,
    owner: TypeId,
    structure: &Structure,
    heads: &mut Heads,
) -> Layout {
    let mut builder = Builder { mapping, owner, heads, parts: Vec::new() };
    let fields = builder.structure(structure);
    Layout { fields, parts: builder.parts }
}

struct Builder<'m, 's> {
    mapping: Mapping<'s>,
    owner: TypeId,
    heads: &'m mut Heads,
    parts: Vec<Part>,
}

impl Field {
    fn new(title: &str, role: Role, rust: Rust) -> Self {
        let title = title.to_owned();
        Self { title, wire: None, role, rust, absent: Absent::Type, documentation: None }
    }
}

impl Builder<'_, '_> {
    fn structure(&mut self, structure: &Structure) -> Vec<Field> {
        let mapping = self.mapping;
        let mut fields = Vec::new();
        if let Some(base) = structure.base.filter(|base| mapping.is_xml(*base)) {
            fields.push(Field::new("base", Role::Base, Rust::Item(base)));
        }
        fields.extend(structure.attributes.iter().map(|attribute| self.attribute(attribute)));
        if structure.any_attribute {
            fields.push(Field::new("attributes", Role::AnyAttribute, Rust::Imported("QName")));
        }
        if let Some(text) = structure.text {
            fields.push(Field::new("value", Role::Text, simple(mapping, text)));
        }
        match (structure.mixed, structure.content.is_empty()) {
            (true, false) => fields.push(self.mixed(&structure.content)),
            (true, true) if structure.text.is_none() && !self.base_has_text(structure) => {
                let text = Rust::Prelude("String").optional();
                fields.push(Field::new("text", Role::Text, text));
            }
            _ => self.sequence(&structure.content, false, &mut fields),
        }
        fields
    }

    /// Whether a type that this one derives from has text already. A circle of bases ends after as many steps as there are
    /// types.
    fn base_has_text(&self, structure: &Structure) -> bool {
        let mut base = structure.base;
        for _ in 0..self.mapping.set.types.iter().count() {
            let Some(of) = base.and_then(|base| self.mapping.get(base).structure()) else {
                return false;
            };
            if of.text.is_some() || of.mixed {
                return true;
            }
            base = of.base;
        }
        false
    }

    fn attribute(&self, attribute: &Attribute) -> Field {
        let rust = simple(self.mapping, attribute.type_id);
        let valid = |text: &&String| is_value(self.mapping, attribute.type_id, text);
        let default = attribute.default.as_ref().filter(valid);
        let fixed = attribute.fixed.as_ref().filter(valid);
        let list = matches!(&rust, Rust::List(inner) if **inner != Rust::Prelude("u8"));
        let (rust, absent) = match (attribute.required, fixed, default) {
            _ if list => (if attribute.required { rust } else { rust.optional() }, Absent::Type),
            (true, Some(fixed), _) => (rust, Absent::Fixed(fixed.clone())),
            (true, None, _) => (rust, Absent::Type),
            (false, None, Some(default)) => (rust, Absent::Default(default.clone())),
            (false, ..) => (rust.optional(), Absent::Type),
        };
        Field {
            wire: Some(attribute.name.clone()),
            absent,
            documentation: attribute.documentation.clone(),
            ..Field::new(&attribute.name.local, Role::Attribute, rust)
        }
    }

    /// The fields of elements one after the other.
    fn sequence(&mut self, items: &[Particle], optional: bool, fields: &mut Vec<Field>) {
        for item in items {
            match item {
                Particle::Element(member) => fields.push(self.element(member, optional)),
                Particle::All(inner, occurs) => {
                    self.sequence(inner, optional || occurs.min == 0, fields);
                }
                Particle::Sequence(inner, occurs) => {
                    self.group(inner, *occurs, optional, fields);
                }
                Particle::Choice(inner, occurs) => {
                    self.choice(inner, *occurs, optional, fields);
                }
                Particle::Any { occurs, .. } => any(*occurs, optional, fields),
            }
        }
    }

    fn group(
        &mut self,
        inner: &[Particle],
        occurs: Occurs,
        optional: bool,
        fields: &mut Vec<Field>,
    ) {
        let repeated = occurs.max != Some(1);
        if let [only] = inner
            && let Some(only) = multiplied(only, occurs)
        {
            return self.sequence(&[only], optional, fields);
        }
        if inner.is_empty() {
            return;
        }
        if occurs.min == 1 && !repeated && !optional {
            return self.sequence(inner, false, fields);
        }
        let mut own = Vec::new();
        self.sequence(inner, false, &mut own);
        let part = self.part("Group", PartKind::Group(own));
        let (title, rust) = match repeated {
            true => ("groups", part.list()),
            false => ("group", part.optional()),
        };
        fields.push(Field::new(title, Role::Group, rust));
    }

    fn choice(
        &mut self,
        inner: &[Particle],
        occurs: Occurs,
        optional: bool,
        fields: &mut Vec<Field>,
    ) {
        let repeated = occurs.max != Some(1);
        if let [only] = inner
            && let Some(only) = multiplied(only, occurs)
        {
            return self.sequence(&[only], optional, fields);
        }
        let mut alternatives = Vec::new();
        self.alternatives(inner, repeated, &mut alternatives);
        if alternatives.is_empty() {
            return;
        }
        let part = self.part("Item", PartKind::Choice(alternatives));
        let absent = optional || occurs.min == 0 || inner.iter().any(may_be_empty);
        let (title, rust) = match (repeated, absent) {
            (true, _) => ("items", part.list()),
            (false, true) => ("item", part.optional()),
            (false, false) => ("item", part),
        };
        fields.push(Field::new(title, Role::Choice, rust));
    }

    /// The variants of a choice; of one that is repeated, repeated elements are several variants.
    fn alternatives(&mut self, items: &[Particle], repeated: bool, variants: &mut Vec<Field>) {
        for item in items {
            let once = |occurs: &Occurs| repeated || occurs.max == Some(1);
            let variant = match item {
                Particle::Element(member) => self.alternative(member, repeated),
                Particle::Sequence(inner, occurs) if inner.len() == 1 && once(occurs) => {
                    self.alternatives(inner, repeated, variants);
                    continue;
                }
                Particle::Choice(inner, occurs) if once(occurs) => {
                    self.alternatives(inner, repeated, variants);
                    continue;
                }
                Particle::Any { occurs, .. } if once(occurs) => {
                    Field::new("Any", Role::Any, Rust::Imported("XmlElement"))
                }
                other => {
                    let mut fields = Vec::new();
                    match other {
                        Particle::Sequence(inner, occurs) if once(occurs) => {
                            self.sequence(inner, false, &mut fields);
                        }
                        other => self.sequence(std::slice::from_ref(other), false, &mut fields),
                    }
                    if fields.is_empty() {
                        continue;
                    }
                    Field::new("Group", Role::Group, self.part("Group", PartKind::Group(fields)))
                }
            };
            let same = |before: &Field| match variant.role {
                Role::Element | Role::Any => {
                    before.role == variant.role && before.wire == variant.wire
                }
                _ => false,
            };
            if !variants.iter().any(same) {
                variants.push(variant);
            }
        }
    }

    fn alternative(&mut self, member: &Member, repeated: bool) -> Field {
        if !member.substitutes.is_empty() {
            let head = Rust::Head(self.heads.of(member));
            return Field::new(&member.name.local, Role::Choice, head);
        }
        let plain = plain(self.mapping, member.type_id);
        let rust = match (member.is_repeated() && !repeated, member.nillable) {
            (true, _) => self.item(member).list(),
            (false, true) => plain.nullable(),
            // A list in a variant would be elements that follow each other.
            (false, false) => match plain {
                Rust::List(inner) if *inner != Rust::Prelude("u8") => Rust::List(inner).nullable(),
                plain => plain,
            },
        };
        self.named(member, Role::Element, rust)
    }

    /// Text with elements in it: all of them in one list.
    fn mixed(&mut self, content: &[Particle]) -> Field {
        let mut variants = vec![Field::new("Text", Role::Text, Rust::Prelude("String"))];
        let mut open: Vec<&Particle> = content.iter().rev().collect();
        let mut elements = Vec::new();
        while let Some(particle) = open.pop() {
            match particle {
                Particle::Sequence(inner, _)
                | Particle::Choice(inner, _)
                | Particle::All(inner, _) => open.extend(inner.iter().rev()),
                other => elements.push(other.clone()),
            }
        }
        self.alternatives(&elements, true, &mut variants);
        let part = self.part("Content", PartKind::Choice(variants));
        Field::new("content", Role::Choice, part.list())
    }

    fn element(&mut self, member: &Member, optional: bool) -> Field {
        let absent = optional || member.min_occurs == 0;
        if !member.substitutes.is_empty() {
            let head = Rust::Head(self.heads.of(member));
            let rust = match (member.is_repeated(), absent) {
                (true, _) => head.list(),
                (false, true) => head.optional(),
                (false, false) => head,
            };
            let documentation = member.documentation.clone();
            return Field { documentation, ..Field::new(&member.name.local, Role::Choice, rust) };
        }
        if member.is_repeated() {
            return self.named(member, Role::Element, self.item(member).list());
        }
        let plain = plain(self.mapping, member.type_id);
        let list = matches!(&plain, Rust::List(inner) if **inner != Rust::Prelude("u8"));
        if list {
            let role = self.list_role(member);
            let rust = if absent || member.nillable { plain.optional() } else { plain };
            return self.named(member, role, rust);
        }
        let text = member.fixed.as_ref().or(member.default.as_ref());
        let text = text.filter(|text| is_value(self.mapping, member.type_id, text));
        if let (Some(text), false) = (text, member.nillable) {
            let absent = match member.fixed.is_some() && !absent {
                true => Absent::Fixed(text.clone()),
                false => Absent::Default(text.clone()),
            };
            return Field { absent, ..self.named(member, Role::Element, plain) };
        }
        let rust = match (member.nillable, absent) {
            (true, true) => plain.nullable().optional(),
            (true, false) => plain.nullable(),
            (false, true) => plain.optional(),
            (false, false) => plain,
        };
        self.named(member, Role::Element, rust)
    }

    fn named(&self, member: &Member, role: Role, rust: Rust) -> Field {
        Field {
            wire: Some(member.name.clone()),
            documentation: member.documentation.clone(),
            ..Field::new(&member.name.local, role, rust)
        }
    }

    /// What the list of an element is: text, or elements.
    fn list_role(&self, member: &Member) -> Role {
        let id = self.mapping.unrestricted(member.type_id);
        match &self.mapping.get(id).shape {
            Shape::Collection(item) => Role::Array(item.name.clone()),
            _ => Role::List,
        }
    }

    /// One of several elements.
    fn item(&self, member: &Member) -> Rust {
        let plain = plain(self.mapping, member.type_id);
        let null = member.nillable
            && (self.mapping.is_value(member.type_id) || self.mapping.options.nullable_items);
        if null { plain.optional() } else { plain }
    }

    fn part(&mut self, suffix: &'static str, kind: PartKind) -> Rust {
        self.parts.push(Part { suffix, kind, place: Place::default() });
        Rust::Part(self.owner, self.parts.len() - 1)
    }
}

/// A wildcard. Two of them are one: nothing tells where the first ends.
fn any(occurs: Occurs, optional: bool, fields: &mut Vec<Field>) {
    let element = Rust::Imported("XmlElement");
    if let Some(before) = fields.iter_mut().find(|field| field.role == Role::Any) {
        before.rust = element.list();
        return;
    }
    let rust = match (occurs.max, occurs.min == 0 || optional) {
        (Some(1), true) => element.optional(),
        (Some(1), false) => element,
        _ => element.list(),
    };
    fields.push(Field::new("any", Role::Any, rust));
}

/// The only item of a group or choice, as often as both say together; none where that is no element and no wildcard.
fn multiplied(only: &Particle, outer: Occurs) -> Option<Particle> {
    let times = |inner: Occurs| Occurs {
        min: inner.min.saturating_mul(outer.min),
        max: inner.max.zip(outer.max).map(|(one, other)| one.saturating_mul(other)),
    };
    match only {
        Particle::Element(member) => {
            let occurs = times(Occurs { min: member.min_occurs, max: member.max_occurs });
            let mut member = member.clone();
            (member.min_occurs, member.max_occurs) = (occurs.min, occurs.max);
            Some(Particle::Element(member))
        }
        Particle::Any { namespaces, occurs } => {
            Some(Particle::Any { namespaces: namespaces.clone(), occurs: times(*occurs) })
        }
        _ if outer.min == 1 && outer.max == Some(1) => Some(only.clone()),
        _ => None,
    }
}

/// Whether nothing at all may stand for a particle.
fn may_be_empty(particle: &Particle) -> bool {
    match particle {
        Particle::Element(member) => member.min_occurs == 0,
        Particle::Any { occurs, .. } => occurs.min == 0,
        Particle::Sequence(inner, occurs) | Particle::All(inner, occurs) => {
            occurs.min == 0 || inner.iter().all(may_be_empty)
        }
        Particle::Choice(inner, occurs) => occurs.min == 0 || inner.iter().any(may_be_empty),
    }
}
