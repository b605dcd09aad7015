//! What is generated: which types, what they are called, where they stand, and what can be derived for them.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use waxwing_metadata::contract::names::{self, Modules, Scope, Style};
use waxwing_metadata::contract::{Contract, Shape, Tier, Type, TypeId, strongly_connected};
use waxwing_metadata::namespaces;

use super::mapping::Mapping;
use super::place::Place;
use super::reach::reached;
use super::rust_type::{IMPORTS, Rust, ident};
use super::xml_layout::{Field, Head, Heads, Layout, PartKind, layout};
use super::xml_values::plain;

/// Names of the prelude, and macros and crates that generated code says without a path.
const PRELUDE: &[&str] = &[
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Hash",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
];

/// Modules of the root that would hide crates.
const CRATES: &[&str] = &["alloc", "core", "std", "waxwing", "xsd"];

/// What can hold itself: a generated item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// The struct or enum of a type, with its choices and groups.
    Item(TypeId),
    /// The enum of a class and of those that extend it.
    Polymorphic(TypeId),
    /// The enum of an element that others may stand in for.
    Head(usize),
}

/// What a type can be made by `derive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derives {
    pub(super) default: bool,
    pub(super) comparable: bool,
}

/// A contract with the names of its traits.
pub(super) struct Named<'s> {
    pub(super) contract: &'s Contract,
    pub(super) name: String,
    /// The trait in which the service calls its clients.
    pub(super) callback: Option<String>,
}

/// The plan of a file.
pub(super) struct Plan<'s> {
    pub(super) mapping: Mapping<'s>,
    /// The contracts with the names of their traits.
    pub(super) contracts: Vec<Named<'s>>,
    /// Types that get a struct or an enum.
    pub(super) items: BTreeMap<TypeId, Place>,
    /// Classes that get an enum of themselves and what extends them.
    pub(super) polymorphic: BTreeMap<TypeId, Place>,
    /// What structs of XML types hold.
    pub(super) layouts: BTreeMap<TypeId, Layout>,
    /// Elements that others may stand in for.
    pub(super) heads: Vec<Head>,
    /// The circle of each item and each enum.
    circles: BTreeMap<Node, usize>,
    derives: BTreeMap<TypeId, Derives>,
}

impl<'s> Plan<'s> {
    /// The plan for contracts (each with whether its service calls back) and the types that `roots` name.
    pub(super) fn new(
        mapping: Mapping<'s>,
        contracts: &[(&'s Contract, bool)],
        roots: Vec<TypeId>,
    ) -> Self {
        let reached = reached(mapping.set, roots);
        let mut root = Scope::with_reserved(Style::Pascal, reserved());
        let contracts = contracts
            .iter()
            .map(|(contract, calls_back)| {
                let mut give = |wanted: &str| {
                    let name = root.give(wanted);
                    for derived in ["Client", "Service", "Server", "Calls", "Replies"] {
                        root.give(&format!("{name}{derived}"));
                    }
                    name
                };
                let name = give(&free(names::trait_name(&contract.name.local)));
                let callback = calls_back.then(|| give(&format!("{name}Callback")));
                Named { contract, name, callback }
            })
            .collect();
        let mut plan = Self {
            mapping,
            contracts,
            items: BTreeMap::new(),
            polymorphic: BTreeMap::new(),
            layouts: BTreeMap::new(),
            heads: Vec::new(),
            circles: BTreeMap::new(),
            derives: BTreeMap::new(),
        };
        plan.name(&reached, root);
        plan.find_circles();
        plan.find_derives();
        plan
    }

    fn name(&mut self, reached: &BTreeSet<TypeId>, root: Scope) {
        let mapping = self.mapping;
        let with_items = || reached.iter().copied().filter(|id| mapping.has_item(*id));
        let namespaces = with_items().map(|id| mapping.get(id).namespace.as_str());
        let modules = Modules::of(namespaces, &self.given());
        let mut scopes = BTreeMap::from([(Vec::new(), root)]);
        let mut place = |of: &Type, name: &str| {
            let module = module(modules.path(&of.namespace));
            let scope = scopes.entry(module.clone());
            let scope = scope.or_insert_with(|| Scope::with_reserved(Style::Pascal, reserved()));
            Place { module, ident: scope.give(&free(names::type_name(name))) }
        };
        for id in with_items() {
            let of = mapping.get(id);
            self.items.insert(id, place(of, &of.title));
        }
        for id in with_items().filter(|id| is_base(mapping, *id)) {
            let of = mapping.get(id);
            self.polymorphic.insert(id, place(of, &format!("Any{}", self.items[&id].ident)));
        }
        let mut heads = Heads::default();
        for id in with_items().filter(|id| mapping.is_xml(*id)) {
            let of = mapping.get(id);
            let Some(structure) = of.structure() else { continue };
            let mut layout = layout(mapping, id, structure, &mut heads);
            for part in &mut layout.parts {
                part.place = place(of, &format!("{}{}", self.items[&id].ident, part.suffix));
            }
            self.layouts.insert(id, layout);
        }
        self.heads = heads.all;
        for head in &mut self.heads {
            let module = module(modules.path(&head.name.namespace));
            let scope = scopes.entry(module.clone());
            let scope = scope.or_insert_with(|| Scope::with_reserved(Style::Pascal, reserved()));
            let name = format!("{}Element", names::type_name(&head.name.local));
            head.place = Place { module, ident: scope.give(&free(name)) };
        }
    }

    /// Modules by the user's words; the types of the contract's own namespace stand beside its trait.
    fn given(&self) -> BTreeMap<String, String> {
        let mut given = self.mapping.options.namespaces.clone();
        let mut own = self.contracts.iter().map(|named| &named.contract.name.namespace);
        if let Some(first) = own.next()
            && own.all(|other| other == first)
        {
            given.entry(first.to_string()).or_default();
        }
        given
    }

    /// The types of the fields of a class or an XML type, its base included.
    fn fields(&self, id: TypeId) -> Vec<Rust> {
        if let Some(layout) = self.layouts.get(&id) {
            return layout.fields.iter().map(|field| field.rust.clone()).collect();
        }
        let Some(class) = self.mapping.class(id) else { return Vec::new() };
        let base = class.base.map(Rust::Item);
        let members = class.members.iter().map(|member| self.mapping.field(member).rust);
        base.into_iter().chain(members).collect()
    }

    /// What a generated item holds by value: its fields, and those of its choices and groups.
    fn held(&self, node: Node) -> Vec<Node> {
        let mut open = match node {
            Node::Polymorphic(id) => self.variants(id).into_iter().map(Rust::Item).collect(),
            Node::Item(id) => self.fields(id),
            Node::Head(index) => {
                let members = self.heads[index].members.iter();
                members.map(|(_, id)| plain(self.mapping, *id)).collect()
            }
        };
        let mut held = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(rust) = open.pop() {
            for inner in rust.contained() {
                match inner {
                    Rust::Part(id, at) => {
                        if seen.insert((*id, *at)) {
                            open.extend(self.part_types(*id, *at));
                        }
                    }
                    other => held.extend(node_of(other)),
                }
            }
        }
        held
    }

    /// The types in a choice or a group.
    fn part_types(&self, id: TypeId, at: usize) -> Vec<Rust> {
        let part = self.layouts.get(&id).and_then(|layout| layout.parts.get(at));
        let fields = part.map(|part| part.fields()).unwrap_or_default();
        fields.iter().map(|field| field.rust.clone()).collect()
    }

    fn find_circles(&mut self) {
        let items = self.items.keys().map(|id| Node::Item(*id));
        let polymorphic = self.polymorphic.keys().map(|id| Node::Polymorphic(*id));
        let heads = (0..self.heads.len()).map(Node::Head);
        let nodes: Vec<Node> = items.chain(polymorphic).chain(heads).collect();
        let number: BTreeMap<_, _> =
            nodes.iter().enumerate().map(|(at, node)| (*node, at)).collect();
        let edges: Vec<Vec<usize>> = nodes
            .iter()
            .map(|node| {
                let held = self.held(*node).into_iter();
                held.filter_map(|node| number.get(&node).copied()).collect()
            })
            .collect();
        self.circles = nodes.iter().copied().zip(strongly_connected(&edges)).collect();
    }

    /// Whether a member of this type in an item needs a box.
    pub(super) fn needs_box(&self, owner: Node, rust: &Rust) -> bool {
        let Some(own) = self.circles.get(&owner) else { return false };
        let held = rust.contained();
        let mut held = held.into_iter().filter_map(node_of);
        held.any(|node| self.circles.get(&node) == Some(own))
    }

    /// The greatest sets of types that can be derived for: what contradicts is taken out until nothing does.
    fn find_derives(&mut self) {
        let all = Derives { default: true, comparable: true };
        self.derives = self.items.keys().map(|id| (*id, all)).collect();
        let fields: BTreeMap<TypeId, Vec<Rust>> =
            self.items.keys().map(|id| (*id, self.contents(*id))).collect();
        loop {
            let mut changed = false;
            for (id, fields) in &fields {
                let before = self.derives[id];
                let default = before.default && self.can_default(*id, fields);
                let comparable =
                    before.comparable && fields.iter().all(|field| self.is_comparable(field));
                let now = Derives { default, comparable };
                changed |= now != before;
                self.derives.insert(*id, now);
            }
            if !changed {
                return;
            }
        }
    }

    /// The types that an item is made of, lists and dictionaries included.
    fn contents(&self, id: TypeId) -> Vec<Rust> {
        match &self.mapping.get(id).shape {
            Shape::Collection(item) => vec![self.mapping.item(item).list()],
            Shape::Dictionary { key, value, .. } => vec![self.mapping.dictionary(key, value)],
            _ => self.fields(id),
        }
    }

    /// Whether a struct of these fields has a default.
    pub(super) fn all_default(&self, fields: &[Field]) -> bool {
        fields.iter().all(|field| self.has_default(&field.rust))
    }

    fn can_default(&self, id: TypeId, fields: &[Rust]) -> bool {
        match &self.mapping.get(id).shape {
            Shape::Enumeration(known) => {
                known.flags || known.members.iter().any(|member| member.value == 0)
            }
            Shape::List(_) => true,
            Shape::Union(_) => false,
            _ => fields.iter().all(|field| self.has_default(field)),
        }
    }

    fn has_default(&self, rust: &Rust) -> bool {
        match rust {
            Rust::Imported(name) => !matches!(*name, "AnyType" | "XmlElement"),
            Rust::Item(id) => self.derives.get(id).is_some_and(|derives| derives.default),
            Rust::Pair(key, value) => self.has_default(key) && self.has_default(value),
            Rust::Boxed(inner) => self.has_default(inner),
            Rust::Part(id, at) => {
                let part = self.layouts.get(id).and_then(|layout| layout.parts.get(*at));
                part.is_some_and(|part| match &part.kind {
                    PartKind::Choice(_) => false,
                    PartKind::Group(fields) => self.all_default(fields),
                })
            }
            Rust::Polymorphic(_) | Rust::Shared(_) | Rust::Head(_) => false,
            Rust::Prelude(_)
            | Rust::Schema(_)
            | Rust::Nullable(_)
            | Rust::Option(_)
            | Rust::List(_)
            | Rust::Map(..)
            | Rust::Dictionary(..)
            | Rust::Stream => true,
        }
    }

    pub(super) fn is_comparable(&self, rust: &Rust) -> bool {
        rust.parts().into_iter().all(|part| match part {
            Rust::Shared(_) => false,
            Rust::Item(id) => self.derives(*id).comparable,
            Rust::Polymorphic(id) => {
                self.variants(*id).into_iter().all(|id| self.derives(id).comparable)
            }
            Rust::Part(id, at) => {
                self.part_types(*id, *at).iter().all(|rust| self.is_comparable(rust))
            }
            Rust::Head(index) => {
                let members = self.heads[*index].members.iter();
                members
                    .map(|(_, id)| plain(self.mapping, *id))
                    .all(|rust| self.is_comparable(&rust))
            }
            _ => true,
        })
    }

    pub(super) fn derives(&self, id: TypeId) -> Derives {
        self.derives.get(&id).copied().unwrap_or(Derives { default: false, comparable: false })
    }

    /// A class and what extends it; of an XML type that is abstract, only what extends it.
    pub(super) fn variants(&self, id: TypeId) -> Vec<TypeId> {
        let generated = |id: &TypeId| self.items.contains_key(id);
        let descendants: Vec<TypeId> =
            self.mapping.descendants(id).into_iter().filter(generated).collect();
        let itself = descendants.is_empty() || !self.mapping.is_abstract(id);
        let itself = Some(id).filter(generated).filter(|_| itself);
        itself.into_iter().chain(descendants).collect()
    }

    /// The path to a generated item from inside a module.
    pub(super) fn path(&self, rust: &Rust, from: &[String]) -> TokenStream {
        let place = match rust {
            Rust::Polymorphic(id) => self.polymorphic.get(id).or_else(|| self.items.get(id)),
            Rust::Item(id) => self.items.get(id),
            Rust::Part(id, at) => self
                .layouts
                .get(id)
                .and_then(|layout| layout.parts.get(*at))
                .map(|part| &part.place),
            Rust::Head(index) => self.heads.get(*index).map(|head| &head.place),
            _ => None,
        };
        // Everything that types mention was reached.
        let Some(Place { module, ident: name }) = place else { return quote!(()) };
        let common = from.iter().zip(module).take_while(|(one, other)| one == other).count();
        let up = std::iter::repeat_n(quote!(super::), from.len() - common);
        let down = module[common..].iter().map(|step| ident(step));
        let name = ident(name);
        quote!(#(#up)* #(#down::)* #name)
    }
}

fn node_of(rust: &Rust) -> Option<Node> {
    match rust {
        Rust::Item(id) => Some(Node::Item(*id)),
        Rust::Polymorphic(id) => Some(Node::Polymorphic(*id)),
        Rust::Head(index) => Some(Node::Head(*index)),
        _ => None,
    }
}

fn is_base(mapping: Mapping<'_>, id: TypeId) -> bool {
    !mapping.derived(id).is_empty()
}

fn reserved() -> impl Iterator<Item = &'static str> {
    IMPORTS.iter().filter_map(|import| import.rsplit("::").next())
}

/// A name that hides nothing of the prelude.
fn free(name: String) -> String {
    if PRELUDE.contains(&name.as_str()) { name + "_" } else { name }
}

fn module(path: &[String]) -> Vec<String> {
    let step = |(at, name): (usize, &String)| match at == 0 && CRATES.contains(&name.as_str()) {
        true => format!("{name}_"),
        false => name.clone(),
    };
    path.iter().enumerate().map(step).collect()
}

/// All named data contracts: any of them may be in an `xs:anyType`.
pub(super) fn named_contracts(mapping: Mapping<'_>) -> Vec<TypeId> {
    const BUILT_IN: &[&str] = &[namespaces::XSD, namespaces::SERIALIZATION, namespaces::MESSAGE];
    let types = mapping.set.types.iter();
    let named = types.filter(|(id, of)| {
        of.tier == Tier::DataContract
            && of.name.as_ref().is_some_and(|name| !BUILT_IN.contains(&&*name.namespace))
            && mapping.has_item(*id)
    });
    named.map(|(id, _)| id).collect()
}
