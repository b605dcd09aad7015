//! What is generated: which types, what they are called, where they stand, and what can be derived for them.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use waxwing_metadata::contract::names::{self, Modules, Scope, Style};
use waxwing_metadata::contract::{Contract, Particle, Shape, Tier, Type, TypeId};
use waxwing_metadata::namespaces;

use super::circles::circles;
use super::mapping::Mapping;
use super::rust_type::{IMPORTS, Rust, ident};

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
const CRATES: &[&str] = &["alloc", "core", "std", "waxwing"];

/// Where an item stands, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) module: Vec<String>,
    pub(super) ident: String,
}

/// What a type can be made by `derive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Derives {
    pub(super) default: bool,
    pub(super) comparable: bool,
}

/// The plan of a file.
pub(super) struct Plan<'s> {
    pub(super) mapping: Mapping<'s>,
    /// The contracts with the names of their traits.
    pub(super) contracts: Vec<(&'s Contract, String)>,
    /// Types that get a struct or an enum.
    pub(super) items: BTreeMap<TypeId, Place>,
    /// Classes that get an enum of themselves and what extends them.
    pub(super) polymorphic: BTreeMap<TypeId, Place>,
    /// The circle of each item and each enum.
    circles: BTreeMap<(TypeId, bool), usize>,
    derives: BTreeMap<TypeId, Derives>,
}

impl<'s> Plan<'s> {
    /// The plan for contracts and the types that `roots` name.
    pub(super) fn new(
        mapping: Mapping<'s>,
        contracts: &[&'s Contract],
        roots: Vec<TypeId>,
    ) -> Self {
        let reached = reached(mapping, roots);
        let mut root = Scope::with_reserved(Style::Pascal, reserved());
        let contracts = contracts
            .iter()
            .map(|contract| {
                let name = root.give(&free(names::trait_name(&contract.name.local)));
                for derived in ["Client", "Service", "Server"] {
                    root.give(&format!("{name}{derived}"));
                }
                (*contract, name)
            })
            .collect();
        let mut plan = Self {
            mapping,
            contracts,
            items: BTreeMap::new(),
            polymorphic: BTreeMap::new(),
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
    }

    /// Modules by the user's words; the types of the contract's own namespace stand beside its trait.
    fn given(&self) -> BTreeMap<String, String> {
        let mut given = self.mapping.options.namespaces.clone();
        let mut own = self.contracts.iter().map(|(contract, _)| &contract.name.namespace);
        if let Some(first) = own.next()
            && own.all(|other| other == first)
        {
            given.entry(first.to_string()).or_default();
        }
        given
    }

    /// The types of the fields of a class, its base included.
    fn fields(&self, id: TypeId) -> Vec<Rust> {
        let Some(class) = self.mapping.class(id) else { return Vec::new() };
        let base = class.base.map(Rust::Item);
        let members = class.members.iter().map(|member| self.mapping.field(member).rust);
        base.into_iter().chain(members).collect()
    }

    fn find_circles(&mut self) {
        let items = self.items.keys().map(|id| (*id, false));
        let nodes: Vec<(TypeId, bool)> =
            items.chain(self.polymorphic.keys().map(|id| (*id, true))).collect();
        let number: BTreeMap<_, _> =
            nodes.iter().enumerate().map(|(at, node)| (*node, at)).collect();
        let edges: Vec<Vec<usize>> = nodes
            .iter()
            .map(|(id, polymorphic)| {
                let inner: Vec<Rust> = match polymorphic {
                    true => self.variants(*id).into_iter().map(Rust::Item).collect(),
                    false => self.fields(*id),
                };
                let held = inner.iter().flat_map(Rust::contained).filter_map(node);
                held.filter_map(|node| number.get(&node).copied()).collect()
            })
            .collect();
        self.circles = nodes.iter().copied().zip(circles(&edges)).collect();
    }

    /// Whether a member of this type in a class needs a box.
    pub(super) fn needs_box(&self, owner: TypeId, rust: &Rust) -> bool {
        let Some(own) = self.circles.get(&(owner, false)) else { return false };
        let held = rust.contained();
        let mut held = held.into_iter().filter_map(node);
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

    fn can_default(&self, id: TypeId, fields: &[Rust]) -> bool {
        match &self.mapping.get(id).shape {
            Shape::Enumeration(known) => {
                known.flags || known.members.iter().any(|member| member.value == 0)
            }
            _ => fields.iter().all(|field| self.has_default(field)),
        }
    }

    fn has_default(&self, rust: &Rust) -> bool {
        match rust {
            Rust::Imported(name) => !matches!(*name, "AnyType" | "XmlElement"),
            Rust::Item(id) => self.derives.get(id).is_some_and(|derives| derives.default),
            Rust::Pair(key, value) => self.has_default(key) && self.has_default(value),
            Rust::Boxed(inner) => self.has_default(inner),
            Rust::Polymorphic(_) | Rust::Shared(_) => false,
            Rust::Prelude(_)
            | Rust::Option(_)
            | Rust::List(_)
            | Rust::Map(..)
            | Rust::Dictionary(..) => true,
        }
    }

    pub(super) fn is_comparable(&self, rust: &Rust) -> bool {
        rust.parts().into_iter().all(|part| match part {
            Rust::Shared(_) => false,
            Rust::Item(id) => self.derives(*id).comparable,
            Rust::Polymorphic(id) => {
                self.variants(*id).into_iter().all(|id| self.derives(id).comparable)
            }
            _ => true,
        })
    }

    pub(super) fn derives(&self, id: TypeId) -> Derives {
        self.derives.get(&id).copied().unwrap_or(Derives { default: false, comparable: false })
    }

    /// A class and what extends it.
    pub(super) fn variants(&self, id: TypeId) -> Vec<TypeId> {
        let descendants = self.mapping.descendants(id).into_iter();
        std::iter::once(id).chain(descendants).filter(|id| self.items.contains_key(id)).collect()
    }

    /// The path to a generated item from inside a module.
    pub(super) fn path(&self, rust: &Rust, from: &[String]) -> TokenStream {
        let place = match rust {
            Rust::Polymorphic(id) => self.polymorphic.get(id).or_else(|| self.items.get(id)),
            Rust::Item(id) => self.items.get(id),
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

fn node(rust: &Rust) -> Option<(TypeId, bool)> {
    match rust {
        Rust::Item(id) => Some((*id, false)),
        Rust::Polymorphic(id) => Some((*id, true)),
        _ => None,
    }
}

fn is_base(mapping: Mapping<'_>, id: TypeId) -> bool {
    mapping.class(id).is_some_and(|class| !class.derived.is_empty())
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

/// Everything that the roots are made of.
fn reached(mapping: Mapping<'_>, roots: Vec<TypeId>) -> BTreeSet<TypeId> {
    let mut found: BTreeSet<TypeId> = roots.iter().copied().collect();
    let mut open = roots;
    while let Some(id) = open.pop() {
        for inner in inner_types(mapping.get(id)) {
            if found.insert(inner) {
                open.push(inner);
            }
        }
    }
    found
}

fn inner_types(of: &Type) -> Vec<TypeId> {
    match &of.shape {
        Shape::Class(class) => {
            let members = class.members.iter().map(|member| member.type_id);
            members.chain(class.base).chain(class.derived.iter().copied()).collect()
        }
        Shape::Collection(item) => vec![item.type_id],
        Shape::Dictionary { key, value, .. } => vec![key.type_id, value.type_id],
        Shape::Simple { base, .. } => vec![*base],
        Shape::List(item) => vec![*item],
        Shape::Union(members) => members.clone(),
        Shape::Structure(structure) => {
            let mut all: Vec<TypeId> = structure.base.into_iter().chain(structure.text).collect();
            all.extend(structure.derived.iter());
            all.extend(structure.attributes.iter().map(|attribute| attribute.type_id));
            particles(&structure.content, &mut all);
            all
        }
        _ => Vec::new(),
    }
}

fn particles(content: &[Particle], all: &mut Vec<TypeId>) {
    let mut open: Vec<&Particle> = content.iter().collect();
    while let Some(particle) = open.pop() {
        match particle {
            Particle::Element(member) => {
                all.push(member.type_id);
                all.extend(member.substitutes.iter().map(|(_, id)| *id));
            }
            Particle::Sequence(inner, _) | Particle::Choice(inner, _) | Particle::All(inner, _) => {
                open.extend(inner);
            }
            Particle::Any { .. } => {}
        }
    }
}
