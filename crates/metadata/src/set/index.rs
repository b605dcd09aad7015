//! The tables behind the look-ups.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::finding::{Finding, Severity};
use crate::location::{At, Location};
use crate::name::QName;
use crate::policy::{Attached, Policy};
use crate::schema::{Content, Schema, SimpleType, TypeDefinition, TypeKind, TypeReference};
use crate::wsdl::Definitions;

/// Where a schema is: inside definitions, or a document of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home {
    Inside(usize, usize),
    Alone(usize),
}

/// A component: its schema, and its number there.
pub(super) type Place = (Home, usize);

/// Where a policy with a name or an id is.
#[derive(Clone, Copy, Debug)]
pub(super) enum PolicyPlace {
    Definitions(usize, usize),
    Alone(usize),
    Embedded(usize),
}

/// What the content of global things was, by their places: two of one name and one content are one thing.
pub(crate) type Fingerprints = HashMap<At, u64>;

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    pub(super) messages: HashMap<QName, (usize, usize)>,
    pub(super) port_types: HashMap<QName, (usize, usize)>,
    pub(super) bindings: HashMap<QName, (usize, usize)>,
    pub(super) elements: HashMap<QName, Place>,
    pub(super) attributes: HashMap<QName, Place>,
    pub(super) types: HashMap<QName, Place>,
    pub(super) groups: HashMap<QName, Place>,
    pub(super) attribute_groups: HashMap<QName, Place>,
    pub(super) substitutes: HashMap<QName, Vec<Place>>,
    pub(super) derived: HashMap<QName, Vec<Place>>,
    pub(super) namespaces: HashSet<String>,
    /// Policies with an id that stand inside something.
    pub(super) embedded: Vec<Policy>,
    policies: HashMap<(Location, String), PolicyPlace>,
    policy_names: HashMap<String, PolicyPlace>,
}

impl Index {
    pub(super) fn of(
        definitions: &[Definitions],
        schemas: &[Schema],
        policies: &[Policy],
        fingerprints: &Fingerprints,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut index = Self::default();
        let mut twice = Twice { fingerprints, findings, first: HashMap::new(), told: 0 };
        for (number, document) in definitions.iter().enumerate() {
            index.definitions(number, document, &mut twice);
            for (inside, schema) in document.schemas.iter().enumerate() {
                index.schema(Home::Inside(number, inside), schema, &mut twice);
            }
        }
        for (number, schema) in schemas.iter().enumerate() {
            index.schema(Home::Alone(number), schema, &mut twice);
        }
        for (number, policy) in policies.iter().enumerate() {
            let place = PolicyPlace::Alone(number);
            // The document itself is the policy, too.
            let document = (policy.at.location.clone(), String::new());
            index.policies.entry(document).or_insert(place);
            index.policy_at(policy, place, &mut twice);
        }
        index
    }

    fn definitions(&mut self, number: usize, document: &Definitions, twice: &mut Twice<'_>) {
        for (item, message) in document.messages.iter().enumerate() {
            let place = (number, item);
            twice.add(&mut self.messages, "message", &message.name, place, &message.at);
        }
        for (item, port_type) in document.port_types.iter().enumerate() {
            let place = (number, item);
            twice.add(&mut self.port_types, "portType", &port_type.name, place, &port_type.at);
        }
        for (item, binding) in document.bindings.iter().enumerate() {
            let place = (number, item);
            twice.add(&mut self.bindings, "binding", &binding.name, place, &binding.at);
        }
        for (item, policy) in document.policies.iter().enumerate() {
            self.policy_at(policy, PolicyPlace::Definitions(number, item), twice);
        }
        for attached in attachments(document) {
            for policy in &attached.embedded {
                if policy.id.is_some() || policy.name.is_some() {
                    self.policy_at(policy, PolicyPlace::Embedded(self.embedded.len()), twice);
                    self.embedded.push(policy.clone());
                }
            }
        }
    }

    fn schema(&mut self, home: Home, schema: &Schema, twice: &mut Twice<'_>) {
        self.namespaces.insert(schema.target_namespace.clone());
        for (item, element) in schema.elements.iter().enumerate() {
            let place = (home, item);
            let added = twice.add(&mut self.elements, "element", &element.name, place, &element.at);
            if let Some(head) = element.substitution_group.as_ref().filter(|_| added) {
                self.substitutes.entry(head.clone()).or_default().push(place);
            }
        }
        for (item, attribute) in schema.attributes.iter().enumerate() {
            let place = (home, item);
            twice.add(&mut self.attributes, "attribute", &attribute.name, place, &attribute.at);
        }
        for (item, definition) in schema.types.iter().enumerate() {
            let Some(name) = &definition.name else { continue };
            let place = (home, item);
            let added = twice.add(&mut self.types, "type", name, place, &definition.at);
            if let Some(base) = base(definition).filter(|_| added) {
                self.derived.entry(base.clone()).or_default().push(place);
            }
        }
        for (item, group) in schema.groups.iter().enumerate() {
            twice.add(&mut self.groups, "group", &group.name, (home, item), &group.at);
        }
        for (item, set) in schema.attribute_groups.iter().enumerate() {
            let place = (home, item);
            twice.add(&mut self.attribute_groups, "attributeGroup", &set.name, place, &set.at);
        }
    }

    fn policy_at(&mut self, policy: &Policy, place: PolicyPlace, twice: &mut Twice<'_>) {
        if let Some(id) = &policy.id {
            let key = (policy.at.location.clone(), id.clone());
            match self.policies.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(place);
                }
                Entry::Occupied(_) => twice.policy(id, &policy.at),
            }
        }
        if let Some(name) = &policy.name {
            self.policy_names.entry(name.clone()).or_insert(place);
        }
    }

    pub(super) fn policy(&self, uri: &str, from: &Location) -> Option<PolicyPlace> {
        if let Some(id) = uri.strip_prefix('#') {
            return self.policies.get(&(from.clone(), id.to_owned())).copied();
        }
        if let Some(named) = self.policy_names.get(uri) {
            return Some(*named);
        }
        let (document, id) = uri.split_once('#').unwrap_or((uri, ""));
        self.policies.get(&(from.join(document), id.to_owned())).copied()
    }
}

/// What a named type is derived from.
fn base(definition: &TypeDefinition) -> Option<&QName> {
    match &definition.kind {
        TypeKind::Complex(complex) => match &complex.content {
            Content::Complex { base, .. } | Content::Simple { base, .. } => Some(base),
            Content::Particle(_) => None,
        },
        TypeKind::Simple(SimpleType::Restriction { base: TypeReference::Named(base), .. }) => {
            Some(base)
        }
        TypeKind::Simple(_) => None,
    }
}

/// Everything in definitions that policies are attached to.
fn attachments(document: &Definitions) -> impl Iterator<Item = &Attached> {
    let messages = document.messages.iter().map(|message| &message.policies);
    let port_types = document.port_types.iter().flat_map(|port_type| {
        let operations = port_type.operations.iter().flat_map(|operation| {
            let messages = operation.messages.iter().chain(&operation.faults);
            std::iter::once(&operation.policies).chain(messages.map(|m| &m.policies))
        });
        std::iter::once(&port_type.policies).chain(operations)
    });
    let bindings = document.bindings.iter().flat_map(|binding| {
        let operations = binding.operations.iter().flat_map(|operation| {
            let messages = operation.input.iter().chain(&operation.output);
            let faults = operation.faults.iter().map(|fault| &fault.policies);
            std::iter::once(&operation.policies).chain(messages.map(|m| &m.policies)).chain(faults)
        });
        std::iter::once(&binding.policies).chain(operations)
    });
    let services = document.services.iter().flat_map(|service| {
        let ports = service.ports.iter().map(|port| &port.policies);
        std::iter::once(&service.policies).chain(ports)
    });
    messages.chain(port_types).chain(bindings).chain(services)
}

/// The most findings about names that are there twice.
const MAX_TOLD: usize = 200;

/// Finds things of one name, kind by kind.
struct Twice<'a> {
    fingerprints: &'a Fingerprints,
    findings: &'a mut Vec<Finding>,
    first: HashMap<(&'static str, QName), At>,
    told: usize,
}

impl Twice<'_> {
    /// Puts a thing into its table; false when there is one of that name already.
    fn add<P>(
        &mut self,
        table: &mut HashMap<QName, P>,
        what: &'static str,
        name: &QName,
        place: P,
        at: &At,
    ) -> bool {
        match table.entry(name.clone()) {
            Entry::Vacant(free) => {
                free.insert(place);
                self.first.insert((what, name.clone()), at.clone());
                true
            }
            Entry::Occupied(_) => {
                self.told(what, name, at);
                false
            }
        }
    }

    fn told(&mut self, what: &'static str, name: &QName, at: &At) {
        let Some(first) = self.first.get(&(what, name.clone())) else { return };
        let content = |at: &At| self.fingerprints.get(at);
        // One thing in two files is no contradiction.
        if content(first).is_some() && content(first) == content(at) {
            return;
        }
        self.told += 1;
        if self.told > MAX_TOLD {
            return;
        }
        let told =
            format!("There are two of {what} {name}, and they differ: the other is at {first}");
        let found = Finding::new("duplicate-name", Severity::Error, told).at(at.clone());
        self.findings.push(found.help("the first one is taken; remove one of them"));
    }

    fn policy(&mut self, id: &str, at: &At) {
        self.told += 1;
        if self.told > MAX_TOLD {
            return;
        }
        let told = format!("There are two policies with the id '{id}' in one document");
        let found = Finding::new("duplicate-policy", Severity::Warning, told).at(at.clone());
        self.findings.push(found.help("references mean the first one"));
    }
}
