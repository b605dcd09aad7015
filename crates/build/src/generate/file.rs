//! The file: modules with what they import, and the lines above them.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use waxwing_metadata::contract::{Contract, ContractSet, Shape, Tier, TypeId};

use super::mapping::{Mapping, xml_classes};
use super::operations::{Contracts, End, Form, forms, has_callbacks};
use super::options::Options;
use super::plan::{Plan, named_contracts};
use super::rust_type::ident;
use super::types::Items;
use super::xml;
use super::xml_layout::PartKind;

/// Code, and what is to be known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The text of the file, without a line that says where it is from.
    pub text: String,
    /// The traits of the contracts, by their names in Rust.
    pub contracts: Vec<String>,
    /// How many structs there are.
    pub structs: usize,
    /// How many enums.
    pub enums: usize,
    /// What was left out or simplified, for people.
    pub notes: Vec<String>,
}

/// The code of contracts and their types.
///
/// # Errors
/// Code that the formatter cannot read: a mistake of the generator.
pub fn generate(set: &ContractSet, options: &Options) -> Result<Generated, syn::Error> {
    let xml = xml_classes(set);
    let mapping = Mapping { set, options, xml: &xml };
    let chosen: Vec<&Contract> = set
        .contracts
        .iter()
        .filter(|contract| {
            options.contracts.is_empty() || options.contracts.contains(&*contract.name.local)
        })
        .filter(|_| !options.types_only)
        .collect();
    let mut roots = named_contracts(mapping);
    for contract in &chosen {
        roots.extend(roots_of(mapping, contract));
    }
    let with_callbacks = chosen.iter().map(|own| (*own, has_callbacks(options, own)));
    let with_callbacks: Vec<_> = with_callbacks.collect();
    let plan = Plan::new(mapping, &with_callbacks, roots);
    let mut tree = Module::default();
    let mut notes = Vec::new();
    let mut items: Vec<(String, TokenStream)> = Vec::new();
    for named in &plan.contracts {
        let mut contracts = Contracts { plan: &plan, uses: &mut tree.uses, notes: &mut notes };
        items.push((named.name.clone(), contracts.contract(named)));
    }
    let contracts = items.iter().map(|(name, _)| name.clone()).collect();
    tree.contracts = items.into_iter().map(|(_, tokens)| tokens).collect();
    let (structs, enums) = types(&plan, &mut tree);
    if plan.items.keys().any(|id| drops_null(mapping, *id)) {
        notes.push(
            "items of lists that the service calls nillable are no Option: --nullable-items makes them so".to_owned(),
        );
    }
    let file: syn::File = syn::parse2(tree.tokens())?;
    let text = spaced(&prettyplease::unparse(&file));
    Ok(Generated { text, contracts, structs, enums, notes })
}

/// The same with an empty line between items, and between methods.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + text.len() / 16);
    let mut before = "";
    for line in text.lines() {
        let (ended, now) = (before.trim_end(), line.trim_start());
        let same_depth = indent(before) == indent(line);
        let ends = ended.ends_with('}') || ended.ends_with(';');
        let uses = ended.trim_start().starts_with("use ") && now.starts_with("use ");
        if same_depth && ends && !uses && !now.is_empty() && !now.starts_with(['}', ')']) {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        before = line;
    }
    spaced
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether two files of code say the same, whatever the comments above them say of the documents they were made of.
pub fn same_code_of_any_source(one: &str, other: &str) -> bool {
    let normal = |text: &str| syn::parse_file(text).ok().map(|file| prettyplease::unparse(&file));
    one == other || normal(one).is_some() && normal(one) == normal(other)
}

/// Whether two texts are the same code, however it is laid out; the lines above are compared as they are.
pub fn same_code(one: &str, other: &str) -> bool {
    let normal = |text: &str| syn::parse_file(text).ok().map(|file| prettyplease::unparse(&file));
    let head = |text: &str| -> Vec<String> {
        let lines =
            text.lines().take_while(|line| line.starts_with("//") || line.trim().is_empty());
        lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    one == other
        || head(one) == head(other) && normal(one).is_some() && normal(one) == normal(other)
}

/// The types in the messages of the operations that are written with types.
fn roots_of(mapping: Mapping<'_>, contract: &Contract) -> Vec<TypeId> {
    use waxwing_metadata::contract::Body;
    let mut roots = Vec::new();
    let both = End::BOTH.into_iter().flat_map(|end| forms(mapping.options, contract, end));
    for (operation, written) in both {
        if matches!(written, Form::Absent(_)) {
            continue;
        }
        let details = operation.faults.iter().map(|fault| fault.detail.type_id);
        roots.extend(details.filter(|id| {
            let tier = mapping.get(*id).tier;
            tier == Tier::DataContract || xml::WRITES_TYPES && tier == Tier::Xml
        }));
        if !matches!(written, Form::Typed) {
            continue;
        }
        for message in [Some(&operation.request), operation.reply.as_ref()].into_iter().flatten() {
            roots.extend(message.headers.iter().map(|header| header.type_id));
            match &message.body {
                Body::Wrapped { parts, .. } => roots.extend(parts.iter().map(|part| part.type_id)),
                Body::Bare(member) => roots.push(member.type_id),
                Body::Empty | Body::Stream { .. } | Body::Raw(_) => {}
            }
        }
    }
    roots
}

/// Writes all types into their modules: how many structs and enums.
fn types(plan: &Plan<'_>, tree: &mut Module) -> (usize, usize) {
    let (mut structs, mut enums) = (0, 0);
    for (id, place) in &plan.items {
        let module = tree.at(&place.module);
        let mut items = Items { plan, module: &place.module, uses: &mut module.uses };
        let of = plan.mapping.get(*id);
        let tokens = match plan.mapping.is_xml(*id) {
            true => xml::item(&mut items, *id, place),
            false => items.item(*id, place),
        };
        match &of.shape {
            Shape::Enumeration(known) if !known.flags => enums += 1,
            Shape::Union(_) => enums += 1,
            _ => structs += 1,
        }
        for part in plan.layouts.get(id).map(|layout| &layout.parts).into_iter().flatten() {
            match part.kind {
                PartKind::Choice(_) => enums += 1,
                PartKind::Group(_) => structs += 1,
            }
        }
        module.types.insert(place.ident.clone(), tokens);
    }
    for (id, place) in &plan.polymorphic {
        let module = tree.at(&place.module);
        let mut items = Items { plan, module: &place.module, uses: &mut module.uses };
        let tokens = items.polymorphic(*id, place);
        enums += 1;
        module.types.insert(place.ident.clone(), tokens);
    }
    for (index, head) in plan.heads.iter().enumerate() {
        let module = tree.at(&head.place.module);
        let mut items = Items { plan, module: &head.place.module, uses: &mut module.uses };
        let tokens = xml::head(&mut items, index, head);
        enums += 1;
        module.types.insert(head.place.ident.clone(), tokens);
    }
    (structs, enums)
}

/// Whether a type has items that may be null on the wire and not in Rust.
fn drops_null(mapping: Mapping<'_>, id: TypeId) -> bool {
    let drops = |id: TypeId| match &mapping.get(id).shape {
        Shape::Collection(item) => {
            item.nillable && !mapping.is_value(item.type_id) && !mapping.options.nullable_items
        }
        _ => false,
    };
    let members = mapping.class(id).into_iter().flat_map(|class| &class.members);
    drops(id) || members.into_iter().any(|member| drops(member.type_id))
}

/// A module of the file.
#[derive(Default)]
struct Module {
    uses: BTreeSet<&'static str>,
    contracts: Vec<TokenStream>,
    types: BTreeMap<String, TokenStream>,
    modules: BTreeMap<String, Module>,
}

impl Module {
    fn at(&mut self, path: &[String]) -> &mut Module {
        path.iter().fold(self, |module, name| module.modules.entry(name.clone()).or_default())
    }

    /// Imports, contracts in their order, types by name, modules by name.
    fn tokens(&self) -> TokenStream {
        let uses = imports(&self.uses);
        let (contracts, types) = (&self.contracts, self.types.values());
        let modules = self.modules.iter().map(|(name, module)| {
            let (name, content) = (ident(name), module.tokens());
            quote!(pub mod #name { #content })
        });
        quote!(#uses #(#contracts)* #(#types)* #(#modules)*)
    }
}

/// `use` lines, those of one module together.
fn imports(uses: &BTreeSet<&'static str>) -> TokenStream {
    let mut by_module: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for import in uses {
        let (module, name) = import.rsplit_once("::").unwrap_or(("", import));
        by_module.entry(module).or_default().push(name);
    }
    let lines = by_module.iter().map(|(module, names)| {
        let steps = module.split("::").map(ident);
        let names = names.iter().map(|name| ident(name));
        match names.len() {
            1 => quote!(use #(#steps)::* #(::#names)*;),
            _ => quote!(use #(#steps)::*::{#(#names),*};),
        }
    });
    quote!(#(#lines)*)
}
