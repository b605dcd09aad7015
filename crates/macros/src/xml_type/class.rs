//! Structs with named fields: the content of an element, a group, a base type.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, FieldsNamed, Result, Type};

use super::container::Container;
use super::description;
use super::field::{Absent, MemberOptions, Role};
use super::member::Member;
use super::shape::Shape;

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    fields: &FieldsNamed,
) -> Result<TokenStream> {
    container.only("a struct", &["unqualified", "ordered"])?;
    let members = members(container, fields)?;
    let ident = &input.ident;
    let names = names(&members);
    let count = names.len();
    let data_contract = data_contract(container);
    let slots = slots(&members);
    let reading = reading(&members, container.ordered);
    let finish = members.iter().map(Member::finish);
    let idents = members.iter().map(|member| member.ident);
    let attributes = members.iter().map(Member::write_attributes);
    let content = members.iter().map(Member::write_content);
    let described: Vec<_> =
        members.iter().map(|member| description::member(&member.options, &member.shape)).collect();
    let describe = description::content(&described, &quote!(description.into_sequence()));
    Ok(quote! {
        static __NAMES: [__dc::ContractName; #count] = [#(#names),*];

        #slots

        #[automatically_derived]
        impl __dc::DataContract for #ident {
            #data_contract
        }

        #[automatically_derived]
        impl __xt::XmlContent for #ident {
            type Slots = __Slots;

            #describe

            #reading

            fn is_untouched(slots: &__Slots) -> bool {
                !slots.taken
            }

            fn finish(
                slots: __Slots,
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                ::core::result::Result::Ok(Self {
                    #(#idents: #finish,)*
                })
            }

            fn write_attributes(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                #(#attributes)*
                ::core::result::Result::Ok(())
            }

            fn write_content(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                #(#content)*
                ::core::result::Result::Ok(())
            }
        }
    })
}

/// What every type that is content has of a data contract.
pub(super) fn data_contract(container: &Container) -> TokenStream {
    let names = container.names();
    let namespace = &container.element_namespace;
    let describe = container.describe(&quote! {
        __dc::TypeKind::Xml(<Self as __xt::XmlContent>::describe_content(types))
    });
    quote! {
        const XML_TYPE: bool = true;

        #names

        #describe

        fn write(
            &self,
            writer: &mut __dc::Writer<'_>,
            element: __dc::NodeId,
        ) -> ::core::result::Result<(), __dc::WriteError> {
            __xt::write_type(self, #namespace, writer, element)
        }

        fn read(
            reader: &mut __dc::Reader,
            element: __dc::Element<'_>,
        ) -> ::core::result::Result<Self, __dc::ReadError> {
            __xt::read_type(reader, element)
        }
    }
}

fn members<'f>(container: &Container, fields: &'f FieldsNamed) -> Result<Vec<Member<'f>>> {
    let mut members = Vec::new();
    let mut names = 0;
    for (index, field) in fields.named.iter().enumerate() {
        let Some(ident) = &field.ident else { continue };
        let default_name = container.case.name(ident);
        let options = MemberOptions::parse(&field.attrs, ident, default_name, container)?;
        let (shape, slot) = (Shape::of(&field.ty), format_ident!("member{index}"));
        check_shape(&options, &shape, &field.ty)?;
        let member = Member { ident, options, shape, slot, name: names };
        names += member.names().len();
        refuse_second(&members, &member)?;
        members.push(member);
    }
    Ok(members)
}

/// Refuses a type that cannot play its role.
fn check_shape(options: &MemberOptions, shape: &Shape<'_>, ty: &Type) -> Result<()> {
    let message = match (&options.role, shape) {
        (Role::Element, Shape::OptionalMany(_)) => {
            "a repeated element is a `Vec`; an element around its items is `#[xml(array(item = \"…\"))]`, one whose text \
             is a list `#[xml(list)]`"
        }
        (Role::List | Role::Array(..), Shape::One(_) | Shape::Optional(_)) => {
            "the type is `Vec<T>` or `Option<Vec<T>>`"
        }
        (Role::Part | Role::Any, Shape::OptionalMany(_)) => "a repeated part is a `Vec`",
        (Role::Base, Shape::Optional(_) | Shape::Many(_) | Shape::OptionalMany(_)) => {
            "the base type occurs once"
        }
        (Role::Text, Shape::OptionalMany(_)) => "text that is a list is a `Vec`",
        (Role::AnyAttribute, Shape::One(_) | Shape::Optional(_) | Shape::OptionalMany(_)) => {
            "the type is `Vec<(QName, String)>`"
        }
        (Role::Element | Role::Attribute, Shape::One(_)) => return Ok(()),
        (Role::Element | Role::Attribute, _) if !matches!(options.absent, Absent::Type) => {
            "what has a default is never absent: the type is no `Option` and no `Vec`"
        }
        _ => return Ok(()),
    };
    Err(syn::Error::new_spanned(ty, message))
}

/// Refuses a second text, base type and the like.
fn refuse_second(members: &[Member<'_>], member: &Member<'_>) -> Result<()> {
    let same = |before: &&Member<'_>| match (&before.options.role, &member.options.role) {
        (Role::Attribute, Role::Attribute) => {
            before.options.local == member.options.local
                && before.options.namespace == member.options.namespace
        }
        (Role::Text | Role::Base | Role::AnyAttribute, role) => before.options.role == *role,
        _ => false,
    };
    match members.iter().find(same) {
        None => Ok(()),
        Some(before) => {
            let message = format!("`{}` is that already", before.ident);
            Err(syn::Error::new_spanned(member.ident, message))
        }
    }
}

fn names(members: &[Member<'_>]) -> Vec<TokenStream> {
    members.iter().flat_map(Member::names).collect()
}

/// The places for what is read.
fn slots(members: &[Member<'_>]) -> TokenStream {
    let (slots, types): (Vec<_>, Vec<_>) =
        members.iter().filter_map(|member| Some((&member.slot, member.slot_type()?))).unzip();
    quote! {
        #[derive(Default)]
        pub struct __Slots {
            taken: bool,
            last: usize,
            #(#slots: #types,)*
        }
    }
}

/// The three functions that are offered something.
fn reading(members: &[Member<'_>], ordered: bool) -> TokenStream {
    let attributes = members.iter().filter_map(Member::take_attribute);
    let elements: Vec<_> = members.iter().filter_map(Member::take_element).collect();
    let (indices, count) = (0..elements.len(), elements.len());
    let texts = members.iter().filter_map(Member::take_text);
    quote! {
        fn take_attribute(
            slots: &mut __Slots,
            reader: &mut __dc::Reader,
            element: __dc::Element<'_>,
            attribute: &__xt::Attribute<'_>,
            offer: __xt::Offer,
        ) -> ::core::result::Result<bool, __dc::ReadError> {
            let taken = false #(|| #attributes)*;
            slots.taken |= taken;
            ::core::result::Result::Ok(taken)
        }

        fn take_element(
            slots: &mut __Slots,
            reader: &mut __dc::Reader,
            child: __dc::Element<'_>,
            offer: __xt::Offer,
        ) -> ::core::result::Result<bool, __dc::ReadError> {
            let offer = __xt::Offer { in_sequence: offer.in_sequence || #ordered, ..offer };
            let mut last = slots.last;
            let taken = __xt::each_member(&mut last, #count, offer.in_sequence, |index| {
                ::core::result::Result::Ok(match index {
                    #(#indices => #elements,)*
                    _ => false,
                })
            })?;
            slots.last = last;
            slots.taken |= taken;
            ::core::result::Result::Ok(taken)
        }

        fn take_text(
            slots: &mut __Slots,
            reader: &mut __dc::Reader,
            element: __dc::Element<'_>,
            text: &str,
            mixed: bool,
        ) -> ::core::result::Result<bool, __dc::ReadError> {
            let taken = false #(|| #texts)*;
            slots.taken |= taken;
            ::core::result::Result::Ok(taken)
        }
    }
}
