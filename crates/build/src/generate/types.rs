//! Structs and enums of data contracts.

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use waxwing_datacontract::namespaces::DATA_CONTRACT_BASE;
use waxwing_metadata::contract::names::{self, Scope, Style};
use waxwing_metadata::contract::{Class, Enumeration, Member, Shape, Type, TypeId};
use waxwing_metadata::{QName, namespaces};

use super::docs::docs;
use super::place::Place;
use super::plan::{Node, Plan};
use super::rust_type::{Rust, ident};

/// Writes the items of one module.
pub(super) struct Items<'p, 's> {
    pub(super) plan: &'p Plan<'s>,
    pub(super) module: &'p [String],
    pub(super) uses: &'p mut BTreeSet<&'static str>,
}

impl Items<'_, '_> {
    /// The item of a data contract.
    pub(super) fn item(&mut self, id: TypeId, place: &Place) -> TokenStream {
        let of = self.plan.mapping.get(id);
        self.uses.insert("waxwing::DataContract");
        match &of.shape {
            Shape::Class(class) => self.class(id, of, class, place),
            Shape::Enumeration(known) if known.flags => self.flags(id, of, known, place),
            Shape::Enumeration(known) => self.enumeration(id, of, known, place),
            Shape::Collection(item) => {
                let rust = self.plan.mapping.item(item).list();
                let item = names::decode(&item.name.local);
                self.collection(id, of, place, &rust, quote!(collection(item = #item)))
            }
            Shape::Dictionary { entry, key, value } => {
                let rust = self.plan.mapping.dictionary(key, value);
                let decoded = |name: &QName| names::decode(&name.local);
                let (entry, key, value) =
                    (decoded(entry), decoded(&key.name), decoded(&value.name));
                let option = quote!(collection(item = #entry, key = #key, value = #value));
                self.collection(id, of, place, &rust, option)
            }
            _ => TokenStream::new(),
        }
    }

    pub(super) fn tokens(&mut self, rust: &Rust) -> TokenStream {
        let (plan, module) = (self.plan, self.module);
        rust.tokens(&|rust| plan.path(rust, module), self.uses)
    }

    /// `#[derive(…)]` and `#[data_contract(…)]`.
    fn attributes(&self, id: TypeId, place: &Place, options: &[TokenStream]) -> TokenStream {
        let derives = self.plan.derives(id);
        let default = derives.default.then(|| quote!(Default,));
        let comparable = derives.comparable.then(|| quote!(PartialEq,));
        let contract = contract(&self.plan.mapping.contract(id), place);
        quote! {
            #[derive(Clone, Debug, #default #comparable DataContract)]
            #[data_contract(#contract #(, #options)*)]
        }
    }

    fn class(&mut self, id: TypeId, of: &Type, class: &Class, place: &Place) -> TokenStream {
        let mut options = Vec::new();
        if class.is_reference {
            options.push(quote!(is_reference));
        }
        if class.is_value_type && class.derived.is_empty() {
            options.push(quote!(value_type));
        }
        let attributes = self.attributes(id, place, &options);
        let mut scope = Scope::new(Style::Snake);
        let base = class.base.map(|base| {
            let (field, ty) = (ident(&scope.give("base")), self.tokens(&Rust::Item(base)));
            quote! {
                #[data_member(base)]
                pub #field: #ty,
            }
        });
        let members: Vec<_> =
            class.members.iter().map(|member| self.member(id, member, &mut scope)).collect();
        let (name, docs) = (ident(&place.ident), docs(of.documentation.as_deref()));
        quote! {
            #docs
            #attributes
            pub struct #name {
                #base
                #(#members)*
            }
        }
    }

    fn member(&mut self, owner: TypeId, member: &Member, scope: &mut Scope) -> TokenStream {
        let wire = names::decode(&member.name.local);
        let field = scope.give(&names::field(&member.name.local));
        let known = self.plan.mapping.field(member);
        let rust = match self.plan.needs_box(Node::Item(owner), &known.rust) {
            true => known.rust.optional().boxed(),
            false => known.rust,
        };
        let mut options = Vec::new();
        if names::default_wire_name(&field) != wire {
            options.push(quote!(name = #wire));
        }
        if let Some(order) = member.order {
            let order = Literal::i32_unsuffixed(order);
            options.push(quote!(order = #order));
        }
        if known.required {
            options.push(quote!(required));
        }
        if !known.emit_default {
            options.push(quote!(emit_default = false));
        }
        let attribute = (!options.is_empty()).then(|| quote!(#[data_member(#(#options),*)]));
        let (field, ty, docs) =
            (ident(&field), self.tokens(&rust), docs(member.documentation.as_deref()));
        quote! {
            #docs
            #attribute
            pub #field: #ty,
        }
    }

    fn collection(
        &mut self,
        id: TypeId,
        of: &Type,
        place: &Place,
        content: &Rust,
        option: TokenStream,
    ) -> TokenStream {
        let attributes = self.attributes(id, place, &[option]);
        let (name, content) = (ident(&place.ident), self.tokens(content));
        let docs = docs(of.documentation.as_deref());
        quote! {
            #docs
            #attributes
            pub struct #name(pub #content);
        }
    }

    fn enumeration(
        &mut self,
        id: TypeId,
        of: &Type,
        known: &Enumeration,
        place: &Place,
    ) -> TokenStream {
        let lenient = self.plan.mapping.options.lenient_enums;
        let default = self.plan.derives(id).default;
        let contract = contract(&self.plan.mapping.contract(id), place);
        let reserved = lenient.then_some("Other");
        let mut scope = Scope::with_reserved(Style::Pascal, reserved);
        let (mut taken, mut next, mut zero) = (BTreeSet::new(), 0, !default);
        let mut variants = Vec::new();
        for member in &known.members {
            let name = scope.give(&names::variant(&member.text));
            // Two texts of one number are two variants all the same: only texts are on the wire.
            let value = match taken.contains(&member.value) {
                true => taken.last().copied().unwrap_or(0) + 1,
                false => member.value,
            };
            taken.insert(value);
            let number = Literal::i64_unsuffixed(value);
            let number = (value != next).then(|| quote!(= #number));
            next = value.wrapping_add(1);
            let first = (!zero && value == 0).then(|| quote!(#[default]));
            zero |= first.is_some();
            let text = &member.text;
            let value = (name != *text).then(|| quote!(#[enum_member(value = #text)]));
            let (name, docs) = (ident(&name), docs(member.documentation.as_deref()));
            variants.push(quote!(#docs #first #value #name #number,));
        }
        if lenient {
            let doc = " A text that is none of the others.";
            variants.push(quote!(#[doc = #doc] #[enum_member(other)] Other(String),));
        }
        let wide = taken.iter().any(|value| i32::try_from(*value).is_err());
        let repr = match (wide, lenient) {
            (true, _) => Some(quote!(#[repr(i64)])),
            (false, true) => Some(quote!(#[repr(i32)])),
            (false, false) => None,
        };
        let copy = (!lenient).then(|| quote!(Copy,));
        let default = default.then(|| quote!(Default,));
        let (name, docs) = (ident(&place.ident), docs(of.documentation.as_deref()));
        quote! {
            #docs
            #[derive(Clone, #copy Debug, #default PartialEq, Eq, PartialOrd, Ord, Hash, DataContract)]
            #[data_contract(#contract)]
            #repr
            pub enum #name {
                #(#variants)*
            }
        }
    }

    fn flags(&mut self, _: TypeId, of: &Type, known: &Enumeration, place: &Place) -> TokenStream {
        let bits = ident(underlying(known));
        let contract = contract(
            of.name.as_ref().unwrap_or(&QName::new(of.namespace.as_str(), of.title.as_str())),
            place,
        );
        let members = known.members.iter().map(|member| {
            let (text, value) = (&member.text, Literal::i64_unsuffixed(member.value));
            quote!(#text = #value)
        });
        let mut scope = Scope::new(Style::Snake);
        let constants = known.members.iter().map(|member| {
            let name = ident(&scope.give(&names::constant(&member.text)));
            let (docs, value) =
                (docs(member.documentation.as_deref()), Literal::i64_unsuffixed(member.value));
            let doc = format!(" `{}`.", member.text.replace('`', "'"));
            let docs = if docs.is_empty() { quote!(#[doc = #doc]) } else { docs };
            quote!(#docs pub const #name: Self = Self(#value);)
        });
        let constants: Vec<_> = constants.collect();
        let (name, docs) = (ident(&place.ident), docs(of.documentation.as_deref()));
        quote! {
            #docs
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, DataContract)]
            #[data_contract(#contract, flags(#(#members),*))]
            pub struct #name(pub #bits);

            impl #name {
                #(#constants)*
            }

            impl ::core::ops::BitOr for #name {
                type Output = Self;

                fn bitor(self, other: Self) -> Self {
                    Self(self.0 | other.0)
                }
            }
        }
    }

    /// The enum of a class and of those that extend it.
    pub(super) fn polymorphic(&mut self, id: TypeId, place: &Place) -> TokenStream {
        let ids = self.plan.variants(id);
        let (derive, options) = self.kind_of_polymorphic(id, &ids);
        let comparable =
            ids.iter().all(|id| self.plan.derives(*id).comparable).then(|| quote!(PartialEq,));
        let mut scope = Scope::new(Style::Pascal);
        let name = ident(&place.ident);
        let (mut variants, mut conversions) = (Vec::new(), Vec::new());
        for variant in ids {
            let ty = self.tokens(&Rust::Item(variant));
            let title = &self.plan.items[&variant].ident;
            let variant = ident(&scope.give(title));
            variants.push(quote!(#variant(#ty),));
            conversions.push(quote! {
                impl From<#ty> for #name {
                    fn from(value: #ty) -> Self {
                        Self::#variant(value)
                    }
                }
            });
        }
        let doc = format!(" [`{}`], or a type that extends it.", self.plan.items[&id].ident);
        quote! {
            #[doc = #doc]
            #[derive(Clone, Debug, #comparable #derive)]
            #options
            pub enum #name {
                #(#variants)*
            }

            #(#conversions)*
        }
    }

    /// What derives the enum of a class and of those that extend it, with what it has to be told.
    fn kind_of_polymorphic(
        &mut self,
        id: TypeId,
        variants: &[TypeId],
    ) -> (TokenStream, TokenStream) {
        if !self.plan.mapping.is_xml(id) {
            self.uses.insert("waxwing::DataContract");
            return (quote!(DataContract), TokenStream::new());
        }
        self.uses.insert("waxwing::XmlType");
        let base = self.tokens(&Rust::Item(id));
        let base = (variants.first() != Some(&id)).then(|| quote!(, base = #base));
        (quote!(XmlType), quote!(#[xml(derived #base)]))
    }
}

/// Namespace and name of a contract, as far as the derive does not find them itself.
fn contract(contract: &QName, place: &Place) -> TokenStream {
    let namespace = &*contract.namespace;
    let namespace = match namespace.strip_prefix(DATA_CONTRACT_BASE) {
        Some(clr) => quote!(clr_namespace = #clr),
        None => quote!(namespace = #namespace),
    };
    let wire = names::decode(&contract.local);
    let name = (wire != place.ident).then(|| quote!(, name = #wire));
    quote!(#namespace #name)
}

/// The type of the bits of flags.
fn underlying(known: &Enumeration) -> &'static str {
    let Some(name) = known.underlying.as_ref().filter(|name| &*name.namespace == namespaces::XSD)
    else {
        return "i32";
    };
    match &*name.local {
        "byte" => "i8",
        "unsignedByte" => "u8",
        "short" => "i16",
        "unsignedShort" => "u16",
        "unsignedInt" => "u32",
        "long" => "i64",
        "unsignedLong" => "u64",
        _ => "i32",
    }
}
