//! What became of the references between documents.

use std::collections::{HashMap, HashSet};

use super::reference::{Reference, ReferenceKind};
use crate::finding::{Finding, Severity};
use crate::location::{At, Location};
use crate::name::namespaces::{MESSAGE, SERIALIZATION, WSA10, WSA2004, XSD};
use crate::schema::Schema;
use crate::set::Parts;

/// Namespaces that everybody knows: a document of theirs need not be there.
const KNOWN: [&str; 9] = [
    XSD,
    SERIALIZATION,
    MESSAGE,
    WSA10,
    WSA2004,
    "http://www.w3.org/XML/1998/namespace",
    "http://schemas.xmlsoap.org/soap/encoding/",
    "http://schemas.xmlsoap.org/wsdl/",
    "http://www.w3.org/2003/05/soap-encoding",
];

/// The most documents that are told as missing.
const MAX_TOLD: usize = 200;

/// What was decided about a reference when it was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is followed.
    Open,
    /// It leads to a file that it may not lead to.
    RefusedFile,
    /// It leads to another origin.
    RefusedOrigin,
    /// Too many references lead there.
    TooFar(usize),
}

/// All references, and what came.
#[derive(Default)]
pub(super) struct Resolution {
    references: Vec<(Reference, Location, Outcome)>,
    /// Documents that were read, and by which namespaces; of each also the empty one.
    loaded: HashMap<Location, HashSet<String>>,
    /// Namespaces of schemas that have components, and of definitions.
    of_schemas: HashSet<String>,
    of_definitions: HashSet<String>,
    failed: HashMap<Location, String>,
    unreadable: HashSet<Location>,
    moved: HashMap<Location, Location>,
}

impl Resolution {
    pub(super) fn refer(&mut self, reference: &Reference, target: Location, outcome: Outcome) {
        self.references.push((reference.clone(), target, outcome));
    }

    pub(super) fn loaded(&mut self, location: &Location, namespace: &str) {
        self.loaded.entry(location.clone()).or_default().insert(namespace.to_owned());
    }

    /// A schema was read that is at a location, alone or inside definitions.
    pub(super) fn schema(&mut self, location: &Location, schema: &Schema) {
        self.loaded(location, &schema.target_namespace);
        let is_empty = schema.elements.is_empty()
            && schema.types.is_empty()
            && schema.attributes.is_empty()
            && schema.groups.is_empty()
            && schema.attribute_groups.is_empty();
        if !is_empty {
            self.of_schemas.insert(schema.target_namespace.clone());
        }
    }

    pub(super) fn definitions(&mut self, location: &Location, namespace: &str) {
        self.loaded(location, namespace);
        self.of_definitions.insert(namespace.to_owned());
    }

    pub(super) fn failed(&mut self, location: &Location, why: String) {
        self.failed.insert(location.clone(), why);
    }

    /// It came, and says itself what is wrong with it.
    pub(super) fn unreadable(&mut self, location: &Location) {
        self.unreadable.insert(location.clone());
    }

    pub(super) fn moved(&mut self, from: &Location, to: &Location) {
        self.moved.insert(from.clone(), to.clone());
    }

    /// Writes into imports what they were resolved to, and tells of those that nothing satisfies.
    pub(super) fn finish(&self, parts: &mut Parts) {
        let mut resolved: HashMap<At, Location> = HashMap::new();
        let mut told = HashSet::new();
        for (reference, target, outcome) in &self.references {
            let actual = self.moved.get(target).unwrap_or(target);
            match self.loaded.get(actual) {
                Some(namespaces) if *outcome == Outcome::Open => {
                    resolved.insert(reference.at.clone(), actual.clone());
                    parts.findings.extend(self.wrong_namespace(reference, actual, namespaces));
                }
                // Once for each document that is missing, and not for ever.
                _ if told.len() < MAX_TOLD => {
                    let found = self.unresolved(reference, target, *outcome);
                    parts.findings.extend(found.filter(|_| told.insert(target)));
                }
                _ => {}
            }
        }
        let inside = parts.definitions.iter_mut().flat_map(|d| {
            for import in &mut d.imports {
                import.resolved = resolved.get(&import.at).cloned();
            }
            &mut d.schemas
        });
        for schema in inside.chain(&mut parts.schemas) {
            for import in &mut schema.imports {
                import.resolved = resolved.get(&import.at).cloned();
            }
        }
    }

    /// A document of another namespace than the one that is asked for (XML Schema Part 1 §4.2.1, §4.2.3).
    fn wrong_namespace(
        &self,
        reference: &Reference,
        actual: &Location,
        namespaces: &HashSet<String>,
    ) -> Option<Finding> {
        let has_some = namespaces.len() > 1;
        let is_known =
            KNOWN.contains(&reference.namespace.as_str()) || reference.namespace.is_empty();
        if !has_some || is_known || namespaces.contains(&reference.namespace) {
            return None;
        }
        let word = match reference.kind {
            ReferenceKind::WsdlImport | ReferenceKind::Import => "imported",
            ReferenceKind::Include(_) => "included",
            _ => return None,
        };
        let told = format!(
            "What is at {actual} has not the namespace '{}' that is {word}",
            reference.namespace
        );
        let found = Finding::new("other-namespace", Severity::Warning, told);
        Some(found.at(reference.at.clone()).help("what it has is known by its own namespace"))
    }

    fn unresolved(
        &self,
        reference: &Reference,
        target: &Location,
        outcome: Outcome,
    ) -> Option<Finding> {
        // Its own finding says it.
        if self.unreadable.contains(target) {
            return None;
        }
        let namespace = reference.namespace.as_str();
        let is_there = match reference.kind {
            ReferenceKind::WsdlImport if self.of_definitions.contains(namespace) => true,
            ReferenceKind::WsdlImport | ReferenceKind::Import => {
                KNOWN.contains(&namespace) || self.of_schemas.contains(namespace)
            }
            _ => false,
        };
        // Whoever needs the policy says that it is missing.
        let is_there = is_there || reference.kind == ReferenceKind::Policy;
        let at = reference.at.clone();
        match outcome {
            Outcome::RefusedFile => {
                let told = format!(
                    "The reference to '{}' is not followed: it leads to a file outside",
                    reference.written
                );
                let found = Finding::new("refused-file", Severity::Warning, told).at(at);
                Some(found.help(
                    "a document may refer to files in its own folder and below, or below --root; one from the network to none",
                ))
            }
            _ if is_there => None,
            Outcome::RefusedOrigin => {
                let told =
                    format!("The reference to {target} is not followed: it is of another origin");
                let host = target.origin().unwrap_or_default();
                let host = host.split_once("://").map_or("HOST", |(_, host)| host).to_owned();
                let found = Finding::new("refused-origin", Severity::Warning, told).at(at);
                Some(found.help(format!("--allow-origin {host} allows it")))
            }
            Outcome::TooFar(limit) => {
                let told = format!(
                    "The reference to {target} is not followed: the limit max_hops = {limit} is reached"
                );
                Some(Finding::new("too-many-hops", Severity::Error, told).at(at))
            }
            Outcome::Open => {
                let why = self.failed.get(target).map_or("it was not read", String::as_str);
                let told = match namespace {
                    "" => format!("{target} is missing: {why}"),
                    namespace => format!("{target}, imported for {namespace}, is missing: {why}"),
                };
                let found = Finding::new("missing-import", Severity::Warning, told).at(at);
                Some(found.help("only what refers to things in it is concerned; put the file there, or name it, too"))
            }
        }
    }
}
