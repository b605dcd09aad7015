//! Choices: enums whose variants are elements, groups, wildcards or text. A substitution group is one, too.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{DataEnum, DeriveInput, Fields, Result, Type};

use super::class::data_contract;
use super::container::Container;
use super::description;
use super::field::{Absent, MemberOptions, Role};
use super::shape::Shape;

/// A variant, understood.
struct Alternative<'v> {
    ident: &'v Ident,
    /// What it holds; nothing for an element without content.
    ty: Option<&'v Type>,
    options: MemberOptions,
    name: usize,
}

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    data: &DataEnum,
) -> Result<TokenStream> {
    container.only("a choice", &["choice", "unqualified"])?;
    let alternatives = alternatives(container, data)?;
    let (ident, choice) = (&input.ident, input.ident.to_string());
    let (data_contract, slots) = (data_contract(container), slots(&alternatives));
    let goes_on = alternatives.iter().filter_map(Alternative::goes_on);
    let begin = alternatives.iter().filter_map(Alternative::begin);
    let text = alternatives.iter().filter_map(Alternative::begin_text);
    let finish = alternatives.iter().map(Alternative::finish);
    let write = alternatives.iter().map(Alternative::write);
    let describe = describe(&alternatives);
    Ok(quote! {
        #slots

        #[automatically_derived]
        impl __dc::DataContract for #ident {
            #data_contract
        }

        #[automatically_derived]
        impl __xt::XmlContent for #ident {
            type Slots = __Slots;

            #describe

            fn take_element(
                slots: &mut __Slots,
                reader: &mut __dc::Reader,
                child: __dc::Element<'_>,
                offer: __xt::Offer,
            ) -> ::core::result::Result<bool, __dc::ReadError> {
                match &mut slots.open {
                    #(#goes_on,)*
                    ::core::option::Option::Some(_) => return ::core::result::Result::Ok(false),
                    ::core::option::Option::None => {}
                }
                #(#begin)*
                ::core::result::Result::Ok(false)
            }

            fn take_text(
                slots: &mut __Slots,
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
                text: &str,
                mixed: bool,
            ) -> ::core::result::Result<bool, __dc::ReadError> {
                if slots.open.is_some() {
                    return ::core::result::Result::Ok(false);
                }
                #(#text)*
                ::core::result::Result::Ok(false)
            }

            fn is_untouched(slots: &__Slots) -> bool {
                slots.open.is_none()
            }

            fn finish(
                slots: __Slots,
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                match slots.open {
                    #(#finish,)*
                    ::core::option::Option::None => {
                        ::core::result::Result::Err(__xt::empty_choice(#choice, element))
                    }
                }
            }

            fn write_content(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                match self {
                    #(#write,)*
                }
                ::core::result::Result::Ok(())
            }
        }
    })
}

fn describe(alternatives: &[Alternative<'_>]) -> TokenStream {
    let described: Vec<_> =
        alternatives.iter().map(|own| description::alternative(&own.options, own.ty)).collect();
    description::content(&described, &quote!(description.into_choice()))
}

/// The names of the alternatives, and the place of the one that is read.
fn slots(alternatives: &[Alternative<'_>]) -> TokenStream {
    let names = alternatives.iter().map(|alternative| {
        let (local, namespace) = (&alternative.options.local, &alternative.options.namespace);
        quote!(__dc::ContractName::new(#local, #namespace))
    });
    let count = alternatives.len();
    let open = alternatives.iter().filter_map(Alternative::open);
    quote! {
        static __NAMES: [__dc::ContractName; #count] = [#(#names),*];

        pub enum __Open {
            #(#open,)*
        }

        #[derive(Default)]
        pub struct __Slots {
            open: ::core::option::Option<__Open>,
        }
    }
}

fn alternatives<'v>(container: &Container, data: &'v DataEnum) -> Result<Vec<Alternative<'v>>> {
    let mut alternatives: Vec<Alternative<'v>> = Vec::new();
    for (name, variant) in data.variants.iter().enumerate() {
        let ident = &variant.ident;
        let ty = match &variant.fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Some(&fields.unnamed[0].ty),
            _ => {
                let message = "an alternative holds what its element holds: `Name(String)`; several elements that belong \
                               together are a struct: `#[xml(group)] Both(Both)`";
                return Err(syn::Error::new_spanned(variant, message));
            }
        };
        let default_name = container.case.name(ident);
        let options = MemberOptions::parse(&variant.attrs, ident, default_name, container)?;
        let known = match (&options.role, ty) {
            (Role::Element, _) => matches!(options.absent, Absent::Type),
            (Role::Part | Role::Any | Role::Text, Some(_)) => true,
            _ => false,
        };
        if !known {
            let message =
                "an alternative is an element, or one of `group`, `choice`, `any`, `text`";
            return Err(syn::Error::new_spanned(variant, message));
        }
        let alternative = Alternative { ident, ty, options, name };
        if let Some(before) = alternatives.iter().find(|before| before.is_same(&alternative)) {
            let message = format!("`{}` has the same name in the document", before.ident);
            return Err(syn::Error::new_spanned(ident, message));
        }
        alternatives.push(alternative);
    }
    match alternatives.is_empty() {
        true => Err(syn::Error::new_spanned(data.enum_token, "a choice needs alternatives")),
        false => Ok(alternatives),
    }
}

impl Alternative<'_> {
    fn is_same(&self, other: &Self) -> bool {
        let name = |alternative: &Self| match alternative.options.role {
            Role::Element => {
                Some((alternative.options.local.clone(), alternative.options.namespace.clone()))
            }
            _ => None,
        };
        name(self).is_some() && name(self) == name(other)
    }

    /// The item of an element that may follow itself.
    fn repeated(&self) -> Option<&Type> {
        match self.ty.map(Shape::of) {
            Some(Shape::Many(item)) if self.options.role == Role::Element => Some(item),
            _ => None,
        }
    }

    /// What is kept while it is read.
    fn open(&self) -> Option<TokenStream> {
        let (ident, ty) = (self.ident, self.ty);
        Some(match (&self.options.role, ty) {
            (Role::Part, Some(ty)) => quote!(#ident(<#ty as __xt::XmlContent>::Slots)),
            (_, Some(ty)) => quote!(#ident(#ty)),
            (_, None) => quote!(#ident),
        })
    }

    /// What takes more than one element, while it is open.
    fn goes_on(&self) -> Option<TokenStream> {
        let (ident, name) = (self.ident, self.name);
        match (&self.options.role, self.ty) {
            (Role::Part, Some(ty)) => Some(quote! {
                ::core::option::Option::Some(__Open::#ident(part)) => {
                    return <#ty as __xt::XmlContent>::take_element(part, reader, child, offer);
                }
            }),
            _ => self.repeated().map(|_| {
                quote! {
                    ::core::option::Option::Some(__Open::#ident(items)) => {
                        return ::core::result::Result::Ok(
                            !offer.wildcard && __xt::take_many(items, &__NAMES[#name], reader, child)?,
                        );
                    }
                }
            }),
        }
    }

    /// What begins with an element.
    fn begin(&self) -> Option<TokenStream> {
        let (ident, name) = (self.ident, self.name);
        let opened = |value: TokenStream| {
            quote! {
                slots.open = ::core::option::Option::Some(#value);
                return ::core::result::Result::Ok(true);
            }
        };
        let named = |body: TokenStream| {
            quote! {
                if !offer.wildcard && child.is(&__NAMES[#name].namespace, &__NAMES[#name].local) {
                    #body
                }
            }
        };
        Some(match (&self.options.role, self.ty) {
            (Role::Element, None) => named(opened(quote!(__Open::#ident))),
            (Role::Element, Some(_)) if self.repeated().is_some() => {
                named(opened(quote!(__Open::#ident(::std::vec![reader.child(child)?]))))
            }
            (Role::Element, Some(_)) => named(opened(quote!(__Open::#ident(reader.child(child)?)))),
            (Role::Part, Some(ty)) => {
                let opened = opened(quote!(__Open::#ident(part)));
                quote! {
                    let mut part = <<#ty as __xt::XmlContent>::Slots as ::core::default::Default>::default();
                    if <#ty as __xt::XmlContent>::take_element(&mut part, reader, child, offer)? {
                        #opened
                    }
                }
            }
            (Role::Any, Some(_)) => {
                let opened = opened(quote!(__Open::#ident(kept)));
                quote! {
                    if offer.wildcard {
                        let kept = __xt::keep_any(reader, child)?;
                        #opened
                    }
                }
            }
            _ => return None,
        })
    }

    /// What begins with text.
    fn begin_text(&self) -> Option<TokenStream> {
        let ident = self.ident;
        match (&self.options.role, self.ty) {
            (Role::Text, Some(ty)) => Some(quote! {
                slots.open = ::core::option::Option::Some(__Open::#ident(
                    __xt::mixed_text::<#ty>(reader, element, text)?,
                ));
                return ::core::result::Result::Ok(true);
            }),
            (Role::Part, Some(ty)) => Some(quote! {
                let mut part = <<#ty as __xt::XmlContent>::Slots as ::core::default::Default>::default();
                if <#ty as __xt::XmlContent>::take_text(&mut part, reader, element, text, mixed)? {
                    slots.open = ::core::option::Option::Some(__Open::#ident(part));
                    return ::core::result::Result::Ok(true);
                }
            }),
            _ => None,
        }
    }

    fn finish(&self) -> TokenStream {
        let ident = self.ident;
        match (&self.options.role, self.ty) {
            (_, None) => quote! {
                ::core::option::Option::Some(__Open::#ident) => ::core::result::Result::Ok(Self::#ident)
            },
            (Role::Part, Some(ty)) => quote! {
                ::core::option::Option::Some(__Open::#ident(part)) => {
                    <#ty as __xt::XmlContent>::finish(part, reader, element).map(Self::#ident)
                }
            },
            (_, Some(_)) => quote! {
                ::core::option::Option::Some(__Open::#ident(value)) => {
                    ::core::result::Result::Ok(Self::#ident(value))
                }
            },
        }
    }

    fn write(&self) -> TokenStream {
        let (ident, name) = (self.ident, self.name);
        match (&self.options.role, self.ty) {
            (_, None) => {
                quote!(Self::#ident => __xt::write_empty(&__NAMES[#name], writer, element)?)
            }
            (Role::Part, _) => quote! {
                Self::#ident(part) => __xt::XmlContent::write_content(part, writer, element)?
            },
            (Role::Any, _) => {
                quote!(Self::#ident(kept) => __xt::write_any(kept, writer, element)?)
            }
            (Role::Text, _) => {
                quote!(Self::#ident(text) => __xt::write_text(text, writer, element)?)
            }
            _ if self.repeated().is_some() => quote! {
                Self::#ident(items) => __xt::Written::many(items, &__NAMES[#name], writer, element)?
            },
            _ => quote!(Self::#ident(value) => writer.child(element, &__NAMES[#name], value)?),
        }
    }
}
