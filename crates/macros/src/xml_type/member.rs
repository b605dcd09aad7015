//! One field of a struct: where it is kept, how it is read and written.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::field::{Absent, MemberOptions, Role};
use super::shape::Shape;

/// A field, understood.
pub(super) struct Member<'f> {
    pub(super) ident: &'f Ident,
    pub(super) options: MemberOptions,
    pub(super) shape: Shape<'f>,
    /// Where what was read of it is kept.
    pub(super) slot: Ident,
    /// Where its name stands in the table of names; an array has that of its items behind it.
    pub(super) name: usize,
}

impl Member<'_> {
    /// Its names in the table of names.
    pub(super) fn names(&self) -> Vec<TokenStream> {
        let (local, namespace) = (&self.options.local, &self.options.namespace);
        let own = quote!(__dc::ContractName::new(#local, #namespace));
        match &self.options.role {
            Role::Element | Role::Attribute | Role::List => vec![own],
            Role::Array(local, namespace) => {
                vec![own, quote!(__dc::ContractName::new(#local, #namespace))]
            }
            _ => Vec::new(),
        }
    }

    fn name(&self) -> TokenStream {
        let (first, second) = (self.name, self.name + 1);
        match &self.options.role {
            Role::Array(..) => quote!([&__NAMES[#first], &__NAMES[#second]]),
            _ => quote!(&__NAMES[#first]),
        }
    }

    pub(super) fn slot_type(&self) -> Option<TokenStream> {
        let once = self.shape.once();
        Some(match (&self.options.role, &self.shape) {
            (Role::Skip, _) => return None,
            (Role::Element, Shape::Many(item)) => quote!(::std::vec::Vec<#item>),
            (Role::Element, _) => quote!(__xt::Single<#once>),
            (Role::List | Role::Array(..), _) => quote!(__xt::Single<::std::vec::Vec<#once>>),
            (Role::Attribute, Shape::Many(item) | Shape::OptionalMany(item)) => {
                quote!(::core::option::Option<::std::vec::Vec<#item>>)
            }
            (Role::Attribute, _) => quote!(::core::option::Option<#once>),
            (Role::Part | Role::Base, Shape::Many(item)) => quote!(__xt::Repeated<#item>),
            (Role::Part | Role::Base, _) => quote!(<#once as __xt::XmlContent>::Slots),
            (Role::Text, _) => quote!(::core::option::Option<::std::string::String>),
            (Role::Any, _) => quote!(::std::vec::Vec<__xt::XmlElement>),
            (Role::AnyAttribute, _) => {
                quote!(::std::vec::Vec<(__xt::QName, ::std::string::String)>)
            }
        })
    }

    pub(super) fn take_attribute(&self) -> Option<TokenStream> {
        let (slot, name) = (&self.slot, self.name());
        Some(match (&self.options.role, &self.shape) {
            (Role::Attribute, Shape::Many(_) | Shape::OptionalMany(_)) => quote! {
                (!offer.wildcard && __xt::read_attribute_list(&mut slots.#slot, #name, reader, element, attribute)?)
            },
            (Role::Attribute, _) => quote! {
                (!offer.wildcard && __xt::read_attribute(&mut slots.#slot, #name, reader, element, attribute)?)
            },
            (Role::AnyAttribute, _) => quote! {
                (offer.wildcard && __xt::keep_attribute(&mut slots.#slot, reader, attribute)?)
            },
            (Role::Part | Role::Base, Shape::One(ty) | Shape::Optional(ty)) => quote! {
                <#ty as __xt::XmlContent>::take_attribute(&mut slots.#slot, reader, element, attribute, offer)?
            },
            _ => return None,
        })
    }

    pub(super) fn take_element(&self) -> Option<TokenStream> {
        let (slot, name) = (&self.slot, self.name());
        let named = |call: TokenStream| quote!(!offer.wildcard && #call);
        let place = quote!(slots.#slot);
        let default = !matches!(self.options.absent, Absent::Type);
        Some(match (&self.options.role, &self.shape) {
            (Role::Element, Shape::Many(_)) => {
                named(quote!(__xt::take_many(&mut #place, #name, reader, child)?))
            }
            (Role::Element, Shape::Optional(_)) => {
                named(quote!(#place.take_optional(#name, reader, child)?))
            }
            (Role::Element, _) if default => {
                named(quote!(#place.take_or_default(#name, reader, child)?))
            }
            (Role::Element, _) => named(quote!(#place.take(#name, reader, child)?)),
            (Role::List, _) => named(quote!(__xt::take_list(&mut #place, #name, reader, child)?)),
            (Role::Array(..), _) => {
                named(quote!(__xt::take_array(&mut #place, #name, reader, child)?))
            }
            (Role::Part | Role::Base, Shape::One(ty) | Shape::Optional(ty)) => {
                quote!(<#ty as __xt::XmlContent>::take_element(&mut #place, reader, child, offer)?)
            }
            (Role::Part, _) => quote!(#place.take_element(reader, child, offer)?),
            (Role::Any, shape) => {
                let most = match shape {
                    Shape::Many(_) => quote!(usize::MAX),
                    _ => quote!(1usize),
                };
                quote!(offer.wildcard && __xt::take_any(&mut #place, #most, reader, child)?)
            }
            _ => return None,
        })
    }

    pub(super) fn take_text(&self) -> Option<TokenStream> {
        let slot = &self.slot;
        Some(match (&self.options.role, &self.shape) {
            (Role::Text, _) => quote!(__xt::collect_text(&mut slots.#slot, reader, text, mixed)?),
            (Role::Part | Role::Base, Shape::One(ty) | Shape::Optional(ty)) => quote! {
                <#ty as __xt::XmlContent>::take_text(&mut slots.#slot, reader, element, text, mixed)?
            },
            (Role::Part, _) => quote!(slots.#slot.take_text(reader, element, text, mixed)?),
            _ => return None,
        })
    }

    /// The field's value.
    pub(super) fn finish(&self) -> TokenStream {
        let (slot, local) = (&self.slot, &self.options.local);
        let place = quote!(slots.#slot);
        match (&self.options.role, &self.shape) {
            (Role::Skip, _) => quote!(::core::default::Default::default()),
            (Role::Element, Shape::One(_)) => match &self.options.absent {
                Absent::Type => quote!(#place.required(reader, #local)?),
                Absent::Default(text) | Absent::Fixed(text) => {
                    quote!(__xt::default_value(#place.value, #text, element)?)
                }
            },
            (Role::Element, Shape::Optional(_)) => quote!(#place.value),
            (Role::List | Role::Array(..), Shape::OptionalMany(_)) => quote!(#place.value),
            (Role::List | Role::Array(..), _) => quote!(__xt::finish_list(#place)),
            (Role::Attribute, Shape::One(_)) => match &self.options.absent {
                Absent::Type => quote! {
                    match #place {
                        ::core::option::Option::Some(value) => value,
                        ::core::option::Option::None => reader.missing(#local)?,
                    }
                },
                Absent::Default(text) | Absent::Fixed(text) => {
                    quote!(__xt::default_value(#place, #text, element)?)
                }
            },
            (Role::Attribute, Shape::Many(_)) => quote!(#place.unwrap_or_default()),
            (Role::Part, Shape::Optional(ty)) => quote! {
                match <#ty as __xt::XmlContent>::is_untouched(&#place) {
                    true => ::core::option::Option::None,
                    false => ::core::option::Option::Some(
                        <#ty as __xt::XmlContent>::finish(#place, reader, element)?,
                    ),
                }
            },
            (Role::Part | Role::Base, Shape::One(ty)) => {
                quote!(<#ty as __xt::XmlContent>::finish(#place, reader, element)?)
            }
            (Role::Part, _) => quote!(#place.finish(reader, element)?),
            (Role::Text, Shape::Many(_)) => quote!(__xt::text_list(#place, reader, element)?),
            (Role::Text, Shape::Optional(_)) => quote! {
                match #place {
                    ::core::option::Option::None => ::core::option::Option::None,
                    text => ::core::option::Option::Some(__xt::finish_text(text, element)?),
                }
            },
            (Role::Text, _) => quote!(__xt::finish_text(#place, element)?),
            (Role::Any, Shape::One(_)) => {
                let field = self.ident.to_string();
                quote!(__xt::required_any(#place, #field)?)
            }
            (Role::Any, Shape::Optional(_)) => quote!(#place.into_iter().next()),
            _ => place,
        }
    }

    pub(super) fn write_attributes(&self) -> TokenStream {
        let (ident, name) = (self.ident, self.name());
        match (&self.options.role, &self.shape) {
            (Role::Attribute, Shape::One(_)) => self.unless_default(quote! {
                __xt::write_attribute(&self.#ident, #name, writer, element)?;
            }),
            (Role::Attribute, Shape::Optional(_)) => quote! {
                if let ::core::option::Option::Some(value) = &self.#ident {
                    __xt::write_attribute(value, #name, writer, element)?;
                }
            },
            (Role::Attribute, Shape::Many(_)) => quote! {
                if !self.#ident.is_empty() {
                    __xt::write_attribute_list(&self.#ident, #name, writer, element)?;
                }
            },
            (Role::Attribute, Shape::OptionalMany(_)) => quote! {
                if let ::core::option::Option::Some(items) = &self.#ident {
                    __xt::write_attribute_list(items, #name, writer, element)?;
                }
            },
            (Role::AnyAttribute, _) => {
                quote!(__xt::write_attributes(&self.#ident, writer, element)?;)
            }
            (Role::Part | Role::Base, Shape::One(_)) => {
                quote!(__xt::XmlContent::write_attributes(&self.#ident, writer, element)?;)
            }
            (Role::Part, Shape::Optional(_)) => quote! {
                if let ::core::option::Option::Some(part) = &self.#ident {
                    __xt::XmlContent::write_attributes(part, writer, element)?;
                }
            },
            _ => TokenStream::new(),
        }
    }

    pub(super) fn write_content(&self) -> TokenStream {
        let (ident, name) = (self.ident, self.name());
        let each = |of: TokenStream, call: TokenStream| {
            quote! {
                for item in #of.iter() {
                    #call
                }
            }
        };
        match (&self.options.role, &self.shape) {
            (Role::Element, Shape::One(_)) => {
                self.unless_default(quote!(writer.child(element, #name, &self.#ident)?;))
            }
            (Role::Element, Shape::Optional(_)) => {
                quote!(__xt::Written::optional(&self.#ident, #name, writer, element)?;)
            }
            (Role::Element, _) => {
                quote!(__xt::Written::many(&self.#ident, #name, writer, element)?;)
            }
            (Role::List, Shape::OptionalMany(_)) => {
                each(quote!(self.#ident), quote!(__xt::write_list(item, #name, writer, element)?;))
            }
            (Role::List, _) => quote!(__xt::write_list(&self.#ident, #name, writer, element)?;),
            (Role::Array(..), Shape::OptionalMany(_)) => {
                each(quote!(self.#ident), quote!(__xt::write_array(item, #name, writer, element)?;))
            }
            (Role::Array(..), _) => {
                quote!(__xt::write_array(&self.#ident, #name, writer, element)?;)
            }
            (Role::Part | Role::Base, Shape::One(_)) => {
                quote!(__xt::XmlContent::write_content(&self.#ident, writer, element)?;)
            }
            (Role::Part, _) => each(
                quote!(self.#ident),
                quote!(__xt::XmlContent::write_content(item, writer, element)?;),
            ),
            (Role::Text, Shape::Many(_)) => {
                quote!(__xt::write_text_list(&self.#ident, writer, element)?;)
            }
            (Role::Text, Shape::Optional(_)) => {
                each(quote!(self.#ident), quote!(__xt::write_text(item, writer, element)?;))
            }
            (Role::Text, _) => quote!(__xt::write_text(&self.#ident, writer, element)?;),
            (Role::Any, Shape::One(_)) => {
                quote!(__xt::write_any(&self.#ident, writer, element)?;)
            }
            (Role::Any, _) => {
                each(quote!(self.#ident), quote!(__xt::write_any(item, writer, element)?;))
            }
            _ => TokenStream::new(),
        }
    }

    /// `write`, unless the value is the default.
    fn unless_default(&self, write: TokenStream) -> TokenStream {
        let ident = self.ident;
        match &self.options.absent {
            Absent::Default(text) => quote! {
                if !__xt::is_default(&self.#ident, #text, writer, element)? {
                    #write
                }
            },
            _ => write,
        }
    }
}
