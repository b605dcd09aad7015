//! From the types of a service to types of Rust.

use std::collections::BTreeSet;

use waxwing_datacontract::{ContractName, namespaces as contracts};
use waxwing_metadata::contract::{Class, ContractSet, Member, Shape, Type, TypeId};
use waxwing_metadata::{QName, namespaces};

use super::built_in::built_in;
use super::options::Options;
use super::reach::inner_types;
use super::rust_type::Rust;

/// How the types of a source are said in Rust.
#[derive(Clone, Copy)]
pub(super) struct Mapping<'s> {
    pub(super) set: &'s ContractSet,
    pub(super) options: &'s Options,
    /// Classes that are XML types all the same ([`xml_classes`]).
    pub(super) xml: &'s BTreeSet<TypeId>,
}

/// The classes that are XML types: what XML types hold, what those extend and what extends them. WCF serves all types of a
/// contract by one serializer; by data contracts an optional number would be written as zero where XmlSerializer leaves it out.
pub(super) fn xml_classes(set: &ContractSet) -> BTreeSet<TypeId> {
    let mut found = BTreeSet::new();
    let structures = set.types.iter().filter(|(_, of)| matches!(of.shape, Shape::Structure(_)));
    let mut open: Vec<TypeId> = structures.map(|(id, _)| id).collect();
    let mut seen: BTreeSet<TypeId> = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        let of = set.types.get(id);
        match &of.shape {
            Shape::Class(class) if is_plain(of, class) => {
                found.insert(id);
            }
            // Shared objects are said by data contracts only.
            Shape::Class(_) => continue,
            _ => {}
        }
        open.extend(inner_types(of).into_iter().filter(|id| seen.insert(*id)));
    }
    found
}

/// Whether a class is no more than members.
fn is_plain(of: &Type, class: &Class) -> bool {
    let system = [contracts::SYSTEM, contracts::SYSTEM_COLLECTIONS_GENERIC];
    let special = of.name.as_ref().is_some_and(|name| system.contains(&&*name.namespace));
    !class.is_reference && !special && of.as_structure.is_some()
}

/// A member of a class.
pub(super) struct Field {
    pub(super) rust: Rust,
    pub(super) required: bool,
    pub(super) emit_default: bool,
}

impl<'s> Mapping<'s> {
    pub(super) fn get(&self, id: TypeId) -> &'s Type {
        self.set.types.get(id)
    }

    pub(super) fn class(&self, id: TypeId) -> Option<&'s Class> {
        match &self.get(id).shape {
            Shape::Class(class) => Some(class),
            _ => None,
        }
    }

    /// Whether a type is one beyond data contracts.
    pub(super) fn is_xml(&self, id: TypeId) -> bool {
        let shape = &self.get(id).shape;
        matches!(shape, Shape::Structure(_) | Shape::List(_) | Shape::Union(_))
            || self.xml.contains(&id)
    }

    /// Whether only those that extend an XML type occur.
    pub(super) fn is_abstract(&self, id: TypeId) -> bool {
        self.is_xml(id) && self.get(id).structure().is_some_and(|structure| structure.is_abstract)
    }

    /// The types that extend one directly.
    pub(super) fn derived(&self, id: TypeId) -> &'s [TypeId] {
        let of = self.get(id);
        match (&of.shape, of.structure()) {
            (_, Some(structure)) if self.is_xml(id) => &structure.derived,
            (Shape::Class(class), _) => &class.derived,
            _ => &[],
        }
    }

    /// The type behind restrictions that only have facets.
    pub(super) fn unrestricted(&self, mut id: TypeId) -> TypeId {
        let mut seen = BTreeSet::new();
        while let Shape::Simple { base, .. } = &self.get(id).shape {
            if !seen.insert(id) {
                break;
            }
            id = *base;
        }
        id
    }

    /// Whether a struct or an enum is generated for a type.
    pub(super) fn has_item(&self, id: TypeId) -> bool {
        match &self.get(id).shape {
            Shape::Enumeration(_) | Shape::Structure(_) | Shape::List(_) | Shape::Union(_) => true,
            Shape::Class(_) => self.xml.contains(&id) || self.special(id).is_none(),
            Shape::Collection(item) => !self.is_default_list(id, item),
            Shape::Dictionary { entry, key, value } => {
                !self.is_default_dictionary(id, entry, key, value)
            }
            _ => false,
        }
    }

    /// The type as it is where it cannot be null.
    pub(super) fn plain(&self, id: TypeId) -> Rust {
        let id = self.unrestricted(id);
        match &self.get(id).shape {
            Shape::BuiltIn(name) => built_in(name).rust,
            Shape::Any => Rust::Imported("AnyType"),
            Shape::Xml { nodes: false } => Rust::Imported("XmlElement"),
            Shape::Xml { nodes: true } | Shape::Serializable { .. } => {
                Rust::Imported("OpenContent")
            }
            _ if self.is_xml(id) => match self.derived(id) {
                [] => Rust::Item(id),
                _ => Rust::Polymorphic(id),
            },
            Shape::Class(class) => self.class_type(id, class),
            Shape::Collection(item) if !self.has_item(id) => self.item(item).list(),
            Shape::Dictionary { key, value, .. } if !self.has_item(id) => {
                self.dictionary(key, value)
            }
            // A circle of restrictions; nothing can be of such a type.
            Shape::Simple { .. } => Rust::Prelude("String"),
            _ => Rust::Item(id),
        }
    }

    fn class_type(&self, id: TypeId, class: &Class) -> Rust {
        if let Some(special) = self.special(id) {
            return special;
        }
        let rust = match class.derived.is_empty() {
            true => Rust::Item(id),
            false => Rust::Polymorphic(id),
        };
        if class.is_reference { Rust::Shared(Box::new(rust)) } else { rust }
    }

    /// Classes of .NET that have a type of Rust of their own.
    fn special(&self, id: TypeId) -> Option<Rust> {
        let of = self.get(id);
        let name = of.name.as_ref()?;
        if name.is(contracts::SYSTEM, "DateTimeOffset") {
            return Some(Rust::Imported("DateTimeOffset"));
        }
        let Shape::Class(class) = &of.shape else { return None };
        let (pattern, _) = class.generic.as_ref()?;
        if &*name.namespace != contracts::SYSTEM_COLLECTIONS_GENERIC
            || pattern != "KeyValuePairOf{0}{1}{#}"
        {
            return None;
        }
        let [key, value] = class.members.as_slice() else { return None };
        let (key, value) = (self.field(key).rust, self.field(value).rust);
        Some(Rust::Pair(Box::new(key), Box::new(value)))
    }

    /// Whether .NET cannot have null for it.
    pub(super) fn is_value(&self, id: TypeId) -> bool {
        let id = self.unrestricted(id);
        match &self.get(id).shape {
            Shape::BuiltIn(name) => built_in(name).is_value,
            Shape::Enumeration(_) => true,
            Shape::Class(class) => class.is_value_type,
            _ => false,
        }
    }

    /// A member of a data contract (WCF's rules of `minOccurs` and `nillable`).
    pub(super) fn field(&self, member: &Member) -> Field {
        let plain = self.plain(member.type_id);
        let required = member.min_occurs > 0;
        if member.nillable {
            let rust = plain.optional();
            return Field { rust, required, emit_default: member.emit_default };
        }
        if self.is_value(member.type_id) || required {
            return Field { rust: plain, required, emit_default: member.emit_default };
        }
        Field { rust: plain.optional(), required, emit_default: false }
    }

    /// An item of a list, or the value of a dictionary.
    pub(super) fn item(&self, member: &Member) -> Rust {
        let plain = self.plain(member.type_id);
        let null =
            member.nillable && (self.is_value(member.type_id) || self.options.nullable_items);
        if null { plain.optional() } else { plain }
    }

    /// A dictionary: sorted where its keys can be.
    pub(super) fn dictionary(&self, key: &Member, value: &Member) -> Rust {
        let key = self.plain(key.type_id);
        let ordered = key.is_ordered(|id| {
            matches!(&self.get(id).shape, Shape::Enumeration(known) if !known.flags)
                && !self.options.lenient_enums
        });
        let (key, value) = (Box::new(key), Box::new(self.item(value)));
        if ordered { Rust::Map(key, value) } else { Rust::Dictionary(key, value) }
    }

    /// Classes that extend this one, at any distance, in the order of the table.
    pub(super) fn descendants(&self, id: TypeId) -> Vec<TypeId> {
        let (mut found, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(next) = open.pop() {
            open.extend(self.derived(next).iter().filter(|derived| found.insert(**derived)));
        }
        found.remove(&id);
        found.into_iter().collect()
    }

    /// The name of the contract that the type of Rust for `id` has.
    pub(super) fn contract(&self, id: TypeId) -> QName {
        let id = self.unrestricted(id);
        let of = self.get(id);
        match (&of.shape, &of.name) {
            (Shape::BuiltIn(name), _) => built_in(name).contract,
            (Shape::Any, _) => QName::new(namespaces::XSD, "anyType"),
            (Shape::Xml { nodes: false }, _) => {
                QName::new(format!("{}System.Xml", contracts::DATA_CONTRACT_BASE), "XmlElement")
            }
            (_, Some(name)) => name.clone(),
            (_, None) => QName::new(of.namespace.as_str(), of.title.as_str()),
        }
    }

    /// The same of an item, which may be `Nullable<T>`: the contract, and the name of the elements of a list.
    fn item_contract(&self, member: &Member) -> (ContractName, ContractName) {
        let name = self.contract(member.type_id);
        let name = ContractName::owned(&*name.local, &*name.namespace);
        if member.nillable && self.is_value(member.type_id) {
            let element = ContractName::owned(name.local.clone(), contracts::SYSTEM);
            let local = ContractName::generic("NullableOf{0}{#}", std::slice::from_ref(&name));
            return (ContractName::owned(local, contracts::SYSTEM), element);
        }
        let element = ContractName::owned(name.local.clone(), name.collection_namespace());
        (name, element)
    }

    /// Whether `Vec<T>` writes the list as the schema has it.
    fn is_default_list(&self, id: TypeId, item: &Member) -> bool {
        let octets = self.plain(item.type_id) == Rust::Prelude("u8");
        let (contract, element) = self.item_contract(item);
        let list = contract.array_of();
        let named = |name: &QName| name.is(&list.namespace, &list.local);
        !octets
            && item.name.is(&element.namespace, &element.local)
            && self.get(id).name.as_ref().is_some_and(named)
    }

    /// Whether `BTreeMap` or `Dictionary` write the dictionary as the schema has it.
    fn is_default_dictionary(
        &self,
        id: TypeId,
        entry: &QName,
        key: &Member,
        value: &Member,
    ) -> bool {
        let arguments = [self.item_contract(key).0, self.item_contract(value).0];
        let local = ContractName::generic("KeyValueOf{0}{1}{#}", &arguments);
        let list = format!("ArrayOf{local}");
        entry.is(contracts::ARRAYS, &local)
            && key.name.is(contracts::ARRAYS, "Key")
            && value.name.is(contracts::ARRAYS, "Value")
            && self.get(id).name.as_ref().is_some_and(|name| name.is(contracts::ARRAYS, &list))
    }
}
