//! Enumerations with a variant for texts that they do not know.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{DataEnum, DeriveInput, Expr, ExprLit, ExprUnary, Fields, Lit, Result, UnOp};

use super::container::Container;
use super::enumeration::{Variant, as_text, refuse_duplicates, refuse_parameters, underlying};

/// Whether one of the variants is for texts that the others do not have.
pub(super) fn is_lenient(data: &DataEnum) -> bool {
    let parsed = data.variants.iter().map(Variant::parse);
    parsed.flatten().any(|variant| variant.other)
}

/// What a missing value is, and whether a value is that.
fn defaults(zero: Option<&syn::Ident>) -> (TokenStream, TokenStream) {
    match zero {
        Some(zero) => (
            quote!(::core::option::Option::Some(Self::#zero)),
            quote!(::core::matches!(self, Self::#zero)),
        ),
        None => (quote!(::core::option::Option::None), quote!(false)),
    }
}

pub(super) fn expand(
    input: &DeriveInput,
    container: &Container,
    data: &DataEnum,
) -> Result<TokenStream> {
    container.only("an enumeration", &[])?;
    refuse_parameters(input, "an enumeration")?;
    let variants = data.variants.iter().map(Variant::parse).collect::<Result<Vec<_>>>()?;
    refuse_duplicates(&variants)?;
    let numbers = numbers(data)?;
    let other = other(data, &variants)?;
    let members = members(data, &variants, &numbers)?;
    let (ident, contract) = (&input.ident, container.contract_name());
    let names: Vec<_> = members.iter().map(|member| member.0).collect();
    let idents: Vec<_> = members.iter().map(|member| member.1).collect();
    let numbers: Vec<_> = members.iter().map(|member| member.2).collect();
    let documentation: Vec<_> = members.iter().map(|member| member.3).collect();
    let zero = members.iter().find(|(_, _, number, _)| *number == 0).map(|(_, ident, ..)| *ident);
    let (missing, is_default) = defaults(zero);
    let underlying = underlying(&input.attrs);
    let describe =
        container.describe(&quote!(__MEMBERS.describe(false, #underlying, &[#(#documentation),*])));
    let text = as_text(
        ident,
        &quote! {
            ::core::result::Result::Ok(__dc::Cow::Borrowed(match self {
                #(Self::#idents => #names,)*
                Self::#other(text) => text,
            }))
        },
        &quote! {
            ::core::result::Result::Ok(match text {
                #(#names => Self::#idents,)*
                _ => Self::#other(text.into()),
            })
        },
    );
    Ok(quote! {
        const __MEMBERS: __dc::EnumMembers = __dc::EnumMembers(&[#((#names, #numbers)),*]);

        #text

        #[automatically_derived]
        impl __dc::DataContract for #ident {
            const VALUE_TYPE: bool = true;

            fn contract_name() -> __dc::ContractName {
                #contract
            }

            #describe

            fn write(
                &self,
                writer: &mut __dc::Writer<'_>,
                element: __dc::NodeId,
            ) -> ::core::result::Result<(), __dc::WriteError> {
                let text: &str = match self {
                    #(Self::#idents => #names,)*
                    Self::#other(text) => text,
                };
                writer.text(element, text)
            }

            fn read(
                reader: &mut __dc::Reader,
                element: __dc::Element<'_>,
            ) -> ::core::result::Result<Self, __dc::ReadError> {
                let text = reader.text(element, "System.Enum")?;
                ::core::result::Result::Ok(match &*text {
                    #(#names => Self::#idents,)*
                    _ => Self::#other(text.into_owned()),
                })
            }

            fn missing() -> ::core::option::Option<Self> {
                #missing
            }

            fn is_default(&self) -> bool {
                #is_default
            }
        }
    })
}

/// Text, variant, number and documentation of each member.
type Member<'v> = (&'v str, &'v syn::Ident, i64, &'v str);

/// The variants that are members of the enumeration.
fn members<'v>(
    data: &'v DataEnum,
    variants: &'v [Variant<'v>],
    numbers: &[i64],
) -> Result<Vec<Member<'v>>> {
    let mut members = Vec::new();
    for ((variant, source), number) in variants.iter().zip(&data.variants).zip(numbers) {
        if variant.other {
            continue;
        }
        let Some(name) = &variant.name else {
            let message =
                "the variant for other texts takes what is no member: `skip` is one too many";
            return Err(syn::Error::new_spanned(source, message));
        };
        if !matches!(source.fields, Fields::Unit) {
            let message = "only the variant for other texts holds something";
            return Err(syn::Error::new_spanned(source, message));
        }
        members.push((name.as_str(), variant.ident, *number, variant.documentation.as_str()));
    }
    Ok(members)
}

/// The one variant for other texts, which holds one field.
fn other<'v>(data: &DataEnum, variants: &[Variant<'v>]) -> Result<&'v syn::Ident> {
    let mut found = None;
    for (variant, source) in variants.iter().zip(&data.variants) {
        if !variant.other {
            continue;
        }
        if found.is_some() {
            let message = "one variant is enough for all other texts";
            return Err(syn::Error::new_spanned(source, message));
        }
        if !matches!(&source.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1) {
            let message = "the variant for other texts holds the text: `Other(String)`";
            return Err(syn::Error::new_spanned(source, message));
        }
        found = Some(variant.ident);
    }
    // Whoever calls this found one.
    found.ok_or_else(|| syn::Error::new(data.variants.span(), "no variant is for other texts"))
}

/// The number of each variant, as the compiler counts them: a variant that holds something cannot be made a number.
fn numbers(data: &DataEnum) -> Result<Vec<i64>> {
    let mut next = 0_i64;
    let numbers = data.variants.iter().map(|variant| {
        if let Some((_, expression)) = &variant.discriminant {
            next = number(expression)?;
        }
        let number = next;
        next = next.wrapping_add(1);
        Ok(number)
    });
    numbers.collect()
}

fn number(expression: &Expr) -> Result<i64> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => literal.base10_parse(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => {
            number(expr).map(i64::wrapping_neg)
        }
        other => {
            let message = "in an enumeration with a variant for other texts, numbers are literals";
            Err(syn::Error::new_spanned(other, message))
        }
    }
}
