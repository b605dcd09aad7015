//! A base type and those derived from it, told apart by `xsi:type`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Fields, Result, Type};

use super::container::Container;

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    data: &DataEnum,
) -> Result<TokenStream> {
    container.only("derived types", &["derived", "base"])?;
    let types = data.variants.iter().map(type_of).collect::<Result<Vec<_>>>()?;
    let Some(first) = types.first() else {
        return Err(syn::Error::new_spanned(&input.ident, "a base type needs derived types"));
    };
    let idents: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let declared = container.base.as_ref().unwrap_or(first);
    let ident = &input.ident;
    // A declared type that no variant is, never occurs itself.
    let is_abstract =
        container.base.as_ref().map(|_| quote!(types.mark_abstract(&declared.contract);));
    Ok(quote! {
        #[automatically_derived]
        impl __dc::DataContract for #ident {
            const XML_TYPE: bool = true;

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
                #is_abstract
                declared
            }

            fn accepts_type(name: &__dc::ContractName) -> bool {
                false #(|| <#types as __dc::DataContract>::accepts_type(name))*
            }

            fn needs_prefix(&self) -> bool {
                let name = match self {
                    #(Self::#idents(_) => <#types as __dc::DataContract>::contract_name(),)*
                };
                name.namespace.is_empty() && name != Self::contract_name()
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
                let told = reader.type_name(element)?;
                let name = told.clone().unwrap_or_else(Self::contract_name);
                #(if <#types as __dc::DataContract>::accepts_type(&name) {
                    return <#types as __dc::DataContract>::read(reader, element).map(Self::#idents);
                })*
                ::core::result::Result::Err(match told {
                    ::core::option::Option::Some(name) => __xt::unrecognized_type(reader, element, &name),
                    ::core::option::Option::None => __xt::abstract_type(reader, element, &name),
                })
            }
        }
    })
}

fn type_of(variant: &syn::Variant) -> Result<&Type> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok(&fields.unnamed[0].ty),
        _ => Err(syn::Error::new_spanned(
            variant,
            "a variant of derived types holds one XML type: `Dog(Dog)`",
        )),
    }
}
