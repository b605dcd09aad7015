//! The work list: types get their numbers when they are first mentioned, and their shapes one after the other, so that no
//! depth of a schema is a depth of the stack.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::contract::built_in::{built_in, is_well_known, item_of_array, xsd};
use crate::contract::components::{elements, messages, type_of, types};
use crate::contract::names::decode;
use crate::contract::types::{
    Fall, Member, Occurs, Shape, Structure, Tier, Type, TypeId, TypeTable,
};
use crate::finding::{Finding, Severity};
use crate::location::At;
use crate::name::{QName, namespaces};
use crate::schema::{ElementDeclaration, TypeDefinition, TypeKind, TypeReference};
use crate::set::MetadataSet;
use crate::wsdl::PartContent;

/// What a type is as a data contract, before it is known what becomes of the types that it is built on.
pub(super) struct Candidate {
    /// Its shape, or why it is none.
    pub(super) shape: Result<Shape, Fall>,
    /// The types without which it is none.
    pub(super) uses: Vec<Use>,
    /// A collection whose items are entries of a dictionary.
    pub(super) is_dictionary: bool,
}

/// One type that another is built on.
pub(super) struct Use {
    /// Which.
    pub(super) of: TypeId,
    /// As what, for people: `member Name`, `base`.
    pub(super) role: String,
}

impl Candidate {
    pub(super) fn of(shape: Shape) -> Self {
        Self { shape: Ok(shape), uses: Vec::new(), is_dictionary: false }
    }

    pub(super) fn fallen(fall: Fall) -> Self {
        Self { shape: Err(fall), uses: Vec::new(), is_dictionary: false }
    }
}

/// A type whose shape is still to be made.
struct Task<'a> {
    id: TypeId,
    definition: &'a TypeDefinition,
}

/// Makes types of schemas.
pub(in crate::contract) struct Importer<'a> {
    pub(super) set: &'a MetadataSet,
    pub(super) table: TypeTable,
    /// By the id of each type.
    pub(super) candidates: Vec<Candidate>,
    pub(super) findings: Vec<Finding>,
    /// What is told already: each missing component once.
    pub(super) told: BTreeSet<QName>,
    pub(super) named: BTreeMap<QName, TypeId>,
    /// Global elements by their names.
    pub(super) elements: BTreeMap<QName, Member>,
    /// By the address of the definition, which stands still as long as the documents do.
    anonymous: BTreeMap<usize, TypeId>,
    tasks: VecDeque<Task<'a>>,
    /// How many particles, attributes and substitutes may still be made by reference, against groups that double each other.
    pub(super) budget: usize,
}

/// What groups and substitution groups of all types make together, beside what is written in place. The largest public
/// services make less than 2,000.
const MAX_MADE: usize = 100_000;

/// Where an anonymous type stands.
pub(super) struct Place<'p> {
    /// The namespace of the type around it.
    pub(super) namespace: &'p str,
    /// What it is called after.
    pub(super) title: String,
    /// Inside a group, which many may refer to.
    pub(super) in_group: bool,
}

impl<'p> Place<'p> {
    /// A place that is not inside a group.
    pub(super) fn new(namespace: &'p str, title: String) -> Self {
        Self { namespace, title, in_group: false }
    }
}

impl<'a> Importer<'a> {
    /// Numbers for all named types, for those of global elements, and for those of parts, in the order of the documents.
    pub(in crate::contract) fn new(set: &'a MetadataSet) -> Self {
        let mut importer = Self {
            set,
            table: TypeTable::default(),
            candidates: Vec::new(),
            findings: Vec::new(),
            told: BTreeSet::new(),
            named: BTreeMap::new(),
            elements: BTreeMap::new(),
            anonymous: BTreeMap::new(),
            tasks: VecDeque::new(),
            budget: MAX_MADE,
        };
        for name in types(set).filter_map(|definition| definition.name.as_ref()) {
            importer.named(name, None);
        }
        for element in elements(set) {
            let member = importer.global(element, Occurs { min: 1, max: Some(1) });
            importer.elements.insert(element.name.clone(), member);
        }
        for part in messages(set).flat_map(|message| &message.parts) {
            match &part.content {
                PartContent::Type(name) if !name.is(namespaces::MESSAGE, "MessageBody") => {
                    importer.named(name, Some(&part.at));
                }
                // The schema of the serialization namespace need not be there.
                PartContent::Element(name)
                    if set.element(name).is_none() && built_in(name).is_some() =>
                {
                    let member = importer.built_in_element(name);
                    importer.elements.insert(name.clone(), member);
                }
                _ => {}
            }
        }
        importer
    }

    /// Shapes for all types; to be called again when others were mentioned since.
    pub(in crate::contract) fn run(&mut self) {
        while let Some(Task { id, definition }) = self.tasks.pop_front() {
            let (namespace, title) = {
                let this = self.table.get(id);
                (this.namespace.clone(), this.title.clone())
            };
            let place = Place::new(&namespace, title);
            let (candidate, shape) = match &definition.kind {
                TypeKind::Simple(simple) => self.simple(definition, simple, &place),
                TypeKind::Complex(complex) => {
                    let structure = self.structure(id, definition, complex, &place);
                    let candidate = self.accept(definition, complex, &structure, &place);
                    (candidate, Shape::Structure(structure))
                }
            };
            self.candidates[id.0 as usize] = candidate;
            self.table.get_mut(id).shape = shape;
        }
    }

    /// The type of an element.
    pub(in crate::contract) fn of_element(&mut self, element: &'a ElementDeclaration) -> TypeId {
        let place = Place::new(&element.name.namespace, decode(&element.name.local));
        let reference = type_of(self.set, element);
        self.reference(reference, place, &element.at)
    }

    /// A global element of the serialization schema: one of each built-in type, all may be nil.
    pub(super) fn built_in_element(&mut self, name: &QName) -> Member {
        let mut member = Member::new(name.clone(), self.named(name, None));
        member.nillable = true;
        member
    }

    /// The type of a reference.
    pub(super) fn reference(
        &mut self,
        reference: &'a TypeReference,
        place: Place<'_>,
        at: &At,
    ) -> TypeId {
        match reference {
            TypeReference::Named(name) => self.named(name, Some(at)),
            TypeReference::Anonymous(definition) => self.anonymous(definition, place),
        }
    }

    /// The type of a name; of one that nobody declares something that holds any XML.
    pub(in crate::contract) fn named(&mut self, name: &QName, at: Option<&At>) -> TypeId {
        if let Some(&id) = self.named.get(name) {
            return id;
        }
        if let Some(of) = built_in(name) {
            let id = match self.named.get(&of) {
                Some(&id) => id,
                None => self.add_built_in(of.clone()),
            };
            self.named.insert(of, id);
            self.named.insert(name.clone(), id);
            return id;
        }
        if let Some(definition) = self.set.type_definition(name) {
            let id = self.add(Some(name.clone()), &name.namespace, decode(&name.local), definition);
            self.named.insert(name.clone(), id);
            return id;
        }
        let id = match item_of_array(name) {
            Some(item) => self.add_array(name, &item),
            None => self.add_missing(name, at),
        };
        self.named.insert(name.clone(), id);
        id
    }

    /// The type of a definition in place.
    pub(super) fn anonymous(&mut self, definition: &'a TypeDefinition, place: Place<'_>) -> TypeId {
        let address = std::ptr::from_ref(definition) as usize;
        if let Some(&id) = self.anonymous.get(&address) {
            return id;
        }
        let id = self.add(None, place.namespace, place.title, definition);
        self.anonymous.insert(address, id);
        id
    }

    fn add(
        &mut self,
        name: Option<QName>,
        namespace: &str,
        title: String,
        definition: &'a TypeDefinition,
    ) -> TypeId {
        let mut of = Type::new(QName::new(namespace, title), Shape::Any);
        of.name = name;
        of.documentation.clone_from(&definition.annotation.documentation);
        of.at = definition.at.clone();
        let id = self.push(of, Candidate::of(Shape::Any));
        self.tasks.push_back(Task { id, definition });
        id
    }

    fn add_built_in(&mut self, name: QName) -> TypeId {
        let shape = match name == xsd("anyType") {
            true => Shape::Any,
            false => Shape::BuiltIn(name.clone()),
        };
        self.push(Type::new(name, shape.clone()), Candidate::of(shape))
    }

    /// `ArrayOfint` and its like, whose schema WCF's tools have themselves.
    fn add_array(&mut self, name: &QName, item: &QName) -> TypeId {
        let id = self.push(Type::new(name.clone(), Shape::Any), Candidate::of(Shape::Any));
        self.named.insert(name.clone(), id);
        let mut member = Member::new(
            QName::new(name.namespace.clone(), item.local.clone()),
            self.named(item, None),
        );
        member.min_occurs = 0;
        member.max_occurs = None;
        let is_value = matches!(&self.table.get(member.type_id).shape, Shape::BuiltIn(of) if crate::contract::built_in::is_value(of));
        member.nillable = !is_value;
        let structure = Structure {
            content: vec![crate::contract::types::Particle::Element(member.clone())],
            ..Structure::default()
        };
        let of = self.table.get_mut(id);
        of.shape = Shape::Structure(structure);
        self.candidates[id.0 as usize] = Candidate::of(Shape::Collection(Box::new(member)));
        id
    }

    fn add_missing(&mut self, name: &QName, at: Option<&At>) -> TypeId {
        let reason = format!("the type {name} is in none of the schemas");
        let mut finding = Finding::new("missing-type", Severity::Warning, reason.clone()).help(
            "Give the schema that declares it as well. Until then its content is XML as it is.",
        );
        finding.at = at.cloned();
        if !is_well_known(&name.namespace) {
            self.findings.push(finding);
        }
        let at = at.cloned().unwrap_or_else(At::nowhere);
        let fall = Fall { reason, at: at.clone() };
        let mut of = Type::new(name.clone(), Shape::Xml { nodes: true });
        of.title = decode(&name.local);
        of.tier = Tier::Xml;
        of.at = at;
        self.push(of, Candidate::fallen(fall))
    }

    fn push(&mut self, of: Type, candidate: Candidate) -> TypeId {
        self.candidates.push(candidate);
        self.table.add(of)
    }
}
