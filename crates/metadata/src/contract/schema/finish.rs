//! What becomes of types when all are known.

use std::collections::{BTreeMap, VecDeque};

use super::importer::{Candidate, Importer, Use};
use super::recursion::mark_recursion;
use crate::contract::built_in::is_value;
use crate::contract::types::{Fall, Member, Shape, Tier, TypeId, TypeTable};
use crate::finding::Finding;
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
        self.check_bases();
        self.find_dictionaries();
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
                    of.tier = of.tier.max(Tier::Xml);
                    of.fall = Some(fall);
                }
            }
        }
        link_derived(&mut table);
        decide_defaults(&mut table);
        mark_recursion(&mut table);
        (Types { table, named, elements }, findings)
    }

    /// The base of a class is a class.
    fn check_bases(&mut self) {
        for index in 0..self.candidates.len() {
            let Ok(Shape::Class(class)) = &self.candidates[index].shape else { continue };
            let Some(base) = class.base else { continue };
            let is_class = matches!(
                self.candidates[base.0 as usize].shape,
                Ok(Shape::Class(_) | Shape::Serializable { .. }) | Err(_)
            );
            if !is_class {
                let at = self.table.get(TypeId(index as u32)).at.clone();
                let reason = "base: not a class".to_owned();
                self.candidates[index] = Candidate::fallen(Fall { reason, at });
            }
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
                Shape::Class(class) if is_entry(&class.members) => {
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
