//! A base type and its known types: an enum whose variants hold one data contract each.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Fields, Result, Type};

use super::bounded;
use super::container::Container;

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    data: &DataEnum,
) -> Result<TokenStream> {
    container.only("known types", &["base"])?;
    let types = data.variants.iter().map(type_of).collect::<Result<Vec<_>>>()?;
    let idents: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let declared = container.base.as_ref().unwrap_or(types[0]);
    let generics = bounded(&input.generics);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = input.generics.split_for_impl();
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics __dc::DataContract for #ident #type_generics #where_clause {
            const VALUE_TYPE: bool = <#declared as __dc::DataContract>::VALUE_TYPE;
            const IS_REFERENCE: bool = <#declared as __dc::DataContract>::IS_REFERENCE;

            fn contract_name() -> __dc::ContractName {
                <#declared as __dc::DataContract>::contract_name()
            }

            fn root_name() -> __dc::ContractName {
                <#declared as __dc::DataContract>::root_name()
            }

            fn item_name() -> __dc::ContractName {
                <#declared as __dc::DataContract>::item_name()
            }

            fn describe(types: &mut __dc::TypeDescriptions) -> __dc::TypeUse {
                let declared = <#declared as __dc::DataContract>::describe(types);
                #(<#types as __dc::DataContract>::describe(types);)*
                declared
            }

            fn as_argument(types: &__dc::TypeDescriptions) -> __dc::GenericName {
                <#declared as __dc::DataContract>::as_argument(types)
            }

            fn accepts_type(name: &__dc::ContractName) -> bool {
                false #(|| <#types as __dc::DataContract>::accepts_type(name))*
            }

            fn write(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                match self {
                    #(Self::#idents(value) => {
                        let name = <#types as __dc::DataContract>::contract_name();
                        if name != Self::contract_name() {
                            writer.type_name(element, &name)?;
                        }
                        __dc::DataContract::write(value, writer, element)
                    })*
                }
            }

            fn read(
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                let name = match reader.type_name(element)? {
                    ::core::option::Option::Some(name) => name,
                    ::core::option::Option::None => Self::contract_name(),
                };
                #(if <#types as __dc::DataContract>::accepts_type(&name) {
                    return <#types as __dc::DataContract>::read(reader, element).map(Self::#idents);
                })*
                ::core::result::Result::Err(reader.unknown_type(element, name))
            }
        }
    })
}

fn type_of(variant: &syn::Variant) -> Result<&Type> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok(&fields.unnamed[0].ty),
        _ => Err(syn::Error::new_spanned(
            variant,
            "the variants of an enumeration hold nothing; those of known types hold one data contract: `Dog(Dog)`",
        )),
    }
}
