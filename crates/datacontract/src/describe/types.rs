//! The descriptions of many types, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::model::{GenericName, TypeDescription, TypeKind};
use super::used::TypeUse;
use crate::name::ContractName;

/// Descriptions of data contracts, each once, in the order in which they were first mentioned.
#[derive(Clone, Debug, Default)]
pub struct TypeDescriptions {
    entries: Vec<Entry>,
    places: BTreeMap<ContractName, usize>,
    /// The Rust types that were described, by their names: a type comes once, also while it is being described.
    seen: BTreeSet<&'static str>,
    conflicts: Vec<TypeConflict>,
    /// How many parts of XML types are open, one in the other.
    depth: u32,
}

/// Groups and choices that stand in each other without an element between them. No schema has a group in itself (XML Schema
/// Part 1 §3.8.6), but a Rust type may.
const MAX_PARTS: u32 = 32;

#[derive(Clone, Debug)]
struct Entry {
    rust: &'static str,
    /// None while the type is being described.
    description: Option<TypeDescription>,
    generic: Option<GenericName>,
}

/// Two Rust types of one contract name that do not look the same on the wire. WCF refuses such a pair; here the first
/// one is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeConflict {
    /// The name.
    pub contract: ContractName,
    /// The Rust type that is described.
    pub first: &'static str,
    /// The other one.
    pub second: &'static str,
}

impl fmt::Display for TypeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "The Rust types {} and {} have the same data contract name {} and different members; give one of them \
             another name or namespace.",
            self.first, self.second, self.contract
        )
    }
}

impl TypeDescriptions {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The description of a contract; none of a built-in one, and of one that was not described.
    pub fn get(&self, name: &ContractName) -> Option<&TypeDescription> {
        self.places.get(name).and_then(|place| self.entries[*place].description.as_ref())
    }

    /// All of them, in the order in which they were first mentioned.
    pub fn iter(&self) -> impl Iterator<Item = &TypeDescription> {
        self.entries.iter().filter_map(|entry| entry.description.as_ref())
    }

    /// The pairs of types that cannot stand in one schema.
    pub fn conflicts(&self) -> &[TypeConflict] {
        &self.conflicts
    }

    /// Adds the description of the Rust type called `rust`, unless it is there: `kind` makes it, and describes what it
    /// refers to.
    pub(crate) fn insert(
        &mut self,
        rust: &'static str,
        used: TypeUse,
        documentation: &'static str,
        generic: Option<GenericName>,
        kind: impl FnOnce(&mut Self) -> TypeKind,
    ) -> TypeUse {
        // The built-in types are described elsewhere; what has the name of one (`anyType`) is one.
        if used.contract.is_built_in() || !self.seen.insert(rust) {
            return used;
        }
        let name = used.contract.clone();
        let place = match self.places.get(&name) {
            Some(_) => None,
            None => {
                self.places.insert(name.clone(), self.entries.len());
                self.entries.push(Entry { rust, description: None, generic: generic.clone() });
                Some(self.entries.len() - 1)
            }
        };
        let kind = kind(self);
        let documentation = documentation.into();
        let description =
            TypeDescription { name, generic, value_type: used.value_type, documentation, kind };
        match place {
            Some(place) => self.entries[place].description = Some(description),
            None => self.unite(description, rust),
        }
        used
    }

    /// Describes a part of a type; none when parts are too deep in each other.
    #[doc(hidden)]
    pub fn deeper<R>(&mut self, describe: impl FnOnce(&mut Self) -> R) -> Option<R> {
        if self.depth >= MAX_PARTS {
            return None;
        }
        self.depth += 1;
        let part = describe(self);
        self.depth -= 1;
        Some(part)
    }

    /// Says that only types derived from an XML type occur.
    #[doc(hidden)]
    pub fn mark_abstract(&mut self, name: &ContractName) {
        let entry = self.places.get(name).map(|place| &mut self.entries[*place]);
        let description = entry.and_then(|entry| entry.description.as_mut());
        if let Some(TypeKind::Xml(own)) = description.map(|own| &mut own.kind) {
            own.is_abstract = true;
        }
    }

    /// The name of a type as an argument of a generic one.
    #[doc(hidden)]
    pub fn argument(&self, name: &ContractName) -> GenericName {
        let known = self.places.get(name).and_then(|place| self.entries[*place].generic.clone());
        known.unwrap_or_else(|| GenericName::plain(name))
    }

    /// A second Rust type of a name: the same on the wire, but for null perhaps, or a conflict.
    fn unite(&mut self, mut other: TypeDescription, second: &'static str) {
        let Some(entry) = self.places.get(&other.name).map(|place| &mut self.entries[*place])
        else {
            return;
        };
        let Some(known) = &mut entry.description else { return };
        if shape(known) != shape(&other) {
            let (contract, first) = (other.name, entry.rust);
            self.conflicts.push(TypeConflict { contract, first, second });
            return;
        }
        let both = known.kind.uses_mut().into_iter().zip(other.kind.uses_mut());
        for (known, other) in both {
            known.nullable |= other.nullable;
        }
    }
}

/// A description without what two types of one name may differ in: null and documentation.
fn shape(description: &TypeDescription) -> TypeDescription {
    let mut shape = description.clone();
    shape.documentation = "".into();
    for used in shape.kind.uses_mut() {
        used.nullable = false;
    }
    match &mut shape.kind {
        TypeKind::Class(class) => {
            class.members.iter_mut().for_each(|member| member.documentation = "".into());
        }
        TypeKind::Enumeration(enumeration) => {
            enumeration.members.iter_mut().for_each(|member| member.documentation = "".into());
        }
        _ => {}
    }
    shape
}
