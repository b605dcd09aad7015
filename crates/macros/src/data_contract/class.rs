//! Classes: structs with named fields.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, FieldsNamed, Ident, Result};

use super::bounded;
use super::container::Container;
use super::members::Class;

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    fields: &FieldsNamed,
) -> Result<TokenStream> {
    container.only("a class", &["is_reference", "value_type"])?;
    let class = Class::parse(fields, container)?;
    let generics = bounded(&input.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = input.generics.split_for_impl();
    let ident = &input.ident;
    let namespace = &container.namespace;
    let names = class.members.iter().map(|member| &member.name);
    let count = class.members.len();
    let contract = class.data_contract(container);
    let slots = class.slots(&generics);
    let base_count = class.base_count();
    let (member, write, write_out, read, finish, extension) = (
        class.member(),
        class.write_members(&quote!(write_members), &quote!(write_member), &quote!(&)),
        class.write_members(&quote!(write_members_out), &quote!(write_member_out), &quote!(&mut)),
        class.read_member(),
        class.finish(),
        class.extension(),
    );
    Ok(quote! {
        static __NAMES: [__dc::ContractName; #count] = [#(__dc::ContractName::new(#names, #namespace)),*];

        #slots

        #[automatically_derived]
        impl #impl_generics __dc::DataContract for #ident #type_generics #where_clause {
            #contract
        }

        #[automatically_derived]
        impl #impl_generics __dc::ClassContract for #ident #type_generics #where_clause {
            type Slots = __Slots #type_generics;
            const MEMBERS: usize = #base_count + #count;

            fn member(index: usize) -> __dc::Member {
                #member
            }

            fn write_members(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                #write
            }

            fn write_members_out(
                &mut self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                #write_out
            }

            fn read_member(
                slots: &mut Self::Slots,
                index: usize,
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<(), __dc::ReadError> {
                #read
            }

            #extension

            fn finish(
                slots: Self::Slots,
                reader: &__dc::Reader,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                #finish
            }
        }
    })
}

impl Class<'_> {
    fn base_count(&self) -> TokenStream {
        match self.base.map(|base| &base.ty) {
            Some(ty) => quote!(<#ty as __dc::ClassContract>::MEMBERS),
            None => quote!(0usize),
        }
    }

    /// Name, reading and writing of the whole.
    fn data_contract(&self, container: &Container) -> TokenStream {
        let name = container.contract_name();
        let namespace = &container.namespace;
        let is_reference = container.is_reference;
        let own_id = is_reference.then(|| quote!(__dc::write_own_id(writer, element);));
        let zero = container.value_type.then(|| self.zero());
        let describe = container.describe(&self.description(container));
        quote! {
            const IS_REFERENCE: bool = #is_reference;

            fn contract_name() -> __dc::ContractName {
                #name
            }

            #describe

            fn write(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                #own_id
                writer.begin(element, __dc::Cow::Borrowed(#namespace));
                <Self as __dc::ClassContract>::write_members(self, writer, element)
            }

            fn write_out(
                &mut self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                #own_id
                writer.begin(element, __dc::Cow::Borrowed(#namespace));
                <Self as __dc::ClassContract>::write_members_out(self, writer, element)
            }

            fn read(
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                __dc::read_class(reader, element)
            }

            #zero
        }
    }

    /// Its members for a schema.
    fn description(&self, container: &Container) -> TokenStream {
        let is_reference = container.is_reference;
        let base = match self.base.map(|base| &base.ty) {
            None => quote!(::core::option::Option::None),
            Some(ty) => quote! {
                ::core::option::Option::Some(<#ty as __dc::DataContract>::describe(types).contract)
            },
        };
        let members = self.members.iter().map(|member| {
            let (name, ty, required) = (&member.name, member.ty, member.required);
            let (emit_default, documentation) = (member.emit_default, &member.documentation);
            quote! {
                __dc::MemberDescription {
                    name: __dc::Cow::Borrowed(#name),
                    value: <#ty as __dc::DataContract>::describe(types),
                    required: #required,
                    emit_default: #emit_default,
                    documentation: __dc::Cow::Borrowed(#documentation),
                }
            }
        });
        quote! {{
            let base = #base;
            let members = ::std::vec::Vec::from([#(#members),*]);
            __dc::TypeKind::Class(__dc::ClassDescription { base, members, is_reference: #is_reference })
        }}
    }

    /// What a struct of .NET is without a value.
    fn zero(&self) -> TokenStream {
        let members = self.members.iter().map(|member| (member.ident, member.ty));
        let base = self.base.iter().filter_map(|field| Some((field.ident.as_ref()?, &field.ty)));
        let (idents, types): (Vec<_>, Vec<_>) = members.chain(base).unzip();
        let others = self.skipped.iter().chain(&self.extension_data).map(|field| &field.ident);
        quote! {
            const VALUE_TYPE: bool = true;

            fn missing() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self {
                    #(#idents: <#types as __dc::DataContract>::missing()?,)*
                    #(#others: ::core::default::Default::default(),)*
                })
            }

            fn is_default(&self) -> bool {
                true #(&& __dc::DataContract::is_default(&self.#idents))*
            }
        }
    }

    /// The places for what is read.
    fn slots(&self, generics: &syn::Generics) -> TokenStream {
        let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
        let base = self.base.map(|base| &base.ty);
        let base_slot = base.map(|ty| quote!(base: <#ty as __dc::ClassContract>::Slots,));
        let base_new = base.map(|_| quote!(base: ::core::default::Default::default(),));
        let extension = self.extension_data.map(|field| &field.ty);
        let extension_slot = extension.map(|ty| quote!(extension: #ty,));
        let extension_new =
            extension.map(|_| quote!(extension: ::core::default::Default::default(),));
        let slots = (0..self.members.len()).map(slot).collect::<Vec<_>>();
        let types = self.members.iter().map(|member| member.ty);
        let parameters = generics.type_params().map(|parameter| &parameter.ident);
        quote! {
            pub struct __Slots #generics #where_clause {
                #base_slot
                #extension_slot
                #(#slots: ::core::option::Option<#types>,)*
                parameters: ::core::marker::PhantomData<fn() -> (#(#parameters,)*)>,
            }

            impl #impl_generics ::core::default::Default for __Slots #type_generics #where_clause {
                fn default() -> Self {
                    Self {
                        #base_new
                        #extension_new
                        #(#slots: ::core::option::Option::None,)*
                        parameters: ::core::marker::PhantomData,
                    }
                }
            }
        }
    }

    fn member(&self) -> TokenStream {
        let base = self.base.map(|base| &base.ty);
        let in_base = base.map(|ty| {
            quote! {
                if index < <#ty as __dc::ClassContract>::MEMBERS {
                    return <#ty as __dc::ClassContract>::member(index);
                }
            }
        });
        let base_count = self.base_count();
        let missing = self.members.iter().map(|member| match member.required {
            true => quote!(__dc::MissingMember::Required),
            false => quote!(__dc::MissingMember::Default),
        });
        let count = self.members.len();
        quote! {
            const MISSING: [__dc::MissingMember; #count] = [#(#missing),*];
            #in_base
            let index = index - #base_count;
            __dc::Member { name: __NAMES[index].clone(), missing: MISSING[index] }
        }
    }

    /// Writes the members, and between them what a later version of the contract had there; `of_base` and `of_member` are what writes
    /// those, which are lent as `lent` says.
    fn write_members(
        &self,
        of_base: &TokenStream,
        of_member: &TokenStream,
        lent: &TokenStream,
    ) -> TokenStream {
        let base = self.base.map(|field| &field.ident);
        let base = base.map(
            |ident| quote!(__dc::ClassContract::#of_base(#lent self.#ident, writer, element)?;),
        );
        let base_count = self.base_count();
        let kept = |from: TokenStream, to: TokenStream| {
            let field = self.extension_data.map(|field| &field.ident);
            field.map(|ident| quote!(self.#ident.write(#from, #to, writer, element);))
        };
        let members = self.members.iter().enumerate().map(|(index, member)| {
            let from = if index == 0 { quote!(0usize) } else { quote!(#base_count + #index) };
            let before = kept(from, quote!(#base_count + #index));
            let (ident, emit_default) = (member.ident, member.emit_default);
            quote! {
                #before
                __dc::#of_member(writer, element, &__NAMES[#index], #lent self.#ident, #emit_default)?;
            }
        });
        let count = self.members.len();
        let rest = if count == 0 { quote!(0usize) } else { quote!(#base_count + #count) };
        let after = kept(rest, quote!(usize::MAX));
        quote! {
            #base
            #(#members)*
            #after
            ::core::result::Result::Ok(())
        }
    }

    fn read_member(&self) -> TokenStream {
        let base = self.base.map(|base| &base.ty);
        let in_base = base.map(|ty| {
            quote! {
                if index < <#ty as __dc::ClassContract>::MEMBERS {
                    return <#ty as __dc::ClassContract>::read_member(&mut slots.base, index, reader, element);
                }
            }
        });
        let base_count = self.base_count();
        let indices = 0..self.members.len();
        let slots = indices.clone().map(slot);
        quote! {
            #in_base
            match index - #base_count {
                #(#indices => slots.#slots = ::core::option::Option::Some(reader.value(element)?),)*
                _ => {}
            }
            ::core::result::Result::Ok(())
        }
    }

    fn extension(&self) -> Option<TokenStream> {
        let place = match (self.extension_data, self.base.map(|base| &base.ty)) {
            (Some(_), _) => quote!(::core::option::Option::Some(&mut slots.extension)),
            (None, Some(ty)) => {
                quote!(<#ty as __dc::ClassContract>::extension_data(&mut slots.base))
            }
            (None, None) => return None,
        };
        Some(quote! {
            fn extension_data(
                slots: &mut Self::Slots,
            ) -> ::core::option::Option<&mut __dc::ExtensionData> {
                #place
            }
        })
    }

    fn finish(&self) -> TokenStream {
        let base = self.base.map(|field| (&field.ident, &field.ty)).map(|(ident, ty)| {
            quote!(#ident: <#ty as __dc::ClassContract>::finish(slots.base, reader)?,)
        });
        let extension = self.extension_data.map(|field| &field.ident);
        let extension = extension.map(|ident| quote!(#ident: slots.extension,));
        let skipped = self.skipped.iter().map(|field| &field.ident);
        let idents = self.members.iter().map(|member| member.ident);
        let names = self.members.iter().map(|member| &member.name);
        let slots = (0..self.members.len()).map(slot);
        quote! {
            ::core::result::Result::Ok(Self {
                #base
                #(#idents: __dc::take(slots.#slots, reader, #names)?,)*
                #extension
                #(#skipped: ::core::default::Default::default(),)*
            })
        }
    }
}

fn slot(index: usize) -> Ident {
    format_ident!("member{index}")
}
