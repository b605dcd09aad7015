//! Types beyond data contracts: attributes, choices, text, wildcards (`#[derive(XmlType)]`).

use proc_macro2::TokenStream;
use quote::quote;
use waxwing_metadata::QName;
use waxwing_metadata::contract::names::{self, Scope, Style};
use waxwing_metadata::contract::{Shape, Type, TypeId};

use super::docs::docs;
use super::place::Place;
use super::plan::Node;
use super::rust_type::{Rust, ident};
use super::types::Items;
use super::xml_layout::{Absent, Field, Head, PartKind, Role};
use super::xml_values::simple;

/// Whether this module writes such types; operations that need them take XML as it is otherwise.
pub(super) const WRITES_TYPES: bool = true;

/// What the elements of a type have in common.
struct Context<'c> {
    owner: Node,
    namespace: &'c str,
    /// The namespace of elements that say none.
    elements: &'c str,
}

/// The item of a type beyond data contracts.
pub(super) fn item(items: &mut Items<'_, '_>, id: TypeId, place: &Place) -> TokenStream {
    items.uses.insert("waxwing::XmlType");
    let of = items.plan.mapping.get(id);
    match &of.shape {
        Shape::List(item) => list(items, id, of, *item, place),
        Shape::Union(members) => union(items, id, of, members, place),
        _ => structure(items, id, of, place),
    }
}

/// The enum of an element that others may stand in for.
pub(super) fn head(items: &mut Items<'_, '_>, index: usize, head: &Head) -> TokenStream {
    items.uses.insert("waxwing::XmlType");
    let plan = items.plan;
    let namespace = &*head.name.namespace;
    let context = Context { owner: Node::Head(index), namespace, elements: namespace };
    let mut scope = Scope::new(Style::Pascal);
    let variants: Vec<TokenStream> = head
        .members
        .iter()
        .map(|(name, id)| {
            let rust = super::xml_values::plain(plan.mapping, *id);
            let field = Field {
                title: name.local.to_string(),
                wire: Some(name.clone()),
                role: Role::Element,
                rust,
                absent: Absent::Type,
                documentation: None,
            };
            variant(items, &context, &field, &mut scope)
        })
        .collect();
    let comparable = plan.is_comparable(&Rust::Head(index)).then(|| quote!(PartialEq,));
    let (name, namespace) = (ident(&head.place.ident), namespace_option(namespace));
    let doc = format!(" The element `{}`, or one that may stand in its place.", head.name.local);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug, #comparable XmlType)]
        #[xml(choice #namespace)]
        pub enum #name {
            #(#variants)*
        }
    }
}

fn structure(items: &mut Items<'_, '_>, id: TypeId, of: &Type, place: &Place) -> TokenStream {
    let plan = items.plan;
    let Some(layout) = plan.layouts.get(&id) else { return TokenStream::new() };
    let contract = plan.mapping.contract(id);
    let namespace = &*contract.namespace;
    let all = layout.parts.iter().flat_map(|part| part.fields()).chain(&layout.fields);
    let mut wires =
        all.filter(|field| field.role != Role::Attribute).filter_map(|f| f.wire.as_ref());
    let first = wires.next().map(|wire| &*wire.namespace);
    let unqualified =
        first == Some("") && !namespace.is_empty() && wires.all(|wire| wire.namespace.is_empty());
    let elements = if unqualified { "" } else { namespace };
    let context = Context { owner: Node::Item(id), namespace, elements };
    let mut options = options(&contract, place);
    if unqualified {
        options.push(quote!(unqualified));
    }
    let derives = plan.derives(id);
    let default = derives.default.then(|| quote!(Default,));
    let comparable = derives.comparable.then(|| quote!(PartialEq,));
    let mut scope = Scope::new(Style::Snake);
    let fields: Vec<_> =
        layout.fields.iter().map(|known| field(items, &context, known, &mut scope)).collect();
    let parts: Vec<_> = (0..layout.parts.len()).map(|at| part(items, &context, id, at)).collect();
    let (name, docs) = (ident(&place.ident), docs(of.documentation.as_deref()));
    quote! {
        #docs
        #[derive(Clone, Debug, #default #comparable XmlType)]
        #[xml(#(#options),*)]
        pub struct #name {
            #(#fields)*
        }

        #(#parts)*
    }
}

/// The enum of a choice, the struct of a group.
fn part(items: &mut Items<'_, '_>, context: &Context<'_>, id: TypeId, at: usize) -> TokenStream {
    let plan = items.plan;
    let Some(part) = plan.layouts.get(&id).and_then(|layout| layout.parts.get(at)) else {
        return TokenStream::new();
    };
    let comparable = plan.is_comparable(&Rust::Part(id, at)).then(|| quote!(PartialEq,));
    let mut options = Vec::new();
    if !context.namespace.is_empty() {
        let namespace = context.namespace;
        options.push(quote!(namespace = #namespace));
    }
    if context.elements != context.namespace {
        options.push(quote!(unqualified));
    }
    let owner = plan.items.get(&id).map(|place| place.ident.as_str()).unwrap_or_default();
    let name = ident(&part.place.ident);
    match &part.kind {
        PartKind::Choice(variants) => {
            let mut scope = Scope::new(Style::Pascal);
            let variants: Vec<_> =
                variants.iter().map(|known| variant(items, context, known, &mut scope)).collect();
            let doc = format!(" One of several elements of [`{owner}`].");
            quote! {
                #[doc = #doc]
                #[derive(Clone, Debug, #comparable XmlType)]
                #[xml(choice #(, #options)*)]
                pub enum #name {
                    #(#variants)*
                }
            }
        }
        PartKind::Group(fields) => {
            let default = plan.all_default(fields).then(|| quote!(Default,));
            let mut scope = Scope::new(Style::Snake);
            let fields: Vec<_> =
                fields.iter().map(|known| field(items, context, known, &mut scope)).collect();
            let doc = format!(" Elements of [`{owner}`] that belong together.");
            let attribute = (!options.is_empty()).then(|| quote!(#[xml(#(#options),*)]));
            quote! {
                #[doc = #doc]
                #[derive(Clone, Debug, #default #comparable XmlType)]
                #attribute
                pub struct #name {
                    #(#fields)*
                }
            }
        }
    }
}

fn field(
    items: &mut Items<'_, '_>,
    context: &Context<'_>,
    known: &Field,
    scope: &mut Scope,
) -> TokenStream {
    let name = scope.give(&names::field(&known.title));
    let rust = boxed(items, context, known);
    let attribute = attribute(context, known, &name, names::default_wire_name(&name));
    let ty = match known.role {
        Role::AnyAttribute => {
            items.uses.insert("waxwing::datacontract::QName");
            quote!(Vec<(QName, String)>)
        }
        _ => items.tokens(&rust),
    };
    let (name, docs) = (ident(&name), docs(known.documentation.as_deref()));
    quote! {
        #docs
        #attribute
        pub #name: #ty,
    }
}

fn variant(
    items: &mut Items<'_, '_>,
    context: &Context<'_>,
    known: &Field,
    scope: &mut Scope,
) -> TokenStream {
    let name = scope.give(&names::variant(&known.title));
    let rust = boxed(items, context, known);
    let attribute = attribute(context, known, &name, names::default_wire_name(&name));
    let (name, ty, docs) =
        (ident(&name), items.tokens(&rust), docs(known.documentation.as_deref()));
    quote! {
        #docs
        #attribute
        #name(#ty),
    }
}

/// The type of an element, in a box where it would hold itself.
fn boxed(items: &Items<'_, '_>, context: &Context<'_>, known: &Field) -> Rust {
    let element = known.role == Role::Element;
    if !element || !items.plan.needs_box(context.owner, &known.rust) {
        return known.rust.clone();
    }
    known.rust.clone().boxed()
}

/// `#[xml(…)]` of a field or a variant, unless there is nothing to say.
fn attribute(
    context: &Context<'_>,
    known: &Field,
    ident: &str,
    default_name: String,
) -> Option<TokenStream> {
    let mut options = Vec::new();
    match &known.role {
        Role::Element => {}
        Role::List => options.push(quote!(list)),
        Role::Array(item) => {
            let (local, namespace) = (names::decode(&item.local), &*item.namespace);
            let namespace =
                (namespace != context.elements).then(|| quote!(, item_namespace = #namespace));
            options.push(quote!(array(item = #local #namespace)));
        }
        Role::Attribute => options.push(quote!(attribute)),
        Role::Text => options.push(quote!(text)),
        Role::Choice => options.push(quote!(choice)),
        Role::Group => options.push(quote!(group)),
        Role::Base => options.push(quote!(base)),
        Role::Any => options.push(quote!(any)),
        Role::AnyAttribute => options.push(quote!(any_attribute)),
    }
    if let Some(wire) = &known.wire {
        let local = names::decode(&wire.local);
        let same = default_name == local && !ident.starts_with("r#");
        if !same {
            options.push(quote!(name = #local));
        }
        let default = if known.role == Role::Attribute { "" } else { context.elements };
        let namespace = &*wire.namespace;
        if namespace != default {
            options.push(quote!(namespace = #namespace));
        }
    }
    match &known.absent {
        Absent::Type => {}
        Absent::Default(text) => options.push(quote!(default = #text)),
        Absent::Fixed(text) => options.push(quote!(fixed = #text)),
    }
    (!options.is_empty()).then(|| quote!(#[xml(#(#options),*)]))
}

fn list(
    items: &mut Items<'_, '_>,
    id: TypeId,
    of: &Type,
    item: TypeId,
    place: &Place,
) -> TokenStream {
    let mapping = items.plan.mapping;
    let item = match simple(mapping, item) {
        Rust::List(_) => Rust::Prelude("String"),
        item => item,
    };
    let options = options(&mapping.contract(id), place);
    let (name, ty, docs) =
        (ident(&place.ident), items.tokens(&item.list()), docs(of.documentation.as_deref()));
    quote! {
        #docs
        #[derive(Clone, Debug, Default, PartialEq, XmlType)]
        #[xml(list #(, #options)*)]
        pub struct #name(pub #ty);
    }
}

fn union(
    items: &mut Items<'_, '_>,
    id: TypeId,
    of: &Type,
    members: &[TypeId],
    place: &Place,
) -> TokenStream {
    let mapping = items.plan.mapping;
    let mut scope = Scope::new(Style::Pascal);
    let mut known: Vec<Rust> = Vec::new();
    for member in members {
        let rust = match simple(mapping, *member) {
            Rust::List(_) => Rust::Prelude("String"),
            rust => rust,
        };
        // The first that fits is taken: what comes twice never is.
        if !known.contains(&rust) {
            known.push(rust);
        }
        if known.last() == Some(&Rust::Prelude("String")) {
            break;
        }
    }
    if known.is_empty() {
        known.push(Rust::Prelude("String"));
    }
    let variants: Vec<_> = known
        .iter()
        .map(|rust| {
            let title = match rust {
                Rust::Item(id) => items.plan.items[id].ident.clone(),
                Rust::Prelude(name) | Rust::Schema(name) | Rust::Imported(name) => {
                    names::variant(name)
                }
                _ => "Value".to_owned(),
            };
            let (name, ty) = (ident(&scope.give(&title)), items.tokens(rust));
            quote!(#name(#ty),)
        })
        .collect();
    let options = options(&mapping.contract(id), place);
    let (name, docs) = (ident(&place.ident), docs(of.documentation.as_deref()));
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, XmlType)]
        #[xml(union #(, #options)*)]
        pub enum #name {
            #(#variants)*
        }
    }
}

/// Namespace and name of a type, as far as the derive does not find them itself.
fn options(contract: &QName, place: &Place) -> Vec<TokenStream> {
    let mut options = Vec::new();
    let namespace = &*contract.namespace;
    if !namespace.is_empty() {
        options.push(quote!(namespace = #namespace));
    }
    let wire = names::decode(&contract.local);
    if wire != place.ident {
        options.push(quote!(name = #wire));
    }
    options
}

fn namespace_option(namespace: &str) -> Option<TokenStream> {
    (!namespace.is_empty()).then(|| quote!(, namespace = #namespace))
}
