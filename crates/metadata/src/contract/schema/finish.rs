//! What becomes of types when all are known.

use std::collections::{BTreeMap, VecDeque};

use super::importer::{Candidate, Importer, Use};
use super::recursion::mark_recursion;
use crate::contract::built_in::is_value;
use crate::contract::circles::strongly_connected;
use crate::contract::names::decode;
use crate::contract::types::{Fall, Member, Particle, Shape, Tier, TypeId, TypeTable};
use crate::finding::{Finding, Severity};
use crate::name::QName;

/// How many restrictions of simple types are followed.
const MAX_RESTRICTIONS: usize = 64;

/// All types, and what has which.
pub(in crate::contract) struct Types {
    pub(in crate::contract) table: TypeTable,
    named: BTreeMap<QName, TypeId>,
    elements: BTreeMap<QName, Member>,
}

impl Types {
    /// A global element.
    pub(in crate::contract) fn element(&self, name: &QName) -> Option<&Member> {
        self.elements.get(name)
    }

    /// A type by its name, if a schema or a message mentions it.
    pub(in crate::contract) fn named(&self, name: &QName) -> Option<TypeId> {
        self.named.get(name).copied()
    }
}

impl Importer<'_> {
    /// The types, each as a data contract if it is one with all that it is built on, else as an XML type.
    pub(in crate::contract) fn finish(mut self) -> (Types, Vec<Finding>) {
        self.cut_circles();
        self.check_bases();
        self.find_dictionaries();
        self.bind_derived();
        spread(&mut self.candidates);
        let Self { mut table, candidates, findings, named, elements, .. } = self;
        for (index, candidate) in (0u32..).zip(candidates) {
            let of = table.get_mut(TypeId(index));
            match candidate.shape {
                Ok(shape) => {
                    let xml = std::mem::replace(&mut of.shape, shape);
                    if let Shape::Structure(structure) = xml {
                        of.as_structure = Some(Box::new(structure));
                    }
                    of.tier = Tier::DataContract;
                }
                Err(fall) => {
                    if of.name.is_none() && is_any_xml(&of.shape) {
                        of.shape = Shape::Xml { nodes: true };
                    }
                    of.tier = of.tier.max(Tier::Xml);
                    of.fall = Some(fall);
                }
            }
        }
        name_items(&mut table);
        link_derived(&mut table);
        decide_defaults(&mut table);
        mark_recursion(&mut table);
        (Types { table, named, elements }, findings)
    }

    /// Takes the base from types that would be their own base.
    fn cut_circles(&mut self) {
        let bases: Vec<Option<TypeId>> = self
            .table
            .iter()
            .map(|(_, of)| of.structure().and_then(|structure| structure.base))
            .collect();
        let edges: Vec<Vec<usize>> =
            bases.iter().map(|base| base.iter().map(|id| id.0 as usize).collect()).collect();
        let component = strongly_connected(&edges);
        for (index, base) in bases.iter().enumerate() {
            if base.is_none_or(|base| component[base.0 as usize] != component[index]) {
                continue;
            }
            let id = TypeId(u32::try_from(index).expect("a table numbers its types so"));
            let at = self.table.get(id).at.clone();
            let reason = format!("the type {} is its own base", self.table.get(id).title);
            if let Shape::Structure(structure) = &mut self.table.get_mut(id).shape {
                structure.base = None;
            }
            let finding =
                Finding::new("circular-base", Severity::Error, reason.clone()).at(at.clone());
            self.findings.push(finding.help("It is read without base."));
            self.candidates[index] = Candidate::fallen(Fall { reason, at });
        }
    }

    /// The base of a class is a class; what extends a class that serializes itself is one of that kind without members.
    fn check_bases(&mut self) {
        // Bases first: whether a type serializes itself is asked of its base.
        let ids: Vec<usize> = self.base_first();
        for index in ids {
            let Ok(Shape::Class(class)) = &self.candidates[index].shape else { continue };
            let Some(base) = class.base else { continue };
            let (empty, base) = (class.members.is_empty(), base.0 as usize);
            let (is_reference, reason) = match &self.candidates[base].shape {
                Err(_) => (false, None),
                Ok(Shape::Class(class)) => (class.is_reference, None),
                Ok(Shape::Serializable { .. }) if empty => {
                    let shape = Shape::Serializable { factory_type: None };
                    let uses = std::mem::take(&mut self.candidates[index].uses);
                    self.candidates[index] = Candidate { uses, ..Candidate::of(shape) };
                    continue;
                }
                Ok(_) => (false, Some("base: not a class")),
            };
            if let (Ok(Shape::Class(class)), true) =
                (&mut self.candidates[index].shape, is_reference)
            {
                class.is_reference = true;
            }
            if let Some(reason) = reason {
                let at = self.table.get(TypeId(index as u32)).at.clone();
                self.candidates[index] = Candidate::fallen(Fall { reason: reason.to_owned(), at });
            }
        }
    }

    /// The types, each after the one that it extends. There are no circles any more.
    fn base_first(&self) -> Vec<usize> {
        let base = |index: usize| match &self.candidates[index].shape {
            Ok(Shape::Class(class)) => class.base.map(|base| base.0 as usize),
            _ => None,
        };
        let mut done = vec![false; self.candidates.len()];
        let mut order = Vec::with_capacity(done.len());
        for index in 0..done.len() {
            let mut chain = vec![];
            let mut next = Some(index);
            while let Some(index) = next.filter(|&index| !done[index]) {
                done[index] = true;
                chain.push(index);
                next = base(index);
            }
            order.extend(chain.into_iter().rev());
        }
        order
    }

    /// A class needs the classes that extend it, since WCF imports them with it as its known types.
    fn bind_derived(&mut self) {
        for (id, of) in self.table.iter() {
            let Some(base) = of.structure().and_then(|structure| structure.base) else { continue };
            let role = format!("known type {}", of.title);
            self.candidates[base.0 as usize].uses.push(Use { of: id, role });
        }
    }

    /// Collections that are annotated as dictionaries, with an item of two members.
    fn find_dictionaries(&mut self) {
        for index in 0..self.candidates.len() {
            if !self.candidates[index].is_dictionary {
                continue;
            }
            let Ok(Shape::Collection(item)) = &self.candidates[index].shape else { continue };
            let Ok(entry) = &self.candidates[item.type_id.0 as usize].shape else { continue };
            self.candidates[index] = match entry {
                Shape::Class(class)
                    if is_entry(&class.members) && self.is_of_namespace(index, item.type_id) =>
                {
                    let [key, value] = [&class.members[0], &class.members[1]];
                    let uses = [key, value]
                        .map(|member| Use { of: member.type_id, role: "entry".to_owned() });
                    let shape = Shape::Dictionary {
                        entry: item.name.clone(),
                        key: Box::new(key.clone()),
                        value: Box::new(value.clone()),
                    };
                    Candidate { uses: uses.into(), ..Candidate::of(shape) }
                }
                _ => {
                    let reason =
                        "IsDictionary: its items have no two members that are always there";
                    let at = item.at.clone();
                    Candidate::fallen(Fall { reason: reason.to_owned(), at })
                }
            };
        }
    }
}

impl Importer<'_> {
    fn is_of_namespace(&self, dictionary: usize, entry: TypeId) -> bool {
        let dictionary = TypeId(u32::try_from(dictionary).expect("a table numbers its types so"));
        self.table.get(dictionary).namespace == self.table.get(entry).namespace
    }
}

fn is_entry(members: &[Member]) -> bool {
    members.len() == 2 && members.iter().all(|member| member.min_occurs == 1)
}

/// What is built on a type that is no data contract is none either.
fn spread(candidates: &mut [Candidate]) {
    let mut users: Vec<Vec<(usize, String)>> = candidates.iter().map(|_| Vec::new()).collect();
    for (user, candidate) in candidates.iter().enumerate() {
        for used in &candidate.uses {
            users[used.of.0 as usize].push((user, used.role.clone()));
        }
    }
    let fallen = candidates.iter().enumerate().filter(|(_, candidate)| candidate.shape.is_err());
    let mut queue: VecDeque<(usize, String)> =
        fallen.filter_map(|(at, of)| Some((at, of.shape.as_ref().err()?.reason.clone()))).collect();
    while let Some((fallen, cause)) = queue.pop_front() {
        let Err(Fall { at, .. }) = &candidates[fallen].shape else { continue };
        let at = at.clone();
        for (user, role) in std::mem::take(&mut users[fallen]) {
            if candidates[user].shape.is_ok() {
                // Told with the first cause only: chains may be long.
                let reason = format!("{role}: {cause}");
                candidates[user].shape = Err(Fall { reason, at: at.clone() });
                queue.push_back((user, cause.clone()));
            }
        }
    }
}

/// Nothing but wildcards, as a `DataSet` has them: content of which no schema says anything.
fn is_any_xml(shape: &Shape) -> bool {
    let Shape::Structure(of) = shape else { return false };
    let plain =
        of.base.is_none() && of.text.is_none() && of.attributes.is_empty() && !of.is_abstract;
    plain
        && !of.content.is_empty()
        && of.content.iter().all(|particle| matches!(particle, Particle::Any { .. }))
}

/// An anonymous item of a collection is called like its element.
fn name_items(table: &mut TypeTable) {
    let items: Vec<(TypeId, String)> = table
        .iter()
        .filter_map(|(_, of)| match &of.shape {
            Shape::Collection(item) => Some((item.type_id, decode(&item.name.local))),
            _ => None,
        })
        .collect();
    for (id, title) in items {
        let of = table.get_mut(id);
        if of.name.is_none() {
            of.title = title;
        }
    }
}

/// Tells every type which ones extend it.
fn link_derived(table: &mut TypeTable) {
    let of_structures: Vec<(TypeId, TypeId)> =
        table.iter().filter_map(|(id, of)| Some((of.structure()?.base?, id))).collect();
    for (base, derived) in of_structures {
        let is_class = matches!(table.get(derived).shape, Shape::Class(_));
        let of = table.get_mut(base);
        if let (Shape::Class(class), true) = (&mut of.shape, is_class) {
            class.derived.push(derived);
            // WCF ignores the annotation of what cannot be a struct.
            class.is_value_type = false;
        }
        match &mut of.shape {
            Shape::Structure(structure) => structure.derived.push(derived),
            _ => {
                if let Some(structure) = &mut of.as_structure {
                    structure.derived.push(derived);
                }
            }
        }
    }
}

/// A member that may be absent and is never null is left out when it is null in .NET.
fn decide_defaults(table: &mut TypeTable) {
    let values: Vec<bool> = table.iter().map(|(id, _)| table.is_value_type(id)).collect();
    for index in 0..values.len() {
        let Shape::Class(class) = &mut table.get_mut(TypeId(index as u32)).shape else { continue };
        for member in &mut class.members {
            if !member.nillable && !values[member.type_id.0 as usize] {
                member.emit_default = false;
            }
        }
    }
}

impl TypeTable {
    /// Whether values of a type are values in .NET, which cannot be null: numbers, dates, enumerations, structs.
    pub fn is_value_type(&self, id: TypeId) -> bool {
        let mut id = id;
        for _ in 0..MAX_RESTRICTIONS {
            match &self.get(id).shape {
                Shape::BuiltIn(name) => return is_value(name),
                Shape::Enumeration(_) => return true,
                Shape::Class(class) => return class.is_value_type,
                Shape::Simple { base, .. } => id = *base,
                _ => return false,
            }
        }
        false
    }
}
