//! The constant that describes the contract.

use proc_macro2::TokenStream;
use quote::quote;

use super::contract::Contract;
use super::operation::Operation;
use super::parts::Input;

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let private = &contract.private;
    let (visibility, constant) = (&contract.visibility, contract.constant());
    let doc = format!("The contract of [`{}`]: its names and operations.", contract.ident);
    let names = &contract.names;
    let (name, namespace) = (&names.name, &names.namespace);
    let configuration_name = &names.configuration_name;
    let operations = contract.operations.iter().map(|operation| describe(contract, operation));
    quote! {
        #[doc = #doc]
        #[allow(dead_code)]
        #visibility const #constant: #private::ContractDescription = #private::ContractDescription {
            name: #name,
            namespace: #namespace,
            configuration_name: #configuration_name,
            operations: &[#(#operations),*],
        };
    }
}

fn describe(contract: &Contract, operation: &Operation) -> TokenStream {
    let private = &contract.private;
    let (name, action) = (&operation.name, &operation.action);
    let one_way = operation.reply_action.is_none();
    let reply_action = match &operation.reply_action {
        Some(action) => quote!(::core::option::Option::Some(#action)),
        None => quote!(::core::option::Option::None),
    };
    let faults = operation.faults.iter().map(|fault| {
        let (action, detail) = (&fault.action, &fault.detail);
        let element = match &fault.element {
            Some((local, namespace)) => quote!(::core::option::Option::Some((#local, #namespace))),
            None => quote!(::core::option::Option::None),
        };
        quote! {
            #private::FaultDescription {
                action: #action,
                element: #element,
                detail: #private::TypeId::of::<#detail>,
            }
        }
    });
    let parameters = match &operation.input {
        Input::Parts(parameters) => parameters.as_slice(),
        Input::Raw(_) | Input::Message(_) => &[],
    };
    let headers = parameters.iter().filter(|parameter| parameter.header).map(|parameter| {
        let (namespace, local) = (&parameter.namespace, &parameter.local);
        quote!((#namespace, #local))
    });
    quote! {
        #private::OperationDescription {
            name: #name,
            action: #action,
            reply_action: #reply_action,
            one_way: #one_way,
            headers: &[#(#headers),*],
            faults: &[#(#faults),*],
        }
    }
}
