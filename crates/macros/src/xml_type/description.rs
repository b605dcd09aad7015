//! What members of structs and alternatives of choices say of themselves.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;

use super::field::{Absent, MemberOptions, Role};
use super::shape::Shape;

/// A method that describes the type; `content` adds to `description`, and the last expression is what comes of it.
pub(super) fn content(content: &[TokenStream], result: &TokenStream) -> TokenStream {
    quote! {
        fn describe_content(types: &mut __dc::TypeDescriptions) -> __dc::XmlTypeDescription {
            let mut description = <__dc::XmlTypeDescription as ::core::default::Default>::default();
            #(#content)*
            #result
        }
    }
}

/// A field of a struct.
pub(super) fn member(options: &MemberOptions, shape: &Shape<'_>) -> TokenStream {
    let (ty, occurs) = (shape.once(), occurs(shape));
    let facts = facts(options);
    let name = name(options);
    let may_miss = !matches!(options.absent, Absent::Type);
    match &options.role {
        Role::Skip => TokenStream::new(),
        Role::Base => quote! {
            description.base = ::core::option::Option::Some(
                <#ty as __dc::DataContract>::describe(types).contract,
            );
        },
        Role::Element => {
            let occurs = if may_miss { quote!(__dc::Occurs::OPTIONAL) } else { occurs };
            let value = value(ty);
            quote!(description.element(#name, #value, #occurs, #facts);)
        }
        Role::List => {
            let value = list(ty);
            quote!(description.element(#name, #value, __dc::Occurs::OPTIONAL, #facts);)
        }
        Role::Array(local, namespace) => {
            let value = value(ty);
            quote! {
                let item = __dc::XmlElementDescription {
                    name: __dc::ContractName::new(#local, #namespace),
                    value: #value,
                    occurs: __dc::Occurs::ANY,
                    facts: ::core::default::Default::default(),
                };
                let array = __dc::XmlValue::Array(::std::boxed::Box::new(item));
                description.element(#name, array, __dc::Occurs::OPTIONAL, #facts);
            }
        }
        Role::Attribute => {
            let (value, required) = match shape {
                Shape::One(_) => (value(ty), !may_miss),
                Shape::Optional(_) => (value(ty), false),
                Shape::Many(_) | Shape::OptionalMany(_) => (list(ty), false),
            };
            quote!(description.attribute(#name, #value, #required, #facts);)
        }
        Role::Text => {
            let value = match shape {
                Shape::One(_) | Shape::Optional(_) => value(ty),
                Shape::Many(_) | Shape::OptionalMany(_) => list(ty),
            };
            quote!(description.text = ::core::option::Option::Some(#value);)
        }
        Role::Part => quote!(description.part(__xt::describe_part::<#ty>(types), #occurs);),
        Role::Any => quote!(description.any(#occurs);),
        Role::AnyAttribute => quote!(description.any_attribute = true;),
    }
}

/// A variant of a choice.
pub(super) fn alternative(options: &MemberOptions, ty: Option<&Type>) -> TokenStream {
    let (name, facts) = (name(options), facts(options));
    let once = quote!(__dc::Occurs::ONCE);
    match (&options.role, ty) {
        (Role::Part, Some(ty)) => {
            quote!(description.part(__xt::describe_part::<#ty>(types), #once);)
        }
        (Role::Any, _) => quote!(description.any(#once);),
        (Role::Text, Some(ty)) => {
            let value = value(ty);
            quote!(description.text = ::core::option::Option::Some(#value);)
        }
        (_, None) => quote!(description.element(#name, __dc::XmlValue::Empty, #once, #facts);),
        (_, Some(ty)) => match Shape::of(ty) {
            Shape::Many(item) => {
                let value = value(item);
                let many = quote!(__dc::Occurs { min: 1, max: ::core::option::Option::None });
                quote!(description.element(#name, #value, #many, #facts);)
            }
            _ => {
                let value = value(ty);
                quote!(description.element(#name, #value, #once, #facts);)
            }
        },
    }
}

fn occurs(shape: &Shape<'_>) -> TokenStream {
    match shape {
        Shape::One(_) => quote!(__dc::Occurs::ONCE),
        Shape::Optional(_) => quote!(__dc::Occurs::OPTIONAL),
        Shape::Many(_) | Shape::OptionalMany(_) => quote!(__dc::Occurs::ANY),
    }
}

fn name(options: &MemberOptions) -> TokenStream {
    let (local, namespace) = (&options.local, &options.namespace);
    quote!(__dc::ContractName::new(#local, #namespace))
}

fn facts(options: &MemberOptions) -> TokenStream {
    let none = quote!(::core::option::Option::None);
    let some = |text: &String| quote!(::core::option::Option::Some(#text));
    let (default, fixed) = match &options.absent {
        Absent::Type => (none.clone(), none),
        Absent::Default(text) => (some(text), none),
        Absent::Fixed(text) => (none, some(text)),
    };
    let documentation = &options.documentation;
    quote!(__dc::XmlFacts::new(#default, #fixed, #documentation))
}

fn value(ty: &Type) -> TokenStream {
    quote!(__dc::XmlValue::Type(<#ty as __dc::DataContract>::describe(types)))
}

fn list(ty: &Type) -> TokenStream {
    quote!(__dc::XmlValue::List(<#ty as __dc::DataContract>::describe(types)))
}
