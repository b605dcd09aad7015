//! The service: a dispatcher around an implementation of the trait.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::base::Base;
use super::client::{part as write_part, static_name, wrapper, write_header, write_raw};
use super::contract::Contract;
use super::operation::Operation;
use super::parts::{Form, Input, Output, Parameter, ResultPart};

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let Contract { private, visibility, ident, .. } = contract;
    let service = contract.service();
    let doc = format!("Dispatches messages to an implementation of [`{ident}`].");
    let methods = contract.operations.iter().enumerate();
    let methods = methods.map(|(index, operation)| method(contract, index, operation));
    let (execute, dispatch) = (execute(contract), dispatch(contract));
    quote! {
        #[doc = #doc]
        #[allow(dead_code)]
        #[derive(Debug)]
        #visibility struct #service<T> {
            service: #private::Arc<T>,
        }

        impl<T> ::core::clone::Clone for #service<T> {
            fn clone(&self) -> Self {
                Self { service: #private::Arc::clone(&self.service) }
            }
        }

        impl<T> ::core::convert::From<#private::Arc<T>> for #service<T> {
            fn from(service: #private::Arc<T>) -> Self {
                Self { service }
            }
        }

        #[allow(dead_code, clippy::all, clippy::pedantic)]
        impl<T: #ident> #service<T> {
            /// Dispatches to `service`.
            #visibility fn new(service: T) -> Self {
                Self { service: #private::Arc::new(service) }
            }

            /// The implementation.
            #visibility fn service(&self) -> &#private::Arc<T> {
                &self.service
            }

            #execute

            #(#methods)*
        }

        #dispatch
    }
}

/// The method that finds the operation and executes it.
fn execute(contract: &Contract) -> TokenStream {
    let Contract { private, visibility, .. } = contract;
    let (own, constant) = (contract.own(), contract.constant());
    let arms = contract.operations.iter().enumerate().map(|(index, operation)| {
        let method = method_name(operation);
        quote!(::core::option::Option::Some(#index) => self.#method(context, message).await,)
    });
    let inherited = contract.bases.iter().map(|base| inherited(private, base));
    let by_body = contract.sharing().filter_map(|operation| {
        let (local, namespace) = operation.body_element()?;
        let (action, method) = (&operation.action, method_name(operation));
        Some(quote! {
            if __operation.action == #action
                && message.payload().is_some_and(|payload| payload.is(#namespace, #local))
            {
                return self.#method(context, message).await;
            }
        })
    });
    quote! {
        /// Executes the operation of `action`: one of the contract itself, or of one that it inherits from.
        #[doc(hidden)]
        #visibility async fn __dispatch(
            &self,
            context: &#private::OperationContext,
            action: &str,
            message: &#private::Envelope,
        ) -> ::core::result::Result<
            ::core::option::Option<#private::Outgoing>,
            #private::OperationFault,
        > {
            let ::core::option::Option::Some(__operation) = #constant.operation(action) else {
                return ::core::result::Result::Err(#private::OperationFault::action_not_supported(action));
            };
            #(#by_body)*
            match #own.iter().position(|own| own.action == __operation.action) {
                #(#arms)*
                _ => {
                    #(#inherited)*
                    ::core::result::Result::Err(#private::OperationFault::action_not_supported(action))
                }
            }
        }
    }
}

/// What a host dispatches to.
fn dispatch(contract: &Contract) -> TokenStream {
    let Contract { private, ident, .. } = contract;
    let (service, constant) = (contract.service(), contract.constant());
    quote! {
        #[allow(clippy::all, clippy::pedantic)]
        impl<T: #ident> #private::Dispatch for #service<T> {
            fn contract(&self) -> &'static #private::ContractDescription {
                &#constant
            }

            fn dispatch<'a>(
                &'a self,
                context: &'a #private::OperationContext,
                action: &'a str,
                message: &'a #private::Envelope,
            ) -> #private::BoxFuture<
                'a,
                ::core::result::Result<
                    ::core::option::Option<#private::Outgoing>,
                    #private::OperationFault,
                >,
            > {
                ::std::boxed::Box::pin(self.__dispatch(context, action, message))
            }
        }
    }
}

/// Hands an operation of a base to the base's own service, around the same implementation.
fn inherited(private: &syn::Path, base: &Base) -> TokenStream {
    let (constant, service) = (base.constant(), base.service());
    quote! {
        if #constant.operations.iter().any(|known| known.action == __operation.action) {
            let base = #service::<T>::from(#private::Arc::clone(&self.service));
            return base.__dispatch(context, action, message).await;
        }
    }
}

fn method_name(operation: &Operation) -> Ident {
    format_ident!("__dispatch_{}", operation.ident)
}

fn method(contract: &Contract, index: usize, operation: &Operation) -> TokenStream {
    let (private, trait_name, own) = (&contract.private, &contract.ident, contract.own());
    let (name, method) = (method_name(operation), &operation.ident);
    let read = read_request(private, operation);
    let context = operation.context.then(|| quote!(__context,));
    let arguments = operation.input.parameters().iter().map(Parameter::argument);
    let reply = write_reply(private, operation);
    quote! {
        #[allow(non_snake_case, unused_variables)]
        async fn #name(
            &self,
            __context: &#private::OperationContext,
            __request: &#private::Envelope,
        ) -> ::core::result::Result<
            ::core::option::Option<#private::Outgoing>,
            #private::OperationFault,
        > {
            const __OPERATION: &#private::OperationDescription = &#own[#index];
            #read
            let __result = <T as #trait_name>::#method(&self.service, #context #(#arguments),*)
                .await
                .map_err(|fault| #private::OperationFault::declared(::core::convert::Into::into(fault), __OPERATION))?;
            #reply
        }
    }
}

/// Binds every parameter to a variable of its name.
fn read_request(private: &syn::Path, operation: &Operation) -> TokenStream {
    let raw = quote! {
        #private::MessageReader::raw(__request)
            .map_err(|error| #private::OperationFault::unreadable(&error))?
    };
    let parameters = match &operation.input {
        Input::Raw(body) => {
            let ident = &body.ident;
            return quote!(let #ident = #raw;);
        }
        Input::Message(message) => {
            let ident = &message.ident;
            return quote! {
                let #ident = #private::RawMessage::new(__context.action(), #raw);
            };
        }
        Input::Parts(parameters) => parameters,
    };
    let idents: Vec<_> = parameters.iter().map(|parameter| &parameter.ident).collect();
    let types = parameters.iter().map(|parameter| &parameter.owned);
    let wrapper = wrapper(private, operation.request.as_ref());
    let values = parameters.iter().map(|parameter| {
        let name = static_name(private, &parameter.local, &parameter.namespace);
        let read = match (parameter.header, parameter.form) {
            (true, Form::Repeated) => quote!(repeated_header),
            (false, Form::Repeated) => quote!(repeated_part),
            (false, Form::Stream) => quote!(stream),
            (true, _) => quote!(header),
            (false, _) => quote!(part),
        };
        quote!(__parts.#read(#name)?)
    });
    quote! {
        let (#(#idents,)*) = (|| -> ::core::result::Result<(#(#types,)*), #private::BodyError> {
            #[allow(unused_mut)]
            let mut __parts = #private::MessageReader::new(__request, #wrapper, __context.quotas())?;
            ::core::result::Result::Ok((#(#values,)*))
        })()
        .map_err(|error| #private::OperationFault::unreadable(&error))?;
    }
}

fn write_reply(private: &syn::Path, operation: &Operation) -> TokenStream {
    let Some(action) = &operation.written_action() else {
        return quote! {
            let () = __result;
            ::core::result::Result::Ok(::core::option::Option::None)
        };
    };
    let (write, action) = match &operation.output {
        Output::Raw => (write_raw(private, &quote!(&__result)), quote!(#action)),
        Output::Message => (write_raw(private, &quote!(&__result.body)), quote!(__result.action)),
        Output::Parts { parts, tuple } => {
            let wrapper = wrapper(private, operation.reply.as_ref());
            let write_result = |(index, part): (usize, &ResultPart)| {
                let name = static_name(private, &part.local, &part.namespace);
                let index = syn::Index::from(index);
                let value = if *tuple { quote!(__result.#index) } else { quote!(__result) };
                match part.header {
                    true => {
                        let write = write_header(part.form);
                        quote!(__message.#write(#name, &#value)?;)
                    }
                    false => write_part(part.form, &name, &quote!(&#value), Some(&value)),
                }
            };
            let all = || parts.iter().enumerate();
            let headers = all().filter(|(_, part)| part.header).map(write_result);
            let parts = all().filter(|(_, part)| !part.header).map(write_result);
            let write = quote! {
                let mut __message = #private::MessageWriter::new(__version, #wrapper, __quotas);
                #(#headers)*
                #[allow(unused_mut, unused_variables)]
                let mut __body = __message.body();
                #(#parts)*
                ::core::result::Result::Ok(__message.finish())
            };
            (write, quote!(#action))
        }
    };
    quote! {
        let __version = __request.version();
        #[allow(unused_variables)]
        let __quotas = __context.quotas();
        let __reply = (|| -> ::core::result::Result<#private::Envelope, #private::WriteError> {
            #write
        })()?;
        ::core::result::Result::Ok(::core::option::Option::Some(#private::Outgoing {
            action: ::std::convert::Into::into(#action),
            envelope: __reply,
        }))
    }
}
