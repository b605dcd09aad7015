//! Calls that are written and not sent, and what reads their answers later: for outboxes.

use proc_macro2::TokenStream;
use quote::quote;

use super::client::{read_reply, result_type, write_request};
use super::contract::Contract;
use super::operation::Operation;
use super::parts::Input;

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let Contract { private, visibility, .. } = contract;
    let (calls, replies) = (contract.calls(), contract.replies());
    let doc = format!(
        "Writes calls of the operations of [`{}`], to be sent by an outbox.",
        contract.ident
    );
    let reads = format!("Reads the answers to calls of [`{calls}`].");
    let operations = || contract.operations.iter().enumerate();
    let written = operations().map(|(index, operation)| call(contract, index, operation));
    let read = operations().map(|(index, operation)| reply(contract, index, operation));
    quote! {
        #[doc = #doc]
        #[allow(dead_code)]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #calls {
            format: #private::MessageFormat,
        }

        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl #calls {
            /// Calls in the format of an outbox or a channel.
            #visibility fn new(format: impl ::core::convert::Into<#private::MessageFormat>) -> Self {
                Self { format: ::core::convert::Into::into(format) }
            }

            #(#written)*
        }

        #[doc = #reads]
        #[allow(dead_code)]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #replies;

        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl #replies {
            #(#read)*
        }
    }
}

fn call(contract: &Contract, index: usize, operation: &Operation) -> TokenStream {
    let Contract { private, visibility, .. } = contract;
    let Operation { ident, name, .. } = operation;
    let doc = format!("A call of the operation `{name}`.");
    let parameters = operation.input.parameters();
    let arguments = parameters.iter().map(|parameter| (&parameter.ident, &parameter.given));
    let (names, types): (Vec<_>, Vec<_>) = arguments.unzip();
    let (own, replies) = (contract.own(), contract.replies());
    let result = result_type(private, &operation.output);
    let request = write_request(private, operation);
    let action = match &operation.input {
        Input::Message(message) => {
            let ident = &message.ident;
            quote!(&#ident.action)
        }
        _ => quote!(__OPERATION.action),
    };
    quote! {
        #[doc = #doc]
        #visibility fn #ident(&self, #(#names: #types),*) -> #private::Call<#result> {
            const __OPERATION: &#private::OperationDescription = &#own[#index];
            let __version = self.format.version();
            #[allow(unused_variables)]
            let __quotas = self.format.quotas();
            let __request = (|| -> ::core::result::Result<#private::Envelope, #private::WriteError> {
                #request
            })();
            #private::Call::of_operation(__OPERATION, #action, __request, #replies::#ident)
        }
    }
}

fn reply(contract: &Contract, index: usize, operation: &Operation) -> TokenStream {
    let Contract { private, visibility, .. } = contract;
    let Operation { ident, name, .. } = operation;
    let doc =
        format!("The result of the operation `{name}`, or the fault that it was answered with.");
    let own = contract.own();
    let result = result_type(private, &operation.output);
    let read = if operation.reply_action.is_none() {
        quote!(__answer.nothing())
    } else {
        let read = read_reply(private, operation);
        quote! {
            const __OPERATION: &#private::OperationDescription = &#own[#index];
            __answer.read(__OPERATION, |__reply, __quotas| { #read })
        }
    };
    quote! {
        #[doc = #doc]
        ///
        /// # Errors
        /// The fault; a reply that is not what the contract says.
        #[allow(unused_variables)]
        #visibility fn #ident(
            __answer: &#private::Answer,
        ) -> ::core::result::Result<#result, #private::CallError> {
            #read
        }
    }
}
