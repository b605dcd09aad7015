//! The constant that describes the contract.

use proc_macro2::TokenStream;
use quote::quote;

use super::base::Base;
use super::contract::Contract;
use super::operation::Operation;
use super::parts::{Input, Output, Parameter, ResultPart};
use crate::attributes::{Level, Mode};

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let private = &contract.private;
    let (visibility, constant) = (&contract.visibility, contract.constant());
    let doc = format!("The contract of [`{}`]: its names and operations.", contract.ident);
    let names = &contract.names;
    let (name, namespace) = (&names.name, &names.namespace);
    let configuration_name = &names.configuration_name;
    let protection_level = optional_level(private, contract.protection_level);
    let mode = match contract.session_mode {
        Mode::Allowed => quote!(Allowed),
        Mode::Required => quote!(Required),
        Mode::NotAllowed => quote!(NotAllowed),
    };
    let mode = quote!(#private::SessionMode::#mode);
    let operations = contract.operations.iter().map(|operation| describe(contract, operation));
    let (own, ident) = (contract.own(), &contract.ident);
    let all = all_operations(contract, &mode);
    quote! {
        #[doc(hidden)]
        #[allow(dead_code)]
        #visibility const #own: &[#private::OperationDescription] = &[#(#operations),*];

        #[doc = #doc]
        #[allow(dead_code)]
        #visibility const #constant: #private::ContractDescription = {
            #private::ContractDescription::new(#name, #namespace, #all)
                .with_configuration_name(#configuration_name)
                .with_protection_level(#protection_level)
                .with_session_mode(#mode)
                .of_trait(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident)))
        };
    }
}

/// The operations of the contract and of those that it inherits from.
fn all_operations(contract: &Contract, mode: &TokenStream) -> TokenStream {
    let (private, own, name) = (&contract.private, contract.own(), &contract.names.name);
    if contract.bases.is_empty() {
        return quote!(#own);
    }
    let bases = contract.bases.iter().map(Base::constant);
    quote! {{
        const PARTS: #private::Parts = #private::Parts {
            bases: &[#(&#bases),*],
            own: #own,
            name: #name,
            session_mode: #mode,
        };
        const ALL: [#private::OperationDescription; #private::count(&PARTS)] = #private::merge(&PARTS);
        &ALL
    }}
}

fn describe(contract: &Contract, operation: &Operation) -> TokenStream {
    let private = &contract.private;
    let (name, action) = (&operation.name, &operation.action);
    let reply_action = match &operation.reply_action {
        Some(action) => quote!(::core::option::Option::Some(#action)),
        None => quote!(::core::option::Option::None),
    };
    let faults = operation.faults.iter().map(|fault| {
        let (action, detail) = (&fault.action, &fault.detail);
        let element = match &fault.element {
            Some((local, namespace)) => quote!(.with_element(#local, #namespace)),
            None => TokenStream::new(),
        };
        let level = optional_level(private, fault.protection_level);
        quote! {
            #private::FaultDescription::new(#action, #private::TypeId::of::<#detail>)
                #element
                .with_protection_level(#level)
        }
    });
    let [level, request_level, reply_level] =
        operation.levels.map(|level| optional_level(private, level));
    let parameters = match &operation.input {
        Input::Parts(parameters) => parameters.iter().map(Part::of_parameter).collect(),
        Input::Raw(only) | Input::Message(only) => vec![Part::of_parameter(only)],
    };
    let results = match &operation.output {
        Output::Parts { parts, .. } => parts.iter().map(Part::of_result).collect(),
        Output::Raw | Output::Message => Vec::new(),
    };
    let request = message(private, &request_level, &parameters);
    let reply = message(private, &reply_level, &results);
    let (initiating, terminating) = (operation.initiating, operation.terminating);
    quote! {
        #private::OperationDescription::new(#name, #action, #reply_action)
            .with_messages(#request, #reply, &[#(#faults),*])
            .with_protection_level(#level)
            .in_session(#initiating, #terminating)
    }
}

/// A part of a message: of its body, or a header.
struct Part<'p> {
    namespace: &'p str,
    local: &'p str,
    header: bool,
    level: Option<Level>,
}

impl<'p> Part<'p> {
    fn of_parameter(part: &'p Parameter) -> Self {
        let Parameter { namespace, local, header, protection_level, .. } = part;
        Self { namespace, local, header: *header, level: *protection_level }
    }

    fn of_result(part: &'p ResultPart) -> Self {
        let ResultPart { namespace, local, header, protection_level, .. } = part;
        Self { namespace, local, header: *header, level: *protection_level }
    }
}

fn message(private: &syn::Path, level: &TokenStream, parts: &[Part<'_>]) -> TokenStream {
    let headers = parts.iter().filter(|part| part.header).map(|part| {
        let Part { namespace, local, level, .. } = part;
        let level = optional_level(private, *level);
        quote!(#private::HeaderDescription::new(#namespace, #local, #level))
    });
    let body = parts.iter().filter(|part| !part.header);
    let levels = body.map(|part| optional_level(private, part.level));
    quote!(#private::MessageDescription::new(#level, &[#(#levels),*], &[#(#headers),*]))
}

fn optional_level(private: &syn::Path, level: Option<Level>) -> TokenStream {
    let name = match level {
        None => return quote!(::core::option::Option::None),
        Some(Level::None) => quote!(None),
        Some(Level::Sign) => quote!(Sign),
        Some(Level::EncryptAndSign) => quote!(EncryptAndSign),
    };
    quote!(::core::option::Option::Some(#private::ProtectionLevel::#name))
}
